/**
 * IEEE 754 numbers taken apart, singles and doubles alike, and put together again with rounding and flags.
 * Source: DDI 0403E A2.5 (FPUnpack, FPRound, FPProcessNaNs); written for exactness, not for speed.
 *
 * A finite value is significand · 2^(exponent − 63) with bit 63 set. A NaN keeps its fraction from bit 62 down.
 */
import { FLOAT_SCRATCH, FPSCR } from '../map';

export const enum Kind { ZERO, FINITE, INFINITE, QUIET, SIGNALLING }

@unmanaged export class Unpacked {
  sign: u32;
  kind: u32;
  exponent: i32;
  unused: i32;
  significand: u64;
}

@inline export function operand(index: usize): Unpacked { return changetype<Unpacked>(FLOAT_SCRATCH + (index << 5)); }

// Cumulative exception bits of FPSCR.
export const INVALID: u32 = 1;
export const DIVISION_BY_ZERO: u32 = 2;
export const OVERFLOW: u32 = 4;
export const UNDERFLOW: u32 = 8;
export const INEXACT: u32 = 16;
export const INPUT_DENORMAL: u32 = 128;

/** Rounding: FPSCR's four, and ties away from zero for the directed conversions. */
export const NEAREST: u32 = 0;
export const UP: u32 = 1;
export const DOWN: u32 = 2;
export const TO_ZERO: u32 = 3;
export const NEAREST_AWAY: u32 = 5;

@inline export function raise(flags: u32): void { store<u32>(FPSCR, load<u32>(FPSCR) | flags); }
@inline export function roundingMode(): u32 { return (load<u32>(FPSCR) >>> 22) & 3; }
@inline export function flushesToZero(): bool { return (load<u32>(FPSCR) & 0x01000000) != 0; }
@inline export function defaultsNaN(): bool { return (load<u32>(FPSCR) & 0x02000000) != 0; }

/** Shifts right; bits lost leave a one at the bottom. */
export function shiftJam(value: u64, amount: u32): u64 {
  if (amount == 0) return value;
  if (amount > 63) return <u64>(value != 0);
  return (value >>> amount) | <u64>((value << (64 - amount)) != 0);
}

export function unpack(bits: u64, isDouble: bool, to: Unpacked): Unpacked {
  const fractionBits: u32 = isDouble ? 52 : 23;
  const exponentMask: u32 = isDouble ? 0x7ff : 0xff;
  const fraction = bits & ((<u64>1 << fractionBits) - 1);
  const exponent = <u32>(bits >>> fractionBits) & exponentMask;
  to.sign = <u32>(bits >>> (isDouble ? 63 : 31)) & 1;
  to.exponent = 0;
  to.significand = fraction << (63 - fractionBits);
  if (exponent == exponentMask) {
    to.kind = fraction == 0 ? Kind.INFINITE : to.significand >>> 62 ? Kind.QUIET : Kind.SIGNALLING;
    return to;
  }
  if (exponent != 0) {
    to.kind = Kind.FINITE;
    to.exponent = <i32>exponent - <i32>(exponentMask >>> 1);
    to.significand |= 0x8000000000000000;
    return to;
  }
  to.kind = Kind.ZERO;
  if (fraction == 0) return to;
  if (flushesToZero()) {
    raise(INPUT_DENORMAL);
    to.significand = 0;
    return to;
  }
  normalize(to, 1 - <i32>(exponentMask >>> 1));
  return to;
}

/** Gives a value whose significand is any non-zero number its leading bit 63. */
export function normalize(value: Unpacked, exponent: i32): void {
  const shift = <i32>clz<u64>(value.significand);
  value.kind = Kind.FINITE;
  value.significand <<= shift;
  value.exponent = exponent - shift;
}

