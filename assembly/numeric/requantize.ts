/**
 * Requantisation, bit-exact with src/numeric/requantize.ts: a scalar form of every mode, and the SIMD form
 * that one proof at load time allows (src/simulate/wasm-requantize.ts).
 */
import {
  GROUP_FLOAT_SCALE,
  GROUP_MULTIPLIER,
  GROUP_ROUNDING,
  GROUP_SCALE,
  GROUP_SHIFT,
} from '../memory/channel-group';

/** Requantisation modes, passed as constants to @inline bodies. */
export const TFLM: i32 = 0;
export const SINGLE: i32 = 1;
export const MULHI: i32 = 2;
export const XNNPACK: i32 = 3;

/** ((a·b + 2^30) >> 31); callers never pass INT32_MIN twice, since multipliers are not negative. */
// @ts-ignore: decorator
@inline
export function doublingHighMul(a: i32, b: i32): i32 {
  return <i32>((<i64>a * <i64>b + (1 << 30)) >> 31);
}

/** Arithmetic right shift by 0…31, halves away from zero. */
// @ts-ignore: decorator
@inline
export function roundingShift(value: i32, exponent: i32): i32 {
  const mask = <i32>((<i64>1 << <i64>exponent) - 1);
  const threshold = (mask >>> 1) + <i32>(value < 0);
  return (value >> exponent) + <i32>((value & mask) > threshold);
}

/** 1.5 · 2^23 and its bits: added to a float32 below 2^22 it leaves the nearest integer in the low bits. */
export const MAGIC: f32 = 12582912.0;
const MAGIC_BITS: i32 = 0x4b400000;
/** Results beyond this saturate at any zero point. */
const FLOAT_LIMIT: f32 = 1048576.0;

/** Mode xnnpack: the multiplier is a float32 as multiplier · 2^(shift − 31); halves to even. */
// @ts-ignore: decorator
@inline
function scaleFloat(acc: i32, multiplier: i32, shift: i32): i32 {
  return roundSaturating(<f32>acc * floatOf(multiplier, shift));
}

// @ts-ignore: decorator
@inline
function floatOf(multiplier: i32, shift: i32): f32 {
  return <f32>(<f64>multiplier * reinterpret<f64>(<i64>(shift - 31 + 1023) << 52));
}

// @ts-ignore: decorator
@inline
function roundSaturating(value: f32): i32 {
  return <i32>nearest<f32>(max<f32>(-FLOAT_LIMIT, min<f32>(FLOAT_LIMIT, value)));
}

/** A mean in mode xnnpack, zero point included: Σ q scaled, then moved by a float32 constant (src/ops/mean.ts). */
// @ts-ignore: decorator
@inline
export function meanFloat(sum: i32, zeroSum: i32, multiplier: i32, shift: i32, zeroPoint: i32): i32 {
  const scale = floatOf(multiplier, shift);
  const origin = <f32>zeroPoint - <f32>zeroSum * scale;
  return roundSaturating(<f32>sum * scale + origin);
}

/** scale(acc) of `mode`, without zero point and clamp. */
// @ts-ignore: decorator
@inline
export function scaleExact(mode: i32, acc: i32, multiplier: i32, shift: i32): i32 {
  if (mode == TFLM) {
    const left = shift > 0 ? shift : 0;
    return roundingShift(doublingHighMul(acc << left, multiplier), left - shift);
  }
  if (mode == XNNPACK) return scaleFloat(acc, multiplier, shift);
  const product = <i64>acc * <i64>multiplier;
  if (mode == SINGLE) {
    const total = <i64>(31 - shift);
    return <i32>((product + (<i64>1 << (total - 1))) >> total);
  }
  return <i32>(((product << <i64>shift) + (<i64>1 << 31)) >> 32);
}

// @ts-ignore: decorator
@inline
export function clampTo(value: i32, min: i32, max: i32): i32 {
  return value < min ? min : value > max ? max : value;
}

/**
 * The total shift that the fast path has as a constant: results are the upper halfword of the product's
 * upper word. Groups that fit no better get another shift (any-shift path) or 0 (exact path).
 */
export const FAST_SHIFT: i32 = 48;
/** In place of a total shift: the group's channels all have the short form in float32. */
export const FLOAT_FORM: i32 = 1;

/** What the short form subtracts from the bits of a sum: the zero point is in the bias but for mode xnnpack. */
// @ts-ignore: decorator
@inline
export function floatBase(mode: i32, zeroPoint: i32): v128 {
  return i32x4.splat(MAGIC_BITS - (mode == XNNPACK ? zeroPoint : 0));
}

/**
 * round(float32(x) · scale), halves to even, less `base`: four results. src/simulate/wasm-float.ts proves that
 * they are the mode's own, and that products stay below 2^22.
 */
// @ts-ignore: decorator
@inline
function roundFloat(x: v128, scale: v128, base: v128): v128 {
  const product = f32x4.mul(f32x4.convert_i32x4_s(x), scale);
  return i32x4.sub(f32x4.add(product, f32x4.splat(MAGIC)), base);
}

