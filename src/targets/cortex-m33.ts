/**
 * Cortex-M33 timing. Arm publishes no table; the source is measurement:
 *
 * JNK  github jnk0le/random, "pipeline cycle test/doc/cortex_m33.md": an RP2350 (r1p0)
 *
 * What JNK does not say is marked "assumed".
 */
import type { CoreTiming, PerClass } from './core-timing.js';

/** JNK: shifted operand 2, extend-and-add, DSP, multiplications and loads deliver after two cycles. */
const TWO_CYCLES: PerClass<number> = {
  alu_shifted: 2,
  alu_rotated_constant: 2,
  extend_add: 2,
  dsp: 2,
  multiply: 2,
  multiply_accumulate: 2,
  multiply_long: 2,
  multiply_accumulate_long: 2,
  load: 2,
  load_narrow: 2,
  load_double: 2,
  load_multiple: 2,
  fp_move_to_core: 2, // JNK: VMOV of one S register to the core has two cycles of latency
};

/** JNK: FP results take two cycles, fused ones three to an accumulator and four elsewhere; VLDR one. */
const FP_RESULTS: PerClass<number> = {
  fp_add: 2,
  fp_multiply: 2,
  fp_convert: 2,
  fp_multiply_accumulate: 4,
  fp_fused: 4,
  fp_divide: 14, // assumed, as M4
  fp_square_root: 14,
  fp_move_pair: 2,
};

export const CORTEX_M33_TIMING: CoreTiming = {
  core: 'm33',
  basis: 'pipeline measurements on an RP2350 (jnk0le/random), zero wait states',
  cost: {
    divide: { base: 2 }, // assumed: 2 to 11 by operand
    load_double: { base: 2 }, // JNK: load/store double 2
    store_double: { base: 2 },
    load_multiple: { base: 0, perRegister: 1 }, // JNK: x registers in exactly x cycles
    store_multiple: { base: 0, perRegister: 1 },
    table_branch: { base: 2 }, // assumed
    system: { base: 2 }, // assumed
    barrier: { base: 1 }, // assumed
    fp_move_pair: { base: 2 }, // JNK: two S registers to the core 2 cycles (the other way 1)
    fp_load_double: { base: 2 },
    fp_store_double: { base: 2 },
    fp_load_multiple: { base: 0, perRegister: 1 },
    fp_store_multiple: { base: 0, perRegister: 1 },
    fp_divide: { base: 14 }, // assumed, as M4
    fp_square_root: { base: 14 },
  },
  skipped: 1, // JNK: executes as a NOP
  divide: { bitsPerCycle: 4, mostExtra: 9 },
  unaligned: { read: { perPart: 1, fixed: 0 }, write: { perPart: 1, fixed: 0 } }, // assumed
  exceptions: { entry: 12, return: 12 }, // assumed, as M4
  branches: {
    direct: 1, // JNK: 2 cycles taken alone, 1 when it pairs with the instruction before
    indirect: 2, // assumed
    loaded: 3, // assumed
    straddling: 0,
    afterFlags: 1, // JNK: subs; bne takes 2 cycles although paired
    takenForward: 0,
    notTakenBackward: 0, // JNK: not taken costs nothing more
  },
  pipeline: {
    latency: {
      data: { ...TWO_CYCLES, ...FP_RESULTS },
      early: TWO_CYCLES,
      multiply: TWO_CYCLES,
      address: TWO_CYCLES,
      // JNK: accumulators chain from MACs, extend-and-add, shifted operand 2 and loads, not from DSP
      accumulate: { dsp: 2, fp_add: 2, fp_multiply: 2, fp_multiply_accumulate: 3, fp_fused: 3 },
      // JNK: load to store 1 cycle; results of the accumulate stage 1 cycle
      store: { dsp: 2, ...FP_RESULTS },
    },
    fpBusy: { fp_multiply_accumulate: 3, fp_fused: 3 }, // JNK: no other FP instruction in the following two cycles
    flagSetting: { multiply: 1, alu_rotated_constant: 1 }, // JNK: MULS and these take 2 cycles in all
    narrowPairsOnly: true, // JNK: only two 16-bit instructions
    alone: ['system', 'barrier', 'divide', 'trap', 'table_branch'],
    olderOnly: [],
    youngerOnly: ['branch', 'branch_indirect', 'it'], // JNK: not arithmetic behind arithmetic or loads
    exclusive: [['branch', 'branch_indirect']],
  },
};
