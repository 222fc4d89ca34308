/**
 * Cortex-M4 timing.
 *
 * TRM  Arm 100166_0001 (Cortex-M4 Technical Reference Manual r0p1): 3.3.1 "Table of processor instructions",
 *      3.3.2 "Load/store timings", 7.2.2 "FPU instruction set table"; the same tables in TI SWCU185 and SWCU192
 * JNK  github jnk0le/random, "pipeline cycle test/doc/cortex_m3m4.md": measured on an STM32F407
 */
import type { CoreTiming } from './core-timing.js';

const perWord = { base: 1, perRegister: 1 } as const;

export const CORTEX_M4_TIMING: CoreTiming = {
  core: 'm4',
  basis: 'Cortex-M4 TRM instruction tables, zero wait states, pipeline refill of 2 cycles',
  cost: {
    divide: { base: 2 }, // TRM: SDIV, UDIV 2 to 12
    load: { base: 2 }, // TRM: LDR 2
    load_narrow: { base: 2 },
    store: { base: 1 }, // TRM 3.3.2: STR Rx,[Ry,#imm] is always one cycle
    store_narrow: { base: 1 },
    load_double: perWord, // TRM: LDRD, STRD, LDM, STM, PUSH, POP 1 + N, not pipelined
    store_double: perWord,
    load_multiple: perWord,
    store_multiple: perWord,
    table_branch: { base: 3 }, // TRM 3.3.2: at least two for the load, one for the add, three for the reload
    system: { base: 2 }, // TRM: MRS, MSR, CPS 1 or 2
    barrier: { base: 1 }, // TRM: 1 + B with B = 0 for DMB and DSB when nothing is outstanding
    fp_move_pair: { base: 2 }, // TRM 7.2.2: VMOV of two core registers 2
    fp_load: { base: 2 }, // TRM 7.2.2: VLDR.32 2, VLDR.64 3
    fp_store: { base: 2 },
    fp_load_double: { base: 3 },
    fp_store_double: { base: 3 },
    fp_load_multiple: perWord, // TRM 7.2.2: 1 + N words
    fp_store_multiple: perWord,
    fp_multiply_accumulate: { base: 3 }, // TRM 7.2.2: VMLA, VFMA and relatives 3
    fp_fused: { base: 3 },
    fp_divide: { base: 14 }, // TRM 7.2.2: VDIV, VSQRT 14
    fp_square_root: { base: 14 },
  },
  skipped: 1, // TRM: an instruction whose condition fails takes one cycle
  divide: { bitsPerCycle: 4, mostExtra: 10 }, // TRM: 2 to 12 by leading zeros; the slope is the model's
  unaligned: {
    read: { perPart: 1, fixed: 0 }, // TRM 3.3.2: one cycle per further bus transaction
    write: { perPart: 0, fixed: 0 }, // TRM 3.3.2: hidden by the write buffer
  },
  exceptions: { entry: 12, return: 12 }, // TRM 3.9: interrupt latency 12 cycles
  branches: {
    direct: 2, // TRM: 1 + P with P from 1 to 3
    indirect: 2,
    loaded: 3, // TRM 3.3.2: LDR PC takes at least two for the load and three for the reload
    straddling: 0,
    afterFlags: 0,
    takenForward: 0,
    notTakenBackward: 0,
  },
  pipeline: {
    loadSaving: 1, // TRM 3.3.2: one cycle is removed from a load behind an independent load
    storeSaving: 1, // TRM 3.3.2: the same for a store; JNK: register-offset stores take 2
    registerOffsetStore: 1,
    addressDependency: 1, // TRM 3.3.2: stalls for an additional cycle
    writebackChain: 1, // JNK: indexed accesses do not chain on one base register
    fpDependency: 1, // TRM 7.2.2: one cycle longer if the result is consumed by the next instruction
  },
};
