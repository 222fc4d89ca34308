/** Why `run` returned; mirrored by name in src/emulate/builtin-memory.ts. */
export const enum Stop {
  SLICE, REACHED, CACHE_FULL, SEMIHOST, BREAKPOINT,
  UNDEFINED, UNMAPPED, WRITE_TO_FLASH, UNALIGNED, FPU_DISABLED, STACK_OVERFLOW, EXECUTE_FROM_DATA, INVALID_STATE,
  UNSUPPORTED,
}
