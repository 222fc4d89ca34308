/** Conversions, comparisons, minima and rounding to integral values; bit patterns in and out. */
import {
  defaultsNaN, INEXACT, infinity, INVALID, isNaN, Kind, NEAREST, operand, OVERFLOW, pickNaN, quietNaN, raise,
  roundingMode, roundPack, roundsUp, shiftJam, UNDERFLOW, unpack, Unpacked, zero, normalize,
} from './unpacked';
import { FPSCR } from '../map';

/** N, Z, C, V in bits 31…28; `signalling` compares object to quiet NaNs too. */
export function compare(x: u64, y: u64, isDouble: bool, signalling: bool): u32 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  if (isNaN(a) || isNaN(b)) {
    if (signalling || a.kind == Kind.SIGNALLING || b.kind == Kind.SIGNALLING) raise(INVALID);
    return 0x30000000;
  }
  const order = orderOf(a, b);
  return order == 0 ? 0x60000000 : order < 0 ? 0x80000000 : 0x20000000;
}

/** −1, 0, 1 for numbers. */
function orderOf(a: Unpacked, b: Unpacked): i32 {
  if (a.kind == Kind.ZERO && b.kind == Kind.ZERO) return 0;
  if (a.kind == Kind.ZERO) return b.sign ? 1 : -1;
  if (b.kind == Kind.ZERO || a.sign != b.sign) return a.sign ? -1 : 1;
  let order: i32;
  if (a.kind == Kind.INFINITE || b.kind == Kind.INFINITE) order = <i32>a.kind - <i32>b.kind;
  else if (a.exponent != b.exponent) order = a.exponent - b.exponent;
  else order = a.significand == b.significand ? 0 : a.significand > b.significand ? 1 : -1;
  const clamped = order < 0 ? -1 : order > 0 ? 1 : 0;
  return a.sign ? -clamped : clamped;
}

/** VMAXNM and VMINNM: a number beats a quiet NaN; +0 is above −0. */
export function maxNum(x: u64, y: u64, isDouble: bool, minimum: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  if (a.kind == Kind.SIGNALLING || b.kind == Kind.SIGNALLING || (isNaN(a) && isNaN(b))) return pickNaN(a, b, isDouble);
  const first = isNaN(b) ? true : isNaN(a) ? false : prefersFirst(a, b, minimum);
  const chosen = first ? a : b;
  // a flushed input comes out as the zero it was taken for
  return chosen.kind == Kind.ZERO ? zero(chosen.sign, isDouble) : first ? x : y;
}

function prefersFirst(a: Unpacked, b: Unpacked, minimum: bool): bool {
  const order = orderOf(a, b);
  if (order == 0) return minimum ? a.sign != 0 : a.sign == 0;
  return minimum ? order < 0 : order > 0;
}

/** Integral value of the same size; `exact` flags a change. Mode 4: as FPSCR says. */
export function roundToIntegral(x: u64, isDouble: bool, rounding: u32, exact: bool): u64 {
  const mode = rounding == 4 ? roundingMode() : rounding;
  const a = unpack(x, isDouble, operand(0));
  if (isNaN(a)) return quietNaN(a, isDouble);
  if (a.kind == Kind.ZERO) return zero(a.sign, isDouble);
  if (a.kind == Kind.INFINITE || a.exponent >= 63) return x;
  // fixed point with one unit at bit 0 and the rest below
  const whole = a.exponent < 0 ? 0 : a.significand >>> (63 - a.exponent);
  const rest = fractionOf(a);
  const magnitude = whole + <u64>roundsUp(mode, a.sign, (whole & 1) != 0, rest, 0x8000000000000000);
  if (rest != 0 && exact) raise(INEXACT);
  if (magnitude == 0) return zero(a.sign, isDouble);
  const shift = <i32>clz<u64>(magnitude);
  return roundPack(isDouble, a.sign, 63 - shift, magnitude << shift, NEAREST);
}

/** The part below one unit, as a fraction of 2^64, sticky at the bottom. */
function fractionOf(a: Unpacked): u64 {
  if (a.exponent < 0) return shiftJam(a.significand, -a.exponent - 1);
  return a.exponent == 63 ? 0 : a.significand << (a.exponent + 1);
}

/** x · 2^fractionBits as an integer of `bits` bits, saturated; NaN gives 0. */
export function toInteger(x: u64, isDouble: bool, rounding: u32, signed: bool, bits: u32, fractionBits: u32): u64 {
  const mode = rounding == 4 ? roundingMode() : rounding;
  const a = unpack(x, isDouble, operand(0));
  const most = signed ? (<u64>1 << (bits - 1)) - 1 : ((<u64>1 << (bits - 1)) << 1) - 1;
  if (isNaN(a)) {
    raise(INVALID);
    return 0;
  }
  if (a.kind == Kind.ZERO) return 0;
  if (a.kind == Kind.INFINITE) return saturated(a.sign, signed, most);
  a.exponent += fractionBits;
  if (a.exponent >= 63) return saturated(a.sign, signed, most);
  const whole = a.exponent < 0 ? 0 : a.significand >>> (63 - a.exponent);
  const rest = fractionOf(a);
  const magnitude = whole + <u64>roundsUp(mode, a.sign, (whole & 1) != 0, rest, 0x8000000000000000);
  if (a.sign != 0 && !signed && magnitude != 0) return saturated(1, false, most);
  if (magnitude > most + <u64>(a.sign != 0 && signed)) return saturated(a.sign, signed, most);
  if (rest != 0) raise(INEXACT);
  return a.sign ? 0 - magnitude : magnitude;
}

