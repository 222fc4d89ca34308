/** Why `run` returned; mirrored in src/emulate/builtin-wasm.ts. */
export const enum Stop {
  SLICE, REACHED, CACHE_FULL, SEMIHOST, BREAKPOINT,
  UNDEFINED, UNMAPPED, WRITE_TO_FLASH, UNALIGNED, FPU_DISABLED, STACK_OVERFLOW, EXECUTE_FROM_DATA, INVALID_STATE,
}
