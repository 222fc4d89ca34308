/**
 * Cycle costs by instruction class and core, at zero wait states: data only, applied by src/emulate/block-cost.ts.
 *
 * Sources, cited beside the numbers:
 *   TRM   Arm 100166 (Cortex-M4 Technical Reference Manual r0p1), 3.3.1 "Table of processor instructions",
 *         3.3.2 "Load/store timings", 7.2 "FPU instruction set table" (the same tables: TI SWCU185, SWCU192)
 *   JNK   github jnk0le/random, "pipeline cycle test/doc/" cortex_m3m4.md, cortex_m7.md, cortex_m33.md:
 *         measured on STM32F407 (M4), STM32H743 (M7), RP2350 (M33)
 * What is neither is marked "assumed".
 */
import type { CoreId } from './target.js';

export const INSTRUCTION_CLASSES = [
  /** Moves, add, subtract, logic, compare with a plain register or byte constant; ADR, MOVW, MOVT. */
  'alu',
  /** The same with operand 2 shifted or rotated inline. */
  'alu_shifted',
  /** The same with a constant made by rotating a byte. */
  'alu_rotated_constant',
  /** LSL, LSR, ASR, ROR, RRX on their own. */
  'shift',
  /** BFI, BFC, UBFX, SBFX, REV, RBIT, CLZ and plain extensions (SXTB, UXTH, SXTB16). */
  'bitfield',
  /** Extensions with an addition: SXTAB, UXTAH, SXTAB16. */
  'extend_add',
  /** PKHBT, SSAT, USAT16, SEL, QADD and the parallel additions and subtractions. */
  'dsp',
  'multiply',
  'multiply_accumulate',
  'multiply_long',
  'multiply_accumulate_long',
  'divide',
  'load',
  'store',
  'load_double',
  'store_double',
  'load_multiple',
  'store_multiple',
  /** B, B<cond>, CBZ, CBNZ. */
  'branch',
  'branch_link',
  /** BX, BLX, MOV PC, ADD PC. */
  'branch_indirect',
  'table_branch',
  'it',
  'nop',
  /** MRS, MSR, CPS. */
  'system',
  /** DMB, DSB, ISB. */
  'barrier',
  /** One register between the core and the FPU. */
  'fp_move',
  'fp_move_pair',
  /** VMRS, VMSR. */
  'fp_system',
  'fp_load',
  'fp_store',
  'fp_load_multiple',
  'fp_store_multiple',
  /** Add, multiply, compare, convert, move between FP registers. */
  'fp_arithmetic',
  'fp_multiply_accumulate',
  'fp_divide',
  'fp_square_root',
  /** BKPT, SVC: not timed. */
  'trap',
  'undefined',
] as const;

export type InstructionClass = (typeof INSTRUCTION_CLASSES)[number];

/** Cycles = base + perRegister · registers transferred. */
export interface ClassCost {
  readonly base: number;
  readonly perRegister: number;
}

/** Where an operand is consumed; decides how long a result must have been ready. */
export type OperandPort = 'data' | 'early' | 'address' | 'accumulate' | 'store';

/** One instruction after the other (M4): neighbours matter only for loads, stores and addresses. */
export interface SequentialPipeline {
  readonly kind: 'sequential';
  /** A single load or store right after an independent single load costs this much less. */
  readonly pipelinedLoadSaving: number;
  /** A single store with register offset, when it does not follow a load, costs this much more. */
  readonly registerOffsetStore: number;
  /** Address from the result of the data-processing instruction just before. */
  readonly addressDependency: number;
  /** Load after load, or store after store, on a base that the first one wrote back. */
  readonly writebackChain: number;
  /** A taken branch: refill cycles, and those of an instruction that loads PC. */
  readonly refill: number;
  readonly refillAfterLoad: number;
}