/*
 * One 64-bit product per accumulator.
 *
 * tflm: |x|·2^d·M + R >> S, sign restored. With d = S − 31 − (right shift of the channel), R holds half a
 * unit of the first rounding and half a unit of the second; floor(floor(a)/n) = floor(a/n) makes one shift
 * of both. Taking |x| moves the first rounding's halves away from zero, where the definition rounds them up:
 * the load-time proof excludes channels where that shows.
 * single: x·2^d·M + R >> S.
 * mulhi: x·2^L·M + 2^31 >> 32.
 */

/** The product of lanes 0, 1 (`upper` false) or 2, 3 of four prepared accumulators, rounding added. */
// @ts-ignore: decorator
@inline
function product(mode: i32, upper: bool, x: v128, multiplier: v128, rounding: v128): v128 {
  if (mode == TFLM) {
    return i64x2.add(
      upper ? i64x2.extmul_high_i32x4_u(x, multiplier) : i64x2.extmul_low_i32x4_u(x, multiplier),
      rounding,
    );
  }
  return i64x2.add(
    upper ? i64x2.extmul_high_i32x4_s(x, multiplier) : i64x2.extmul_low_i32x4_s(x, multiplier),
    rounding,
  );
}

/** Upper words of four products: scaled by 2^(S − 32) still, but for mulhi. `rounding` holds four uint64. */
// @ts-ignore: decorator
@inline
function upperWords(mode: i32, x: v128, lanes: usize, rounding: usize): v128 {
  const multiplier = v128.load(lanes, GROUP_MULTIPLIER);
  const scale = v128.load(lanes, GROUP_SCALE);
  const scaled = i32x4.mul(mode == TFLM ? i32x4.abs(x) : x, scale);
  const low = product(mode, false, scaled, multiplier, v128.load(rounding));
  const high = product(mode, true, scaled, multiplier, v128.load(rounding, 16));
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** Eight scaled accumulators as int16. `lanes` is the group's address, plus 16 for its second half. */
// @ts-ignore: decorator
@inline
function scaleFast(
  mode: i32,
  x0: v128,
  lanes0: usize,
  rounding0: usize,
  x1: v128,
  lanes1: usize,
  rounding1: usize,
): v128 {
  const words0 = upperWords(mode, x0, lanes0, rounding0);
  const words1 = upperWords(mode, x1, lanes1, rounding1);
  if (mode == MULHI) return i16x8.narrow_i32x4_s(words0, words1);
  const halves = v128.shuffle<i16>(words0, words1, 1, 3, 5, 7, 9, 11, 13, 15);
  if (mode == SINGLE) return halves;
  const sign = i16x8.shr_s(i16x8.narrow_i32x4_s(x0, x1), 15);
  return i16x8.sub(v128.xor(halves, sign), sign);
}

/** Four accumulators by any total shift from 32 up; results in int32. */
// @ts-ignore: decorator
@inline
function scaleAnyShift(mode: i32, x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  const words = upperWords(mode, x, lanes, rounding);
  if (mode == MULHI) return words;
  if (mode == SINGLE) return i32x4.shr_s(words, totalShift - 32);
  const sign = i32x4.shr_s(x, 31);
  return i32x4.sub(v128.xor(i32x4.shr_u(words, totalShift - 32), sign), sign);
}

/** Four accumulators through the scalar form, saturated to int16 range; no proof needed. */
// @ts-ignore: decorator
@inline
function scaleScalar(mode: i32, x: v128, lanes: usize): v128 {
  let result = x;
  for (let lane: usize = 0; lane < 4; lane++) {
    const constants = lanes + (lane << 2);
    const multiplier = load<i32>(constants, GROUP_MULTIPLIER);
    const shift = load<i32>(constants, GROUP_SHIFT);
    const scaled = scaleExact(mode, i32x4.extract_lane(result, 0), multiplier, shift);
    // Rotated once per lane, so after four lanes each stands where it was.
    result = v128.shuffle<i32>(i32x4.replace_lane(result, 0, scaled), result, 1, 2, 3, 0);
  }
  return result;
}

// @ts-ignore: decorator
@inline
function scaleSlow(mode: i32, x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  if (mode == XNNPACK) return scaleScalar(mode, x, lanes);
  return totalShift ? scaleAnyShift(mode, x, lanes, rounding, totalShift) : scaleScalar(mode, x, lanes);
}

// Calls, so that the rare paths do not swell the inner loops.
function scaleSlowTflm(x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  return scaleSlow(TFLM, x, lanes, rounding, totalShift);
}
function scaleSlowSingle(x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  return scaleSlow(SINGLE, x, lanes, rounding, totalShift);
}
function scaleSlowMulhi(x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  return scaleSlow(MULHI, x, lanes, rounding, totalShift);
}
function scaleSlowXnnpack(x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  return scaleSlow(XNNPACK, x, lanes, rounding, totalShift);
}

// @ts-ignore: decorator
@inline
function callSlow(mode: i32, x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  if (mode == TFLM) return scaleSlowTflm(x, lanes, rounding, totalShift);
  if (mode == SINGLE) return scaleSlowSingle(x, lanes, rounding, totalShift);
  if (mode == XNNPACK) return scaleSlowXnnpack(x, lanes, rounding, totalShift);
  return scaleSlowMulhi(x, lanes, rounding, totalShift);
}

/** Eight scaled accumulators as int16, zero point added: not by the short form. */
// @ts-ignore: decorator
@inline
function scaleEight(
  mode: i32,
  totalShift: i32,
  x0: v128,
  lanes0: usize,
  rounding0: usize,
  x1: v128,
  lanes1: usize,
  rounding1: usize,
  zeroPoint: v128,
): v128 {
  const scaled =
    mode != XNNPACK && totalShift == FAST_SHIFT
      ? scaleFast(mode, x0, lanes0, rounding0, x1, lanes1, rounding1)
      : i16x8.narrow_i32x4_s(
          callSlow(mode, x0, lanes0, rounding0, totalShift),
          callSlow(mode, x1, lanes1, rounding1, totalShift),
        );
  // Every narrowing saturates, and the clamp lies within int8, so none changes the clamped result.
  return i16x8.add_sat_s(scaled, zeroPoint);
}

/** The same by the short form. */
// @ts-ignore: decorator
@inline
function roundEight(x0: v128, scale0: v128, x1: v128, scale1: v128, base: v128): v128 {
  return i16x8.narrow_i32x4_s(roundFloat(x0, scale0, base), roundFloat(x1, scale1, base));
}

// @ts-ignore: decorator
@inline
function clampBytes(first: v128, second: v128, clampMin: v128, clampMax: v128): v128 {
  return i8x16.max_s(i8x16.min_s(i8x16.narrow_i16x8_s(first, second), clampMax), clampMin);
}

/**
 * Requantises one pixel's accumulators of a channel group and stores eight bytes at `output`.
 *
 * @param low, high int32 accumulators of channels 0–3 and 4–7 of the group
 * @param totalShift the group's total shift
 * @param zeroPoint int16 splat; floatBase of floatBase(); clampMin, clampMax int8 splats
 */
// @ts-ignore: decorator
@inline
export function requantizeGroup(
  mode: i32,
  low: v128,
  high: v128,
  group: usize,
  totalShift: i32,
  output: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  const scaled =
    totalShift == FLOAT_FORM
      ? roundEight(
          low, v128.load(group, GROUP_FLOAT_SCALE), high, v128.load(group, GROUP_FLOAT_SCALE + 16), base,
        )
      : scaleEight(
          mode, totalShift,
          low, group, group + GROUP_ROUNDING, high, group + 16, group + (GROUP_ROUNDING + 32), zeroPoint,
        );
  v128.store64_lane(output, clampBytes(scaled, scaled, clampMin, clampMax), 0);
}

/** The same for two pixels, stored at `output0` and `output1`. */
// @ts-ignore: decorator
@inline
export function requantizePair(
  mode: i32,
  low0: v128,
  high0: v128,
  low1: v128,
  high1: v128,
  group: usize,
  totalShift: i32,
  output0: usize,
  output1: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  let first: v128;
  let second: v128;
  if (totalShift == FLOAT_FORM) {
    const lowScale = v128.load(group, GROUP_FLOAT_SCALE);
    const highScale = v128.load(group, GROUP_FLOAT_SCALE + 16);
    first = roundEight(low0, lowScale, high0, highScale, base);
    second = roundEight(low1, lowScale, high1, highScale, base);
  } else {
    const upper = group + 16;
    const rounding = group + GROUP_ROUNDING;
    const upperRounding = group + (GROUP_ROUNDING + 32);
    first = scaleEight(mode, totalShift, low0, group, rounding, high0, upper, upperRounding, zeroPoint);
    second = scaleEight(mode, totalShift, low1, group, rounding, high1, upper, upperRounding, zeroPoint);
  }
  const bytes = clampBytes(first, second, clampMin, clampMax);
  v128.store64_lane(output0, bytes, 0);
  v128.store64_lane(output1, bytes, 1);
}

/**
 * The same for two pixels' accumulators of four channels.
 *
 * @param lanes the group's address, plus 16 for its upper half
 * @param rounding the group's rounding constants, plus 32 for the upper half
 */
// @ts-ignore: decorator
@inline
export function requantizeHalfGroup(
  mode: i32,
  first: v128,
  second: v128,
  lanes: usize,
  rounding: usize,
  totalShift: i32,
  output0: usize,
  output1: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  let scaled: v128;
  if (totalShift == FLOAT_FORM) {
    const scale = v128.load(lanes, GROUP_FLOAT_SCALE);
    scaled = roundEight(first, scale, second, scale, base);
  } else {
    scaled = scaleEight(mode, totalShift, first, lanes, rounding, second, lanes, rounding, zeroPoint);
  }
  const bytes = clampBytes(scaled, scaled, clampMin, clampMax);
  v128.store32_lane(output0, bytes, 0);
  v128.store32_lane(output1, bytes, 1);
}
