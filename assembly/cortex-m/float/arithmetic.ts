/** Exact sums, products, fused multiply-adds, quotients and square roots of singles and doubles as bit patterns. */
import {
  DIVISION_BY_ZERO, DOWN, infinity, invalid, isNaN, Kind, operand, pickNaN, quietNaN, raise, roundingMode,
  roundPack, shiftJam, unpack, Unpacked, zero,
} from './unpacked';

/** High word of a 64 × 64-bit product; `productLow` the other. */
let productLow: u64 = 0;
function multiplyWide(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >>> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >>> 32;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 32);
  const other = a0 * b1 + (middle & 0xffffffff);
  productLow = (other << 32) | (low & 0xffffffff);
  return a1 * b1 + (middle >>> 32) + (other >>> 32);
}

/** The zero that an exact cancellation leaves. */
function cancelled(isDouble: bool): u64 { return zero(roundingMode() == DOWN ? 1 : 0, isDouble); }

export function add(x: u64, y: u64, isDouble: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  if (isNaN(a) || isNaN(b)) return pickNaN(a, b, isDouble);
  if (a.kind == Kind.INFINITE) {
    if (b.kind == Kind.INFINITE && a.sign != b.sign) return invalid(isDouble);
    return infinity(a.sign, isDouble);
  }
  if (b.kind == Kind.INFINITE) return infinity(b.sign, isDouble);
  if (a.kind == Kind.ZERO && b.kind == Kind.ZERO) {
    return a.sign == b.sign ? zero(a.sign, isDouble) : cancelled(isDouble);
  }
  return addFinite(a, b, isDouble);
}

@inline function isLarger(a: Unpacked, b: Unpacked): bool {
  return a.exponent > b.exponent || (a.exponent == b.exponent && a.significand > b.significand);
}

/** At least one is not zero; guard bits below bit 10 hold what alignment shifts out. */
function addFinite(a: Unpacked, b: Unpacked, isDouble: bool): u64 {
  let large = a;
  let small = b;
  if (a.kind == Kind.ZERO || (b.kind != Kind.ZERO && isLarger(b, a))) {
    large = b;
    small = a;
  }
  const first = large.significand >>> 1;
  const second = small.kind == Kind.ZERO ? 0 : shiftJam(small.significand >>> 1, large.exponent - small.exponent);
  const sum = large.sign == small.sign ? first + second : first - second;
  if (sum == 0) return cancelled(isDouble);
  const shift = <i32>clz<u64>(sum);
  return roundPack(isDouble, large.sign, large.exponent + 1 - shift, sum << shift, roundingMode());
}

export function multiply(x: u64, y: u64, isDouble: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  const sign = a.sign ^ b.sign;
  if (isNaN(a) || isNaN(b)) return pickNaN(a, b, isDouble);
  if (a.kind == Kind.INFINITE || b.kind == Kind.INFINITE) {
    return a.kind == Kind.ZERO || b.kind == Kind.ZERO ? invalid(isDouble) : infinity(sign, isDouble);
  }
  if (a.kind == Kind.ZERO || b.kind == Kind.ZERO) return zero(sign, isDouble);
  let high = multiplyWide(a.significand, b.significand);
  let exponent = a.exponent + b.exponent + 1;
  high |= <u64>(productLow != 0);
  if (high >>> 63 == 0) {
    // the two lowest bits are sticky or zero: the operands have at most 53 bits
    high = (high << 1) | (high & 1);
    exponent--;
  }
  return roundPack(isDouble, sign, exponent, high, roundingMode());
}

/** addend + x · y with one rounding. */
export function multiplyAdd(addend: u64, x: u64, y: u64, isDouble: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  const c = unpack(addend, isDouble, operand(2));
  const sign = a.sign ^ b.sign;
  const undefinedProduct =
    (a.kind == Kind.INFINITE && b.kind == Kind.ZERO) || (a.kind == Kind.ZERO && b.kind == Kind.INFINITE);
  if (c.kind == Kind.QUIET && undefinedProduct) return invalid(isDouble);
  if (isNaN(a) || isNaN(b) || isNaN(c)) return pickOfThree(c, a, b, isDouble);
  if (undefinedProduct) return invalid(isDouble);
  if (a.kind == Kind.INFINITE || b.kind == Kind.INFINITE) {
    if (c.kind == Kind.INFINITE && c.sign != sign) return invalid(isDouble);
    return infinity(sign, isDouble);
  }
  if (c.kind == Kind.INFINITE) return infinity(c.sign, isDouble);
  if (a.kind == Kind.ZERO || b.kind == Kind.ZERO) {
    if (c.kind != Kind.ZERO) return roundPack(isDouble, c.sign, c.exponent, c.significand, roundingMode());
    return c.sign == sign ? zero(sign, isDouble) : cancelled(isDouble);
  }
  return fuse(a, b, c, sign, isDouble);
}

function pickOfThree(c: Unpacked, a: Unpacked, b: Unpacked, isDouble: bool): u64 {
  if (c.kind == Kind.SIGNALLING) return quietNaN(c, isDouble);
  if (a.kind == Kind.SIGNALLING) return quietNaN(a, isDouble);
  if (b.kind == Kind.SIGNALLING) return quietNaN(b, isDouble);
  if (c.kind == Kind.QUIET) return quietNaN(c, isDouble);
  return quietNaN(a.kind == Kind.QUIET ? a : b, isDouble);
}