/** In-order issue of up to two instructions, stalling on results that are not ready (M7, M33). */
export interface ScoreboardPipeline {
  readonly kind: 'scoreboard';
  /** Cycles from issue until a port may consume the result; class missing: 1. */
  readonly latency: Readonly<Record<OperandPort, Partial<Readonly<Record<InstructionClass, number>>>>>;
  /** Extra latency of byte and halfword loads. */
  readonly narrowLoadLatency: number;
  readonly pairing: PairingRules;
  /** Cycles lost at a branch that is taken, by how its target is found, and when the guess was wrong. */
  readonly takenDirect: number;
  readonly takenIndirect: number;
  /** Lost at a conditional backward branch that falls through: a loop's end, guessed wrongly. */
  readonly loopExit: number;
  /** Extra when a taken branch stands right behind the instruction that set its flags. */
  readonly takenAfterFlags: number;
}

/** Which two neighbours may issue in one cycle; independent data is required besides. */
export interface PairingRules {
  /** Both must be 16-bit encodings. */
  readonly narrowOnly: boolean;
  /** When given, the younger must be of one of these classes, or the older a NOP. */
  readonly youngerClasses?: readonly InstructionClass[];
  /** Never pair with anything. */
  readonly alone: readonly InstructionClass[];
  /** Only in the older slot. */
  readonly olderOnly: readonly InstructionClass[];
  /** No two members of one group issue together. */
  readonly exclusiveGroups: readonly (readonly InstructionClass[])[];
}

export interface CycleTable {
  readonly core: CoreId;
  readonly cost: Readonly<Record<InstructionClass, ClassCost>>;
  readonly pipeline: SequentialPipeline | ScoreboardPipeline;
  readonly basis: string;
}

const one: ClassCost = { base: 1, perRegister: 0 };
const fixed = (base: number): ClassCost => ({ base, perRegister: 0 });

/** Classes that cost one cycle on every core described here (TRM table; JNK finds no exception). */
const SINGLE_CYCLE = {
  alu: one,
  alu_shifted: one,
  alu_rotated_constant: one,
  shift: one,
  bitfield: one,
  extend_add: one,
  dsp: one,
  multiply: one,
  multiply_accumulate: one,
  multiply_long: one,
  multiply_accumulate_long: one,
  branch: one,
  branch_link: one,
  branch_indirect: one,
  nop: one,
  fp_move: one,
  fp_system: one,
  fp_arithmetic: one,
  trap: one,
  undefined: one,
} as const;

/** Cortex-M4. */
const CORTEX_M4: CycleTable = {
  core: 'm4',
  cost: {
    ...SINGLE_CYCLE,
    divide: fixed(7), // TRM: 2–12 by operand; 7 is the middle of that range
    load: fixed(2), // TRM: LDR 2
    store: fixed(1), // TRM: STR Rx,[Ry,#imm] is always one cycle
    load_double: { base: 1, perRegister: 1 }, // TRM: LDRD 1+N, unpipelined
    store_double: { base: 1, perRegister: 1 },
    load_multiple: { base: 1, perRegister: 1 }, // TRM: LDM, POP 1+N
    store_multiple: { base: 1, perRegister: 1 },
    table_branch: fixed(2), // TRM: TBB 2+P; the refill below is the one after a load
    it: one, // TRM: 1
    system: fixed(2), // TRM: MRS, MSR, CPS 1 or 2
    barrier: fixed(4), // TRM: ISB 1+B with B ≥ P; assumed 3
    fp_move_pair: fixed(2), // TRM: VMOV of two registers 2
    fp_load: { base: 1, perRegister: 1 }, // TRM: VLDR.32 2, VLDR.64 3
    fp_store: { base: 1, perRegister: 1 },
    fp_load_multiple: { base: 1, perRegister: 1 }, // TRM: 1+N
    fp_store_multiple: { base: 1, perRegister: 1 },
    fp_multiply_accumulate: fixed(3), // TRM: VMLA, VFMA 3
    fp_divide: fixed(14), // TRM: VDIV, VSQRT 14
    fp_square_root: fixed(14),
  },
  pipeline: {
    kind: 'sequential',
    pipelinedLoadSaving: 1, // TRM 3.3.2: one cycle is removed from an LDR or STR after an LDR
    registerOffsetStore: 1, // TRM 3.3.1 (STR 2), JNK: register-offset stores take 2
    addressDependency: 1, // TRM 3.3.2: stalls for an additional cycle
    writebackChain: 1, // JNK: indexed accesses cannot be chained on the same base
    refill: 2, // TRM: P is 1 to 3; 2 is the middle
    refillAfterLoad: 3, // TRM 3.3.2: three cycles for the reload after LDR PC and TBB
  },
  basis: 'Cortex-M4 TRM table of processor instructions, zero wait states, refill of 2 cycles',
};

