/**
 * Floating point: FPv4-SP (M4), FPv5 with doubles (M7), FPv5-SP (M33); DDI 0403E A6.4 ff. Operand fields are byte
 * offsets into the FP bank. Arithmetic on doubles exists on the M7 only, the FPv5 additions not on the M4.
 */
import { CORE } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { checkFpu, field, raw, refuse } from './emit';
import { decodeFloatMemory } from './float-memory';
import { decodeFloatTransfer } from './float-transfer';

export let isDouble: bool = false;

/** Byte offset of register `v` with extra bit `x`: single 2v + x, double v + 16x. */
@inline export function fpOffset(v: u32, x: u32): u32 { return isDouble ? v << 3 : ((v << 1) | x) << 2; }
export function fpMask(offset: u32): u32 { return (isDouble ? 3 : 1) << (offset >>> 2); }
export function setDoubleForm(value: bool): void { isDouble = value; }

function read(offset: u32): u32 { info.noteFpRead(fpMask(offset)); return offset; }
function write(offset: u32): u32 { info.noteFpWrite(fpMask(offset)); return offset; }
@inline function hasDoubles(): bool { return load<u32>(CORE) == 1; }
@inline function hasFpv5(): bool { return load<u32>(CORE) != 0; }

export function decodeFloat(h1: u32, h2: u32): void {
  if ((h2 & 0xe00) != 0xa00) return refuse();
  isDouble = (h2 & 0x100) != 0;
  const unconditional = (h1 & 0x1000) != 0;
  if ((h1 & 0x200) == 0) return unconditional ? refuse() : decodeFloatMemory(h1, h2);
  if ((h1 & 0x100) != 0) return refuse();
  if (h2 & 0x10) return unconditional ? refuse() : decodeFloatTransfer(h1, h2);
  if (isDouble && !hasDoubles()) return refuse();
  if (unconditional) return additions(h1, h2);
  const group = (field(h1, 7, 1) << 2) | field(h1, 4, 2);
  if (group == 7) return other(h1, h2);
  arithmetic(group, h1, h2);
}

/** Extra bits of double registers select d16–d31, which do not exist. */
function badDouble(h1: u32, h2: u32, mask: u32): bool {
  const set: u32 = (h1 & 0x40 ? 4 : 0) | (h2 & 0x80 ? 2 : 0) | (h2 & 0x20 ? 1 : 0);
  return isDouble && (set & mask) != 0;
}
@inline function fd(h1: u32, h2: u32): u32 { return fpOffset(h2 >>> 12, field(h1, 6, 1)); }
@inline function fn(h1: u32, h2: u32): u32 { return fpOffset(h1 & 0xf, field(h2, 7, 1)); }
@inline function fm(h2: u32): u32 { return fpOffset(h2 & 0xf, field(h2, 5, 1)); }
/** The double form of an operation. */
@inline function form(single: u32, double: u32): u32 { return isDouble ? double : single; }

function arithmetic(group: u32, h1: u32, h2: u32): void {
  if (badDouble(h1, h2, 7)) return refuse();
  const d = fd(h1, h2);
  const n = read(fn(h1, h2));
  const m = read(fm(h2));
  const op = field(h2, 6, 1);
  if (group == 4 && op != 0) return refuse();
  checkFpu();
  write(d);
  switch (group) {
    case 0: case 1: case 5: case 6:
      info.noteFpAccumulate(fpMask(d));
      // aux: 1 = negate the product, 2 = negate the addend
      info.setClass(isDouble ? Cls.FP_FUSED_DOUBLE : group < 2 ? Cls.FP_MULTIPLY_ACCUMULATE : Cls.FP_FUSED);
      return raw(
        group < 2 ? form(Op.VMLA, Op.VMLA_D) : form(Op.VFMA, Op.VFMA_D), d, n, m, 0, multiplyAddSigns(group, op), 0,
      );
    case 2: info.setClass(form(Cls.FP_MULTIPLY, Cls.FP_MULTIPLY_DOUBLE));
      return raw(op ? form(Op.VNMUL, Op.VNMUL_D) : form(Op.VMUL, Op.VMUL_D), d, n, m, 0, 0, 0);
    case 3: info.setClass(form(Cls.FP_ADD, Cls.FP_ADD_DOUBLE));
      return raw(op ? form(Op.VSUB, Op.VSUB_D) : form(Op.VADD, Op.VADD_D), d, n, m, 0, 0, 0);
    default: info.setClass(form(Cls.FP_DIVIDE, Cls.FP_DIVIDE_DOUBLE));
      return raw(form(Op.VDIV, Op.VDIV_D), d, n, m, 0, 0, 0);
  }
}