@inline export function signBit(sign: u32, isDouble: bool): u64 { return <u64>sign << (isDouble ? 63 : 31); }
export function infinity(sign: u32, isDouble: bool): u64 {
  return signBit(sign, isDouble) | (isDouble ? 0x7ff0000000000000 : 0x7f800000);
}
@inline export function zero(sign: u32, isDouble: bool): u64 { return signBit(sign, isDouble); }
@inline export function defaultNaN(isDouble: bool): u64 { return isDouble ? 0x7ff8000000000000 : 0x7fc00000; }

/** The NaN that comes out when `value` is one: quiet, its payload kept unless FPSCR says otherwise. */
export function quietNaN(value: Unpacked, isDouble: bool): u64 {
  if (value.kind == Kind.SIGNALLING) raise(INVALID);
  if (defaultsNaN()) return defaultNaN(isDouble);
  const fraction = (value.significand | 0x4000000000000000) & 0x7fffffffffffffff;
  return infinity(value.sign, isDouble) | (fraction >>> (isDouble ? 11 : 40));
}

export function invalid(isDouble: bool): u64 {
  raise(INVALID);
  return defaultNaN(isDouble);
}

@inline export function isNaN(value: Unpacked): bool { return value.kind >= <u32>Kind.QUIET; }

/** A signalling NaN wins over a quiet one, the first over the second. */
export function pickNaN(a: Unpacked, b: Unpacked, isDouble: bool): u64 {
  if (a.kind == Kind.SIGNALLING) return quietNaN(a, isDouble);
  if (b.kind == Kind.SIGNALLING) return quietNaN(b, isDouble);
  return quietNaN(a.kind == Kind.QUIET ? a : b, isDouble);
}

/** Whether `rest` (of `whole` units) rounds the magnitude `odd`-parity up. */
export function roundsUp(mode: u32, sign: u32, odd: bool, rest: u64, half: u64): bool {
  switch (mode) {
    case NEAREST: return rest > half || (rest == half && odd);
    case UP: return rest != 0 && sign == 0;
    case DOWN: return rest != 0 && sign != 0;
    case TO_ZERO: return false;
    default: return rest >= half;
  }
}

/** significand · 2^(exponent − 63), bit 63 set, its lowest bit sticky, as a number of the given size. */
export function roundPack(isDouble: bool, sign: u32, exponent: i32, significand: u64, mode: u32): u64 {
  const precision: u32 = isDouble ? 53 : 24;
  const smallest = isDouble ? -1022 : -126;
  const shift = 64 - precision;
  let sig = significand;
  let exp = exponent;
  const tiny = exp < smallest;
  if (tiny) {
    if (flushesToZero()) {
      raise(UNDERFLOW);
      return zero(sign, isDouble);
    }
    sig = shiftJam(sig, smallest - exp);
    exp = smallest;
  }
  const rest = sig & ((<u64>1 << shift) - 1);
  let quotient = sig >>> shift;
  if (roundsUp(mode, sign, (quotient & 1) != 0, rest, <u64>1 << (shift - 1))) quotient++;
  if (rest != 0) raise(tiny ? INEXACT | UNDERFLOW : INEXACT);
  if (quotient >>> precision) {
    quotient >>>= 1;
    exp++;
  }
  if (exp > 1 - smallest) return overflow(isDouble, sign, mode);
  const hidden = <u64>1 << (precision - 1);
  if (quotient < hidden) return signBit(sign, isDouble) | quotient;
  const biased = <u64>(exp - smallest + 1);
  return signBit(sign, isDouble) | (biased << (precision - 1)) | (quotient & (hidden - 1));
}

function overflow(isDouble: bool, sign: u32, mode: u32): u64 {
  raise(OVERFLOW | INEXACT);
  const away = (mode == UP && sign == 0) || (mode == DOWN && sign != 0);
  const toInfinity = mode == NEAREST || mode == NEAREST_AWAY || away;
  return toInfinity ? infinity(sign, isDouble) : infinity(sign, isDouble) - 1;
}
