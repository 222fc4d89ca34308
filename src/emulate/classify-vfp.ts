/**
 * Static decoder of the floating-point instructions (FPv4-SP, FPv5): classes and register effects.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A6 "The Floating-point instruction set encodings".
 */
import {
  bit,
  type InstructionClass,
  type InstructionFields,
  SP,
  type ThumbInstruction,
} from './thumb-instruction.js';

type Make = (kind: InstructionClass, fields?: InstructionFields) => ThumbInstruction;

/** Masks over s0…s31 of the operands at their usual places; a double is the pair of singles that it covers. */
interface FpOperands {
  readonly d: number;
  readonly n: number;
  readonly m: number;
}

/** Single register `index` · 2 + `low`, or double register `low` · 16 + `index`, as a mask over singles. */
function fpMask(index: number, low: number, double: boolean): number {
  if (!double) return 1 << ((index << 1) | low);
  return low === 1 ? 0 : 3 << (index << 1);
}

function operandsOf(w: number): FpOperands {
  const double = (w & 0x100) !== 0;
  return {
    d: fpMask((w >>> 12) & 15, (w >>> 22) & 1, double),
    n: fpMask((w >>> 16) & 15, (w >>> 7) & 1, double),
    m: fpMask(w & 15, (w >>> 5) & 1, double),
  };
}

/** Decodes a coprocessor-space encoding; anything but coprocessors 10 and 11 is `undefined`. */
export function classifyVfp(make: Make, w: number): ThumbInstruction {
  const coprocessor = (w >>> 8) & 15;
  if (coprocessor !== 10 && coprocessor !== 11) return make('undefined');
  const top = (w >>> 24) & 0xff;
  if (top === 0xfe) return extension(make, w);
  if ((w & 0xffe000d0) >>> 0 === 0xec400010) return moveTwo(make, w);
  if (top === 0xec || top === 0xed) return loadStore(make, w);
  if (top !== 0xee) return make('undefined');
  return w & 0x10 ? moveOne(make, w) : arithmetic(make, w);
}

function moveTwo(make: Make, w: number): ThumbInstruction {
  const pair = bit((w >>> 12) & 15) | bit((w >>> 16) & 15);
  const double = (w & 0x100) !== 0;
  const first = double ? (w & 15) << 1 : ((w & 15) << 1) | ((w >>> 5) & 1);
  const singles = 3 << first;
  return w & 0x00100000
    ? make('fp_move_pair', { writes: pair, fpReads: singles })
    : make('fp_move_pair', { reads: pair, fpWrites: singles });
}

function moveOne(make: Make, w: number): ThumbInstruction {
  const t = (w >>> 12) & 15;
  const toCore = (w & 0x00100000) !== 0;
  if (((w >>> 21) & 7) === 7) {
    // VMRS APSR_nzcv, FPSCR is written with 15 in the register's place
    if (toCore) return make('fp_system', t === 15 ? { setsFlags: true } : { writes: bit(t) });
    return make('fp_system', { reads: bit(t) });
  }
  const low = w & 0x100 ? (w >>> 21) & 1 : (w >>> 7) & 1;
  const single = 1 << ((((w >>> 16) & 15) << 1) | low);
  return toCore
    ? make('fp_move_to_core', { writes: bit(t), fpReads: single })
    : make('fp_move_from_core', { reads: bit(t), fpWrites: single });
}

function loadStore(make: Make, w: number): ThumbInstruction {
  const n = (w >>> 16) & 15;
  const load = (w & 0x00100000) !== 0;
  const double = (w & 0x100) !== 0;
  const base = { addressReads: bit(n), accessBytes: 4 };
  if ((w & 0x01200000) === 0x01000000) {
    const { d } = operandsOf(w);
    const effects = load ? { fpWrites: d } : { fpReads: d };
    const kind = double ? (load ? 'fp_load_double' : 'fp_store_double') : load ? 'fp_load' : 'fp_store';
    return make(kind, { ...base, ...effects, transferCount: double ? 2 : 1 });
  }
  const words = w & 0xff;
  const writeback = (w & 0x00200000) !== 0;
  const descending = (w & 0x01000000) !== 0;
  const first = double ? ((w >>> 12) & 15) << 1 : (((w >>> 12) & 15) << 1) | ((w >>> 22) & 1);
  const singles = words === 0 ? 0 : (0xffffffff >>> (32 - Math.min(words, 32))) << first;
  return make(load ? 'fp_load_multiple' : 'fp_store_multiple', {
    ...base,
    ...(load ? { fpWrites: singles } : { fpReads: singles }),
    baseWriteback: writeback ? bit(n) : 0,
    transferCount: words,
    ...(n === SP && writeback ? { spDelta: (descending ? -4 : 4) * words } : {}),
  });
}

function arithmetic(make: Make, w: number): ThumbInstruction {
  const double = (w & 0x100) !== 0;
  const { d, n, m } = operandsOf(w);
  const kind = (single: InstructionClass, wide: InstructionClass): InstructionClass =>
    double ? wide : single;
  switch (((w >>> 21) & 4) | ((w >>> 20) & 3)) {
    case 0:
    case 1: // VMLA, VMLS, VNMLA, VNMLS
      return make(kind('fp_multiply_accumulate', 'fp_fused_double'), {
        fpReads: n | m,
        fpAccumulateReads: d,
        fpWrites: d,
      });
    case 2:
      return make(kind('fp_multiply', 'fp_multiply_double'), { fpReads: n | m, fpWrites: d });
    case 3:
      return make(kind('fp_add', 'fp_add_double'), { fpReads: n | m, fpWrites: d });
    case 4:
      return make(kind('fp_divide', 'fp_divide_double'), { fpReads: n | m, fpWrites: d });
    case 5:
    case 6: // VFNMA, VFNMS, VFMA, VFMS
      return make(kind('fp_fused', 'fp_fused_double'), { fpReads: n | m, fpAccumulateReads: d, fpWrites: d });
    default:
      return otherArithmetic(make, w);
  }
}

/** VMOV, VABS, VNEG, VSQRT, VCMP, VRINT, VCVT by bits 19…16. */
function otherArithmetic(make: Make, w: number): ThumbInstruction {
  const { d, m } = operandsOf(w);
  if ((w & 0x40) === 0) return make('fp_constant', { fpWrites: d });
  const high = (w & 0x80) !== 0;
  const effects = { fpReads: m, fpWrites: d };
  switch ((w >>> 16) & 15) {
    case 0: // VMOV, VABS
      return make('fp_move', effects);
    case 1: // VNEG, VSQRT
      if (!high) return make('fp_move', effects);
      return make(w & 0x100 ? 'fp_square_root_double' : 'fp_square_root', effects);
    case 4:
      return make('fp_compare', { fpReads: d | m });
    case 5:
      return make('fp_compare', { fpReads: d });
    default:
      return make('fp_convert', effects);
  }
}

/** FPv5: VSEL, VMAXNM and VMINNM, VRINTA…, VCVTA…. */
function extension(make: Make, w: number): ThumbInstruction {
  const { d, n, m } = operandsOf(w);
  if ((w & 0x00800000) === 0) return make('fp_move', { fpReads: n | m, fpWrites: d, readsFlags: true });
  if ((w & 0x00300000) !== 0) return make('fp_convert', { fpReads: m, fpWrites: d });
  return make(w & 0x100 ? 'fp_add_double' : 'fp_add', { fpReads: n | m, fpWrites: d });
}