function multiplyAddSigns(group: u32, op: u32): u32 {
  switch (group) {
    case 0: return op; // VMLA, VMLS
    case 1: return op ? 3 : 2; // VNMLA, VNMLS
    case 5: return op ? 3 : 2; // VFNMA, VFNMS
    default: return op; // VFMA, VFMS
  }
}

function other(h1: u32, h2: u32): void {
  const opc2 = h1 & 0xf;
  const opc3 = field(h2, 6, 2);
  if ((opc3 & 1) == 0) return constant(h1, h2);
  switch (opc2) {
    case 0: return unary(h1, h2, (opc3 & 2) == 0 ? form(Op.VMOV_S, Op.VMOV_D) : form(Op.VABS, Op.VABS_D), Cls.FP_MOVE);
    case 1:
      if ((opc3 & 2) == 0) return unary(h1, h2, form(Op.VNEG, Op.VNEG_D), Cls.FP_MOVE);
      return unary(h1, h2, form(Op.VSQRT, Op.VSQRT_D), form(Cls.FP_SQUARE_ROOT, Cls.FP_SQUARE_ROOT_DOUBLE));
    case 2: case 3: return half(h1, h2);
    case 4: return compare(h1, h2, false);
    case 5: return compare(h1, h2, true);
    case 6:
      // VRINTR rounds as FPSCR says (4), VRINTZ towards zero (3)
      if (!hasFpv5()) return refuse();
      return unary(h1, h2, form(Op.VRINT, Op.VRINT_D), Cls.FP_CONVERT, opc3 & 2 ? 3 : 4);
    case 7:
      if ((opc3 & 2) != 0) return betweenSizes(h1, h2);
      if (!hasFpv5()) return refuse();
      // VRINTX: as FPSCR says, and inexact is flagged (8)
      return unary(h1, h2, form(Op.VRINT, Op.VRINT_D), Cls.FP_CONVERT, 4 | 8);
    case 8: return fromInteger(h1, h2);
    case 10: case 11: case 14: case 15: return fixedPoint(h1, h2);
    case 12: case 13: return toInteger(h1, h2, field(h2, 7, 1) ? 3 : 4, (h1 & 1) != 0, Op.VCVT_FI, Op.VCVT_FI_D);
    default: return refuse();
  }
}

function unary(h1: u32, h2: u32, op: u32, cls: u32, aux: u32 = 0): void {
  if (badDouble(h1, h2, 5)) return refuse();
  checkFpu();
  info.setClass(cls);
  raw(op, write(fd(h1, h2)), 0, read(fm(h2)), 0, aux, 0);
}

/** VMOV #imm: sign, exponent and fraction from eight bits. */
function constant(h1: u32, h2: u32): void {
  if ((h2 & 0xa0) != 0 || badDouble(h1, h2, 4)) return refuse();
  const code = ((h1 & 0xf) << 4) | (h2 & 0xf);
  const sign = code >>> 7;
  const b = field(code, 6, 1);
  checkFpu();
  info.setClass(Cls.FP_CONSTANT);
  const d = write(fd(h1, h2));
  if (isDouble) {
    const high = (sign << 31) | ((b ^ 1) << 30) | ((b ? 0xff : 0) << 22) | ((code & 0x3f) << 16);
    return raw(Op.VMOV_DI, d, 0, 0, 0, 0, high);
  }
  const exponent = ((b ^ 1) << 30) | ((b ? 0x1f : 0) << 25);
  raw(Op.VMOV_I, d, 0, 0, 0, 0, (sign << 31) | exponent | ((code & 0x3f) << 19));
}

/** aux: 1 = signal on quiet NaNs too. */
function compare(h1: u32, h2: u32, zero: bool): void {
  if (badDouble(h1, h2, zero ? 4 : 5) || (zero && (h2 & 0x2f) != 0)) return refuse();
  checkFpu();
  info.setClass(Cls.FP_COMPARE);
  const signalling = field(h2, 7, 1);
  const d = read(fd(h1, h2));
  if (zero) return raw(form(Op.VCMP_Z, Op.VCMP_ZD), d, 0, 0, 0, signalling, 0);
  raw(form(Op.VCMP, Op.VCMP_D), d, 0, read(fm(h2)), 0, signalling, 0);
}

/** VCVTB, VCVTT; aux: 1 = top half, 2 = to half precision. With doubles only where they exist. */
function half(h1: u32, h2: u32): void {
  const toHalf = (h1 & 1) != 0;
  const top = field(h2, 7, 1);
  const double = isDouble;
  // the half side is a single register
  if (double && ((toHalf && (h2 & 0x20) != 0) || (!toHalf && (h1 & 0x40) != 0))) return refuse();
  checkFpu();
  info.setClass(Cls.FP_CONVERT);
  setDoubleForm(double && toHalf);
  const m = read(fm(h2));
  setDoubleForm(double && !toHalf);
  const d = write(fd(h1, h2));
  raw(double ? Op.VCVT_HALF_D : Op.VCVT_HALF, d, 0, m, 0, top | (toHalf ? 2 : 0), 0);
}

