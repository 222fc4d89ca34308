/**
 * The shape of a core's timing table: data that the built-in core is given before it decodes its first instruction.
 * One row per class of instruction; the files cortex-m4.ts, cortex-m7.ts and cortex-m33.ts hold the numbers with
 * their sources. All figures are cycles at zero wait states.
 */
import type { CoreId } from './target.js';

/** The classes, in the order of assembly/cortex-m/timing/classes.ts. */
export const TIMING_CLASSES = [
  'alu',
  'alu_shifted',
  'alu_rotated_constant',
  'shift',
  'bitfield',
  'reverse',
  'extend',
  'extend_add',
  'dsp',
  'multiply',
  'multiply_accumulate',
  'multiply_long',
  'multiply_accumulate_long',
  'divide',
  'load',
  'load_narrow',
  'store',
  'store_narrow',
  'load_double',
  'store_double',
  'load_multiple',
  'store_multiple',
  'branch',
  'branch_link',
  'branch_indirect',
  'table_branch',
  'it',
  'nop',
  'system',
  'barrier',
  'trap',
  'fp_move_to_core',
  'fp_move_from_core',
  'fp_move_pair',
  'fp_move',
  'fp_constant',
  'fp_system',
  'fp_load',
  'fp_store',
  'fp_load_double',
  'fp_store_double',
  'fp_load_multiple',
  'fp_store_multiple',
  'fp_add',
  'fp_multiply',
  'fp_convert',
  'fp_compare',
  'fp_multiply_accumulate',
  'fp_fused',
  'fp_divide',
  'fp_square_root',
  'fp_add_double',
  'fp_multiply_double',
  'fp_fused_double',
  'fp_divide_double',
  'fp_square_root_double',
] as const;

export type TimingClass = (typeof TIMING_CLASSES)[number];
export type PerClass<T> = Partial<Readonly<Record<TimingClass, T>>>;

/** Cycles = base + perRegister · registers moved, rounded up; classes not listed take 1. */
export interface IssueCost {
  readonly base: number;
  /** A multiple of ½. */
  readonly perRegister?: number;
}

/** Cycles of each part of an unaligned access beyond the first, and once per access. */
export interface UnalignedCost {
  readonly perPart: number;
  readonly fixed: number;
}

export interface BranchCost {
  /** Added to the branch's own cycle when it is taken to a fixed address: the pipeline's refill. */
  readonly direct: number;
  /** The same through a register. */
  readonly indirect: number;
  /** The same to an address that was loaded (POP {pc}, LDR pc, TBB). */
  readonly loaded: number;
  /** Once more when the target is a 32-bit instruction that does not start on a word. */
  readonly straddling: number;
  /** More when the instruction just before set the flags that the branch tests. */
  readonly afterFlags: number;
  /** More for a conditional branch forwards that is taken, and for one backwards that is not: mispredicted. */
  readonly takenForward: number;
  readonly notTakenBackward: number;
}

/** How neighbouring loads and stores overlap where instructions issue one by one. */
export interface SequentialRules {
  /** Taken off a load that follows an independent load. */
  readonly loadSaving: number;
  /** Taken off a store of two cycles that follows a load. */
  readonly storeSaving: number;
  /** Added to a store with register offset. */
  readonly registerOffsetStore: number;
  /** Added when the instruction just before computed the address. */
  readonly addressDependency: number;
  /** Added when the access just before wrote back the base that this one writes back again. */
  readonly writebackChain: number;
  /** Added when the FP instruction just before computed an operand other than an addend. */
  readonly fpDependency: number;
}

/**
 * Where in the pipeline an operand is consumed: ordinary ALU, shifter or extractor before it, multiplier, address
 * generation, accumulator behind the multiplier, store data.
 */
export const OPERAND_PORTS = ['data', 'early', 'multiply', 'address', 'accumulate', 'store'] as const;
export type OperandPort = (typeof OPERAND_PORTS)[number];

/** In-order issue with results that take time, up to two instructions a cycle. */
export interface ScoreboardRules {
  /** Cycles from issue until a port may consume the result; classes not listed: 1. */
  readonly latency: Readonly<Record<OperandPort, PerClass<number>>>;
  /** Cycles from issue until the next FP instruction may issue; classes not listed: 0. */
  readonly fpBusy: PerClass<number>;
  /** Cycles more when the instruction sets flags. */
  readonly flagSetting: PerClass<number>;
  /** Only two 16-bit instructions may pair. */
  readonly narrowPairsOnly: boolean;
  /** Never pair. */
  readonly alone: readonly TimingClass[];
  /** Pair only as the older of the two. */
  readonly olderOnly: readonly TimingClass[];
  /** When given: the younger must be one of these (or the older a NOP). */
  readonly youngerOnly?: readonly TimingClass[];
  /** Two instructions of one group never pair; at most eight groups. */
  readonly exclusive: readonly (readonly TimingClass[])[];
}

export interface CoreTiming {
  readonly core: CoreId;
  /** What the table rests on, in one line. */
  readonly basis: string;
  readonly cost: PerClass<IssueCost>;
  /** Most cycles of an instruction in an IT block whose condition fails. */
  readonly skipped: number;
  /** Cycles beyond the base: one per `bitsPerCycle` bits of the quotient, at most `mostExtra`. */
  readonly divide: { readonly bitsPerCycle: number; readonly mostExtra: number };
  readonly unaligned: { readonly read: UnalignedCost; readonly write: UnalignedCost };
  readonly exceptions: { readonly entry: number; readonly return: number };
  readonly branches: BranchCost;
  readonly pipeline: SequentialRules | ScoreboardRules;
}

export const isSequential = (rules: SequentialRules | ScoreboardRules): rules is SequentialRules =>
  'loadSaving' in rules;
