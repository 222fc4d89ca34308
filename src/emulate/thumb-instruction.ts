/**
 * What the static decoder says about one Thumb instruction: size, class, registers, memory access, SP effect.
 * Source of every encoding: ARMv7-M and ARMv8-M Architecture Reference Manuals, chapter "The Thumb instruction set".
 */
import type { TimingClass } from '../targets/core-timing.js';

/** What a core's timing table has a row for; `undefined` for encodings that are no instruction. */
export type InstructionClass = TimingClass | 'undefined';

export interface ThumbInstruction {
  readonly address: number;
  readonly size: 2 | 4;
  /** The halfword, or first halfword · 2^16 + second. */
  readonly encoding: number;
  readonly class: InstructionClass;
  /** Every core register read, bit n for r_n: the union of the five masks below. */
  readonly reads: number;
  /** Ordinary operands. */
  readonly dataReads: number;
  /** Registers that form a memory address. */
  readonly addressReads: number;
  /** Accumulator operands of multiply-accumulates and extend-adds: consumed late in the pipeline. */
  readonly accumulateReads: number;
  /** Operands that pass a shifter first (operand 2 with a shift): consumed early in the pipeline. */
  readonly shiftedReads: number;
  /** Data operands of stores. */
  readonly storeReads: number;
  /** Every core register written, the written-back base included. */
  readonly writes: number;
  /** The base register when it is written back, else 0. */
  readonly baseWriteback: number;
  readonly setsFlags: boolean;
  /** True for what a condition decides: B<cond>, and what stands under an IT. */
  readonly readsFlags: boolean;
  /** FP registers read, bit n for s_n; addends of multiply-accumulates apart; written. */
  readonly fpReads: number;
  readonly fpAccumulateReads: number;
  readonly fpWrites: number;
  /** Registers moved by a load or store (1 for single ones), 0 otherwise. */
  readonly transferCount: number;
  readonly registerOffset: boolean;
  /** Bytes of each element accessed: 1, 2, 4; 0 when no memory is accessed. */
  readonly accessBytes: number;
  /** True for B<cond>, CBZ and CBNZ. */
  readonly conditional: boolean;
  /** Target of a direct branch. */
  readonly branchTarget?: number;
  /** How SP changes: 0 for most, NaN when it depends on a register. */
  readonly spDelta: number;
  /** Class `it`: how many following instructions it makes conditional. */
  readonly itCount: number;
}

/** Fields with the defaults of an instruction that only computes. */
export type InstructionFields = Partial<
  Omit<ThumbInstruction, 'address' | 'size' | 'encoding' | 'class' | 'dataReads'>
>;

export const SP = 13;
export const LR = 14;
export const PC = 15;

/** Class of a single load or store of 1, 2 or 4 bytes. */
export function accessClass(load: boolean, bytes: number): InstructionClass {
  if (bytes === 4) return load ? 'load' : 'store';
  return load ? 'load_narrow' : 'store_narrow';
}

/** Mask of one register. */
export const bit = (register: number): number => 1 << register;

/** Fills in the defaults; `reads` of the fields are the ordinary operands, of the result all of them. */
export function instruction(
  address: number,
  encoding: number,
  size: 2 | 4,
  kind: InstructionClass,
  fields: InstructionFields = {},
): ThumbInstruction {
  const addressReads = fields.addressReads ?? 0;
  const accumulateReads = fields.accumulateReads ?? 0;
  const shiftedReads = fields.shiftedReads ?? 0;
  const storeReads = fields.storeReads ?? 0;
  const baseWriteback = fields.baseWriteback ?? 0;
  const writes = (fields.writes ?? 0) | baseWriteback;
  const spUnknown = (writes & bit(SP)) !== 0 && fields.spDelta === undefined;
  return {
    address,
    size,
    encoding,
    class: kind,
    dataReads: fields.reads ?? 0,
    reads: (fields.reads ?? 0) | addressReads | accumulateReads | shiftedReads | storeReads,
    addressReads,
    accumulateReads,
    shiftedReads,
    storeReads,
    writes,
    baseWriteback,
    setsFlags: fields.setsFlags ?? false,
    readsFlags: fields.readsFlags ?? false,
    fpReads: fields.fpReads ?? 0,
    fpAccumulateReads: fields.fpAccumulateReads ?? 0,
    fpWrites: fields.fpWrites ?? 0,
    transferCount: fields.transferCount ?? 0,
    registerOffset: fields.registerOffset ?? false,
    accessBytes: fields.accessBytes ?? 0,
    conditional: fields.conditional ?? false,
    ...(fields.branchTarget === undefined ? {} : { branchTarget: fields.branchTarget >>> 0 }),
    spDelta: spUnknown ? Number.NaN : (fields.spDelta ?? 0),
    itCount: fields.itCount ?? 0,
  };
}

export function popCount(mask: number): number {
  let count = 0;
  for (let rest = mask >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Sign-extends the low `bits` bits. */
export const signExtend = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);