function saturated(sign: u32, signed: bool, most: u64): u64 {
  raise(INVALID);
  return sign ? (signed ? ~most : 0) : most;
}

/** integer · 2^−fractionBits. */
export function fromInteger(value: i64, isDouble: bool, mode: u32, fractionBits: i32): u64 {
  if (value == 0) return 0;
  const sign: u32 = value < 0 ? 1 : 0;
  const magnitude = <u64>(value < 0 ? 0 - value : value);
  const shift = <i32>clz<u64>(magnitude);
  return roundPack(isDouble, sign, 63 - shift - fractionBits, magnitude << shift, mode);
}

/** Between singles and doubles. */
export function resize(x: u64, fromDouble: bool): u64 {
  const a = unpack(x, fromDouble, operand(0));
  const toDouble = !fromDouble;
  if (isNaN(a)) return quietNaN(a, toDouble);
  if (a.kind == Kind.ZERO) return zero(a.sign, toDouble);
  if (a.kind == Kind.INFINITE) return infinity(a.sign, toDouble);
  return roundPack(toDouble, a.sign, a.exponent, a.significand, roundingMode());
}

const ALTERNATIVE_HALF: u32 = 0x04000000;

/** Half precision (IEEE or, if FPSCR.AHP, Arm's alternative without infinities) to single or double. */
export function fromHalf(half: u32, toDouble: bool): u64 {
  const sign = (half >>> 15) & 1;
  const exponent = <i32>(half >>> 10) & 0x1f;
  const fraction = <u64>(half & 0x3ff);
  const to = operand(0);
  to.sign = sign;
  to.significand = fraction << 53;
  if (exponent == 31 && (load<u32>(FPSCR) & ALTERNATIVE_HALF) == 0) {
    if (fraction == 0) return infinity(sign, toDouble);
    to.kind = fraction >>> 9 ? Kind.QUIET : Kind.SIGNALLING;
    return quietNaN(to, toDouble);
  }
  if (exponent == 0) {
    if (fraction == 0) return zero(sign, toDouble);
    normalize(to, -14);
    return roundPack(toDouble, sign, to.exponent, to.significand, NEAREST);
  }
  return roundPack(toDouble, sign, exponent - 15, to.significand | 0x8000000000000000, NEAREST);
}

export function toHalf(x: u64, fromDouble: bool): u32 {
  const alternative = (load<u32>(FPSCR) & ALTERNATIVE_HALF) != 0;
  const a = unpack(x, fromDouble, operand(0));
  const sign = a.sign << 15;
  if (isNaN(a)) return halfNaN(a, sign, alternative);
  if (a.kind == Kind.ZERO) return sign;
  if (a.kind == Kind.INFINITE) {
    if (!alternative) return sign | 0x7c00;
    raise(INVALID);
    return sign | 0x7fff;
  }
  return roundHalf(a, sign, alternative);
}

function halfNaN(a: Unpacked, sign: u32, alternative: bool): u32 {
  if (alternative) {
    raise(INVALID);
    return sign;
  }
  if (a.kind == Kind.SIGNALLING) raise(INVALID);
  if (defaultsNaN()) return 0x7e00;
  return sign | 0x7e00 | <u32>((a.significand >>> 53) & 0x3ff);
}

/** Eleven bits of precision; flush-to-zero does not apply to halves. */
function roundHalf(a: Unpacked, sign: u32, alternative: bool): u32 {
  const mode = roundingMode();
  let exponent = a.exponent;
  let significand = a.significand;
  const tiny = exponent < -14;
  if (tiny) {
    significand = shiftJam(significand, -14 - exponent);
    exponent = -14;
  }
  const rest = significand & 0x001fffffffffffff;
  let quotient = <u32>(significand >>> 53);
  if (roundsUp(mode, a.sign, (quotient & 1) != 0, rest, 0x0010000000000000)) quotient++;
  if (quotient == 0x800) {
    quotient = 0x400;
    exponent++;
  }
  if (exponent > (alternative ? 16 : 15)) {
    if (alternative) {
      raise(INVALID);
      return sign | 0x7fff;
    }
    raise(OVERFLOW | INEXACT);
    const toInfinity = mode == NEAREST || (mode == 1 && sign == 0) || (mode == 2 && sign != 0);
    return sign | (toInfinity ? 0x7c00 : 0x7bff);
  }
  if (rest != 0) raise(tiny ? INEXACT | UNDERFLOW : INEXACT);
  if (quotient < 0x400) return sign | quotient;
  return sign | (<u32>(exponent + 15) << 10) | (quotient & 0x3ff);
}
