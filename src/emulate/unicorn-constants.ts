/** Numbers of libunicorn's C interface. Source: include/unicorn/{unicorn,arm}.h of unicorn-engine 2.0.1. */

/** Register numbers of uc_arm_reg. */
export const UC_REG = {
  FPEXC: 4,
  FPSCR: 6,
  ITSTATE: 9,
  LR: 10,
  PC: 11,
  SP: 12,
  D0: 14,
  R0: 66,
  S0: 79,
  MSP: 115,
  PSP: 116,
  CONTROL: 117,
  XPSR: 120,
  PRIMASK: 123,
  BASEPRI: 124,
  FAULTMASK: 126,
} as const;

/** Register numbers in the order r0…r12, sp, lr, pc, xpsr (index 0…16). */
export const UC_CORE_REGISTERS: readonly number[] = [
  ...Array.from({ length: 13 }, (_, index) => UC_REG.R0 + index),
  UC_REG.SP,
  UC_REG.LR,
  UC_REG.PC,
  UC_REG.XPSR,
];

export const UC_PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4, ALL: 7 } as const;

export const UC_HOOK = {
  INTERRUPT: 1 << 0,
  CODE: 1 << 2,
  BLOCK: 1 << 3,
  /** Any access to unmapped memory (read, write, fetch). */
  MEM_UNMAPPED: (1 << 4) | (1 << 5) | (1 << 6),
  /** Any access that the mapping's permissions forbid. */
  MEM_PROT: (1 << 7) | (1 << 8) | (1 << 9),
  MEM_READ: 1 << 10,
  MEM_WRITE: 1 << 11,
  INSN_INVALID: 1 << 14,
} as const;

/** uc_mem_type as passed to memory hooks. */
export const UC_MEM = {
  READ: 16,
  WRITE: 17,
  FETCH: 18,
  READ_UNMAPPED: 19,
  WRITE_UNMAPPED: 20,
  FETCH_UNMAPPED: 21,
  WRITE_PROT: 22,
  READ_PROT: 23,
  FETCH_PROT: 24,
} as const;

export const UC_ERR = {
  OK: 0,
  READ_UNMAPPED: 6,
  WRITE_UNMAPPED: 7,
  FETCH_UNMAPPED: 8,
  INSN_INVALID: 10,
  WRITE_PROT: 12,
  READ_PROT: 13,
  FETCH_PROT: 14,
  READ_UNALIGNED: 16,
  WRITE_UNALIGNED: 17,
  FETCH_UNALIGNED: 18,
  EXCEPTION: 21,
} as const;