// A 128-bit number in two words.
let wideHigh: u64 = 0;
let wideLow: u64 = 0;

function shiftWideJam(amount: u32): void {
  if (amount == 0) return;
  if (amount > 127) {
    wideLow = <u64>((wideHigh | wideLow) != 0);
    wideHigh = 0;
  } else if (amount > 63) {
    const lost = wideLow | (amount > 64 ? wideHigh << (128 - amount) : 0);
    wideLow = (amount > 64 ? wideHigh >>> (amount - 64) : wideHigh) | <u64>(lost != 0);
    wideHigh = 0;
  } else {
    const lost = wideLow << (64 - amount);
    wideLow = (wideLow >>> amount) | (wideHigh << (64 - amount)) | <u64>(lost != 0);
    wideHigh >>>= amount;
  }
}

/** The product has 106 bits of 128, so two bits of headroom and sixteen of guard remain after a shift by two. */
function fuse(a: Unpacked, b: Unpacked, c: Unpacked, sign: u32, isDouble: bool): u64 {
  const high = multiplyWide(a.significand, b.significand);
  // value = (high:low) · 2^(exponent − 127)
  let exponent = a.exponent + b.exponent + 1;
  let pHigh = high >>> 2;
  let pLow = (productLow >>> 2) | (high << 62);
  exponent += 2;
  if (c.kind == Kind.ZERO) return packWide(pHigh, pLow, exponent, sign, isDouble);
  let cHigh = c.significand >>> 2;
  let cLow = c.significand << 62;
  const cExponent = c.exponent + 2;
  if (cExponent > exponent) {
    wideHigh = pHigh;
    wideLow = pLow;
    shiftWideJam(cExponent - exponent);
    pHigh = wideHigh;
    pLow = wideLow;
    exponent = cExponent;
  } else {
    wideHigh = cHigh;
    wideLow = cLow;
    shiftWideJam(exponent - cExponent);
    cHigh = wideHigh;
    cLow = wideLow;
  }
  if (c.sign == sign) {
    const low = pLow + cLow;
    return packWide(pHigh + cHigh + <u64>(low < pLow), low, exponent, sign, isDouble);
  }
  if (pHigh == cHigh && pLow == cLow) return cancelled(isDouble);
  if (pHigh > cHigh || (pHigh == cHigh && pLow > cLow)) {
    return packWide(pHigh - cHigh - <u64>(pLow < cLow), pLow - cLow, exponent, sign, isDouble);
  }
  return packWide(cHigh - pHigh - <u64>(cLow < pLow), cLow - pLow, exponent, c.sign, isDouble);
}

function packWide(high: u64, low: u64, exponent: i32, sign: u32, isDouble: bool): u64 {
  if (high == 0) {
    const shift = <i32>clz<u64>(low);
    return roundPack(isDouble, sign, exponent - 64 - shift, low << shift, roundingMode());
  }
  const shift = <i32>clz<u64>(high);
  const joined = shift == 0 ? high : (high << shift) | (low >>> (64 - shift));
  const lost = shift == 0 ? low : low << shift;
  return roundPack(isDouble, sign, exponent - shift, joined | <u64>(lost != 0), roundingMode());
}

export function divide(x: u64, y: u64, isDouble: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  const b = unpack(y, isDouble, operand(1));
  const sign = a.sign ^ b.sign;
  if (isNaN(a) || isNaN(b)) return pickNaN(a, b, isDouble);
  if (a.kind == b.kind && a.kind != Kind.FINITE) return invalid(isDouble);
  if (a.kind == Kind.INFINITE) return infinity(sign, isDouble);
  if (b.kind == Kind.INFINITE || a.kind == Kind.ZERO) return zero(sign, isDouble);
  if (b.kind == Kind.ZERO) {
    raise(DIVISION_BY_ZERO);
    return infinity(sign, isDouble);
  }
  // long division, one bit a step: 62 bits and a sticky one
  let rest = a.significand >>> 1;
  const divisor = b.significand >>> 1;
  let quotient: u64 = 0;
  for (let i = 0; i < 63; i++) {
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
    rest <<= 1;
  }
  quotient = (quotient << 1) | <u64>(rest != 0);
  const shift = <i32>clz<u64>(quotient);
  return roundPack(isDouble, sign, a.exponent - b.exponent - shift, quotient << shift, roundingMode());
}

export function squareRoot(x: u64, isDouble: bool): u64 {
  const a = unpack(x, isDouble, operand(0));
  if (isNaN(a)) return quietNaN(a, isDouble);
  if (a.kind == Kind.ZERO) return zero(a.sign, isDouble);
  if (a.sign != 0) return invalid(isDouble);
  if (a.kind == Kind.INFINITE) return infinity(0, isDouble);
  // value = s · 2^e with e even and s in [1, 4): digit by digit, 58 bits of root
  const odd = a.exponent & 1;
  let high = a.significand >>> (odd ? 62 : 63);
  let low = a.significand << (odd ? 2 : 1);
  let root: u64 = 0;
  let rest: u64 = high;
  // first digit pair is the integer part
  if (rest >= 1) {
    rest -= 1;
    root = 1;
  }
  for (let i = 0; i < 57; i++) {
    rest = (rest << 2) | (low >>> 62);
    low <<= 2;
    const trial = (root << 2) | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  const significand = (root << 6) | <u64>((rest | low) != 0);
  return roundPack(isDouble, 0, (a.exponent - odd) >> 1, significand, roundingMode());
}