/** JNK: loads, MACs, DSP, shifted operand 2 and extend-adds deliver after 2 cycles. */
const M33_TWO_CYCLE_RESULTS: Partial<Record<InstructionClass, number>> = {
  load: 2,
  load_double: 2,
  load_multiple: 2,
  alu_shifted: 2,
  alu_rotated_constant: 2,
  extend_add: 2,
  dsp: 2,
  multiply: 2,
  multiply_accumulate: 2,
  multiply_long: 2,
  multiply_accumulate_long: 2,
  fp_move: 2,
};

/** Cortex-M33 as measured on the RP2350. Less certain than the M4: no vendor table exists. */
const CORTEX_M33: CycleTable = {
  core: 'm33',
  cost: {
    ...SINGLE_CYCLE,
    divide: fixed(6), // assumed: 2–11 by operand
    load: one, // JNK: load to use 2, so 1 cycle of issue
    store: one,
    load_double: fixed(2), // JNK: load/store double 2
    store_double: fixed(2),
    load_multiple: { base: 0, perRegister: 1 }, // JNK: x registers in exactly x cycles
    store_multiple: { base: 0, perRegister: 1 },
    table_branch: fixed(2), // assumed
    it: one, // JNK: pairs with the instruction before it
    system: fixed(2), // assumed
    barrier: fixed(4), // assumed
    fp_move_pair: fixed(2), // JNK: two S registers to the core 2
    fp_load: { base: 0, perRegister: 1 },
    fp_store: { base: 0, perRegister: 1 },
    fp_load_multiple: { base: 0, perRegister: 1 },
    fp_store_multiple: { base: 0, perRegister: 1 },
    fp_multiply_accumulate: fixed(3), // JNK: 1, but no other FP instruction in the next 2
    fp_divide: fixed(14), // assumed, as M4
    fp_square_root: fixed(14),
  },
  pipeline: {
    kind: 'scoreboard',
    latency: {
      data: M33_TWO_CYCLE_RESULTS,
      early: M33_TWO_CYCLE_RESULTS,
      address: M33_TWO_CYCLE_RESULTS,
      // JNK: accumulators chain from MACs, extend-adds, shifted operand 2 and loads; not from DSP
      accumulate: { dsp: 2 },
      // JNK: load to store 1 cycle, "accumulate" stage results 1 cycle
      store: { dsp: 2 },
    },
    narrowLoadLatency: 0,
    pairing: {
      narrowOnly: true, // JNK: only two 16-bit instructions
      youngerClasses: ['branch', 'it', 'nop'],
      alone: [],
      olderOnly: [],
      exclusiveGroups: [['branch'], ['nop', 'it']],
    },
    takenDirect: 1, // JNK: 2 cycles taken when alone, 1 when paired
    takenIndirect: 2, // assumed
    loopExit: 0, // JNK: not taken costs nothing more
    takenAfterFlags: 1, // JNK: subs; bne 2 cycles taken although paired
  },
  basis: 'pipeline measurements on an RP2350 (jnk0le/random), in-block dependences only, ±10 %',
};

