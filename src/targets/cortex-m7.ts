/**
 * Cortex-M7 timing, code and data in tightly coupled memory or cache.
 *
 * JNK  github jnk0le/random, "pipeline cycle test/doc/cortex_m7.md": measured on an STM32H743
 *
 * What JNK does not say is marked "assumed". Not modelled: memory bank conflicts of paired loads, the store buffer
 * (bytes and halfwords every cycle stall it), results that the early ALU hands to the late one in the same cycle, the
 * branch predictor's history (backward branches count as predicted taken, forward ones as mostly well predicted).
 */
import type { CoreTiming, PerClass, TimingClass } from './core-timing.js';

/** JNK: one more cycle after multiplications; words are there in the next cycle, bytes and halfwords one later. */
const TO_LATE_ALU: PerClass<number> = {
  multiply: 2,
  multiply_accumulate: 2,
  multiply_long: 2,
  multiply_accumulate_long: 2,
  load_narrow: 2,
  fp_move_to_core: 1, // JNK: 1 cycle into the late ALU
};

/** JNK: operands of shifters and extractors must be there a cycle earlier. */
const TO_EARLY_ALU: PerClass<number> = {
  alu_shifted: 2,
  bitfield: 2,
  reverse: 2,
  extend: 2,
  extend_add: 2,
  dsp: 2,
  multiply: 3,
  multiply_accumulate: 3,
  multiply_long: 3,
  multiply_accumulate_long: 3,
  load: 2,
  load_narrow: 3,
  load_double: 2,
  load_multiple: 2,
  fp_move_to_core: 2,
};

/** JNK: bit-field and DSP results reach an address one cycle later; a loaded address is assumed to take 3. */
const TO_ADDRESS: PerClass<number> = {
  ...TO_EARLY_ALU,
  load: 3,
  load_double: 3,
  load_multiple: 3,
};

/** JNK: multiplications cannot consume a load of the cycle before; the rest as the late ALU. */
const TO_MULTIPLIER: PerClass<number> = {
  ...TO_LATE_ALU,
  load: 2,
  load_narrow: 3,
  load_double: 2,
  load_multiple: 2,
};

/** JNK, table "result latency": operands of another FP instruction. */
const FP_RESULTS: PerClass<number> = {
  fp_add: 3,
  fp_multiply: 3,
  fp_convert: 3, // assumed
  fp_fused: 5,
  fp_multiply_accumulate: 6,
  fp_move: 3,
  fp_constant: 3,
  fp_move_from_core: 3,
  fp_move_pair: 3,
  fp_add_double: 3,
  fp_multiply_double: 3,
  fp_fused_double: 3,
};

const MULTIPLIES: readonly TimingClass[] = [
  'multiply',
  'multiply_accumulate',
  'multiply_long',
  'multiply_accumulate_long',
];
const EXTRACTORS: readonly TimingClass[] = ['bitfield', 'reverse', 'extend', 'extend_add'];
const FP_ARITHMETIC: readonly TimingClass[] = [
  'fp_add',
  'fp_multiply',
  'fp_convert',
  'fp_compare',
  'fp_multiply_accumulate',
  'fp_fused',
  'fp_divide',
  'fp_square_root',
];

/** JNK: load/store pair and multiple take ceil(registers / 2) cycles. */
const pairwise = { base: 0, perRegister: 0.5 } as const;

export const CORTEX_M7_TIMING: CoreTiming = {
  core: 'm7',
  basis: 'pipeline measurements on an STM32H743 (jnk0le/random), code and data in TCM or cache',
  cost: {
    divide: { base: 3 }, // assumed: 3 to 12 by operand
    load_double: pairwise,
    store_double: pairwise,
    load_multiple: pairwise,
    store_multiple: pairwise,
    table_branch: { base: 2 }, // assumed
    system: { base: 2 }, // assumed
    barrier: { base: 1 }, // assumed
    fp_load_multiple: pairwise, // JNK: VLDM behaves as LDM
    fp_store_multiple: pairwise,
    fp_divide: { base: 16 }, // JNK: VDIV 16, VSQRT 14
    fp_square_root: { base: 14 },
    // JNK, table "instruction execution cycles", operands of different exponents
    fp_add_double: { base: 2 },
    fp_multiply_double: { base: 5 },
    fp_fused_double: { base: 8 },
    fp_divide_double: { base: 30 },
    fp_square_root_double: { base: 30 }, // assumed, as division
  },
  skipped: 255, // JNK: predicated-out instructions take the cycles of executed ones
  divide: { bitsPerCycle: 4, mostExtra: 9 },
  unaligned: {
    read: { perPart: 0, fixed: 3 }, // JNK: +3 as older op
    write: { perPart: 0, fixed: 0 }, // JNK: no stalls until the store buffer is full
  },
  exceptions: { entry: 12, return: 12 }, // assumed
  branches: {
    direct: 0, // JNK: a predicted taken branch costs no bubble
    indirect: 1, // assumed
    loaded: 1, // assumed: returns are predicted
    straddling: 0,
    afterFlags: 0,
    takenForward: 1, // assumed: one in seven mispredicted
    notTakenBackward: 7, // JNK: misprediction 6 to 8
  },
  pipeline: {
    latency: {
      data: { ...TO_LATE_ALU, ...FP_RESULTS },
      early: TO_EARLY_ALU,
      multiply: TO_MULTIPLIER,
      address: TO_ADDRESS,
      // JNK: the accumulator takes the late ALU's result in the same cycle, loads of any width in the next
      accumulate: {
        alu: 0,
        alu_shifted: 0,
        alu_rotated_constant: 0,
        shift: 0,
        ...FP_RESULTS,
        fp_fused: 3,
        fp_multiply_accumulate: 3,
        fp_load: 3,
      },
      // JNK: any result can be stored in the same cycle; FP: 1 after VADD and VMUL, 3 after VFMA, 4 after VMLA
      store: {
        alu: 0,
        alu_shifted: 0,
        alu_rotated_constant: 0,
        shift: 0,
        bitfield: 0,
        reverse: 0,
        extend: 0,
        extend_add: 0,
        dsp: 0,
        load: 0,
        load_narrow: 0,
        fp_fused: 3,
        fp_multiply_accumulate: 4,
      },
    },
    fpBusy: {},
    flagSetting: {},
    narrowPairsOnly: false,
    alone: [
      'load_double',
      'store_double',
      'load_multiple',
      'store_multiple',
      'system',
      'barrier',
      'divide',
      'trap',
      'table_branch',
      'fp_move_pair',
      'fp_load_double',
      'fp_store_double',
      'fp_load_multiple',
      'fp_store_multiple',
    ],
    olderOnly: [...EXTRACTORS, 'dsp'], // JNK: must be placed in the older op
    exclusive: [
      [...MULTIPLIES, 'store', 'store_narrow', 'fp_store'], // JNK: MACs neither with each other nor with stores
      [...EXTRACTORS, 'dsp'], // JNK: cannot dual issue with each other
      [...EXTRACTORS, 'alu_shifted', 'alu_rotated_constant'], // JNK: one shifter
      FP_ARITHMETIC, // JNK: arithmetic instructions cannot be dual issued
      [
        'fp_multiply_accumulate',
        'fp_fused',
        'fp_load',
        'fp_store',
        'fp_move',
        'fp_move_to_core',
        'fp_move_from_core',
      ],
      ['branch', 'branch_link', 'branch_indirect', 'table_branch'],
    ],
  },
};