/** VCVT between single and double; bit 8 tells the source. */
function betweenSizes(h1: u32, h2: u32): void {
  if (!hasDoubles()) return refuse();
  const fromDouble = isDouble;
  if ((fromDouble && (h2 & 0x20) != 0) || (!fromDouble && (h1 & 0x40) != 0)) return refuse();
  checkFpu();
  info.setClass(Cls.FP_ADD_DOUBLE);
  const m = read(fm(h2));
  setDoubleForm(!fromDouble);
  raw(fromDouble ? Op.VCVT_SD : Op.VCVT_DS, write(fd(h1, h2)), 0, m, 0, 0, 0);
}

/** aux: 1 = signed. */
function fromInteger(h1: u32, h2: u32): void {
  const double = isDouble;
  if (double && (h1 & 0x40) != 0) return refuse();
  checkFpu();
  info.setClass(Cls.FP_CONVERT);
  setDoubleForm(false);
  const m = read(fm(h2));
  setDoubleForm(double);
  raw(double ? Op.VCVT_IF_D : Op.VCVT_IF, write(fd(h1, h2)), 0, m, 0, field(h2, 7, 1), 0);
}

/** `rounding`: 0 nearest even, 1 up, 2 down, 3 to zero, 4 as FPSCR says, 5 nearest, ties away. aux: rounding, +8 signed. */
function toInteger(h1: u32, h2: u32, rounding: u32, signed: bool, op: u32, opDouble: u32): void {
  const double = isDouble;
  if (double && (h2 & 0x20) != 0) return refuse();
  checkFpu();
  info.setClass(Cls.FP_CONVERT);
  const m = read(fm(h2));
  setDoubleForm(false);
  raw(double ? opDouble : op, write(fd(h1, h2)), 0, m, 0, rounding | (signed ? 8 : 0), 0);
}

/** VCVT between float and fixed point, in place; aux: 1 = unsigned, 2 = 32 bits; imm = fraction bits. */
function fixedPoint(h1: u32, h2: u32): void {
  if (badDouble(h1, h2, 4)) return refuse();
  const toFixed = (h1 & 4) != 0;
  const wide = field(h2, 7, 1);
  const bits = <i32>(wide ? 32 : 16) - <i32>(((h2 & 0xf) << 1) | field(h2, 5, 1));
  if (bits < 0) return refuse();
  checkFpu();
  info.setClass(Cls.FP_CONVERT);
  const d = write(read(fd(h1, h2)));
  const op = toFixed ? form(Op.VCVT_FX, Op.VCVT_FX_D) : form(Op.VCVT_XF, Op.VCVT_XF_D);
  raw(op, d, 0, d, 0, (h1 & 1) | (wide << 1), bits);
}

/** The FPv5 additions: VSEL, VMAXNM, VMINNM, VRINT<m>, VCVT<m>. */
function additions(h1: u32, h2: u32): void {
  if (!hasFpv5()) return refuse();
  const directed = h1 & 3;
  // A, N, P, M in encoding order → the rounding numbers above
  const rounding: u32 = directed == 0 ? 5 : directed == 1 ? 0 : directed == 2 ? 1 : 2;
  if ((h1 & 0x80) == 0) {
    if ((h2 & 0x40) != 0 || badDouble(h1, h2, 7)) return refuse();
    checkFpu();
    info.setClass(Cls.FP_MOVE);
    info.flagsRead();
    return raw(form(Op.VSEL, Op.VSEL_D), write(fd(h1, h2)), read(fn(h1, h2)), read(fm(h2)), 0, field(h1, 4, 2), 0);
  }
  if ((h1 & 0x30) == 0) {
    if (badDouble(h1, h2, 7)) return refuse();
    checkFpu();
    info.setClass(form(Cls.FP_ADD, Cls.FP_ADD_DOUBLE));
    const op = form(Op.VMAXNM, Op.VMAXNM_D);
    return raw(op, write(fd(h1, h2)), read(fn(h1, h2)), read(fm(h2)), 0, field(h2, 6, 1), 0);
  }
  if ((h1 & 0x30) != 0x30 || (h2 & 0x40) == 0) return refuse();
  if ((h1 & 0xc) == 0x8) {
    if ((h2 & 0x80) != 0) return refuse();
    return unary(h1, h2, form(Op.VRINT, Op.VRINT_D), Cls.FP_CONVERT, rounding);
  }
  if ((h1 & 0xc) != 0xc) return refuse();
  toInteger(h1, h2, rounding, (h2 & 0x80) != 0, Op.VCVT_FI, Op.VCVT_FI_D);
}