/** Cortex-M7 as measured on the STM32H743, code and data in TCM or cache. Branch prediction is approximated. */
const CORTEX_M7: CycleTable = {
  core: 'm7',
  cost: {
    ...SINGLE_CYCLE,
    divide: fixed(7), // assumed: 3–12 by operand
    load: one,
    store: one,
    load_double: one, // JNK: ceil(registers / 2)
    store_double: one,
    load_multiple: { base: 0.5, perRegister: 0.5 }, // JNK: ceil(registers / 2), rounded down by the user
    store_multiple: { base: 0.5, perRegister: 0.5 },
    table_branch: fixed(2), // assumed
    it: one,
    system: fixed(2), // assumed
    barrier: fixed(4), // assumed
    fp_move_pair: one,
    fp_load: one,
    fp_store: one,
    fp_load_multiple: { base: 0.5, perRegister: 0.5 },
    fp_store_multiple: { base: 0.5, perRegister: 0.5 },
    fp_multiply_accumulate: one,
    fp_divide: fixed(16), // JNK: VDIV 16, VSQRT 14
    fp_square_root: fixed(14),
  },
  pipeline: {
    kind: 'scoreboard',
    latency: {
      // JNK: multiplies and MACs have one additional cycle of latency; word loads reach the late ALU next cycle
      data: {
        multiply: 2,
        multiply_accumulate: 2,
        multiply_long: 2,
        multiply_accumulate_long: 2,
        fp_move: 2,
      },
      // JNK: shifted operands, extractions and multiplier inputs are consumed a cycle earlier
      early: {
        load: 2,
        load_double: 2,
        load_multiple: 2,
        multiply: 3,
        multiply_accumulate: 3,
        multiply_long: 3,
        multiply_accumulate_long: 3,
        fp_move: 2,
      },
      // JNK: bit-field and DSP results reach an address one cycle later; loads through the early stage assumed
      address: {
        load: 3,
        load_double: 3,
        load_multiple: 3,
        alu_shifted: 2,
        bitfield: 2,
        extend_add: 2,
        dsp: 2,
        multiply: 3,
        multiply_accumulate: 3,
        multiply_long: 3,
        multiply_accumulate_long: 3,
        fp_move: 3,
      },
      // JNK: MACs chain on the accumulator every cycle
      accumulate: {},
      // JNK: any result can be stored in the same cycle
      store: {
        alu: 0,
        alu_shifted: 0,
        alu_rotated_constant: 0,
        shift: 0,
        bitfield: 0,
        extend_add: 0,
        dsp: 0,
        load: 0,
      },
    },
    narrowLoadLatency: 1, // JNK: byte and half loads one more
    pairing: {
      narrowOnly: false,
      alone: [
        'load_double',
        'store_double',
        'load_multiple',
        'store_multiple',
        'fp_load_multiple',
        'fp_store_multiple',
        'fp_move_pair',
        'it',
        'system',
        'barrier',
        'divide',
      ],
      olderOnly: ['bitfield', 'extend_add', 'dsp'], // JNK: must be placed in the older op
      exclusiveGroups: [
        // JNK: MACs neither with each other nor with stores
        ['multiply', 'multiply_accumulate', 'multiply_long', 'multiply_accumulate_long', 'store', 'fp_store'],
        // JNK: one bit-field or DSP operation per cycle, and none with a shifted operand 2
        ['bitfield', 'extend_add', 'dsp', 'alu_shifted', 'alu_rotated_constant'],
        ['fp_arithmetic', 'fp_multiply_accumulate', 'fp_divide', 'fp_square_root'],
        ['branch', 'branch_link', 'branch_indirect', 'table_branch'],
      ],
    },
    takenDirect: 0, // JNK: a predicted taken branch costs no bubble
    takenIndirect: 2, // assumed
    loopExit: 7, // JNK: misprediction 6–8
    takenAfterFlags: 0,
  },
  basis: 'pipeline measurements on an STM32H743 (jnk0le/random), static dual issue per block, TCM, ±15 %',
};

/** The table of each core. */
export const CYCLE_TABLES: Readonly<Record<CoreId, CycleTable>> = {
  m4: CORTEX_M4,
  m7: CORTEX_M7,
  m33: CORTEX_M33,
};
