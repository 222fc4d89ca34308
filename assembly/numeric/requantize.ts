/**
 * Requantisation, bit-exact with src/numeric/requantize.ts: a scalar form of every mode, and the SIMD form
 * that one proof at load time allows (src/simulate/wasm-requantize.ts).
 */
import {
  GROUP_MULTIPLIER,
  GROUP_ROUNDING,
  GROUP_SCALE,
  GROUP_SHIFT,
} from '../memory/channel-group';

/** Requantisation modes, passed as constants to @inline bodies. */
export const TFLM: i32 = 0;
export const SINGLE: i32 = 1;
export const MULHI: i32 = 2;

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

/** scale(acc) of `mode`, without zero point and clamp. */
// @ts-ignore: decorator
@inline
export function scaleExact(mode: i32, acc: i32, multiplier: i32, shift: i32): i32 {
  if (mode == TFLM) {
    const left = shift > 0 ? shift : 0;
    return roundingShift(doublingHighMul(acc << left, multiplier), left - shift);
  }
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
 * Scales four accumulators in one 64-bit product each.
 *
 * tflm: |x|·2^d·M + R >> S, sign restored. With d = S − 31 − (right shift of the channel), R holds half a
 * unit of the first rounding and half a unit of the second; floor(floor(a)/n) = floor(a/n) makes one shift
 * of both. Taking |x| moves the first rounding's halves away from zero, where the definition rounds them up:
 * the load-time proof excludes channels where that shows.
 * single: x·2^d·M + R + 2^62 >> S, less the 2^62; the offset makes the shift an unsigned one.
 * mulhi: the high word of x·2^L·M + 2^31.
 *
 * @param lanes address of the group, plus 16 for its second half
 * @param rounding address of the group's rounding constants, plus 32 for the second half
 */
// @ts-ignore: decorator
@inline
function scaleLanes(mode: i32, x: v128, lanes: usize, rounding: usize, totalShift: i32): v128 {
  const multiplier = v128.load(lanes, GROUP_MULTIPLIER);
  const scale = v128.load(lanes, GROUP_SCALE);
  if (mode == TFLM) {
    const sign = i32x4.shr_s(x, 31);
    const magnitude = i32x4.mul(i32x4.abs(x), scale);
    const low = i64x2.add(i64x2.extmul_low_i32x4_u(magnitude, multiplier), v128.load(rounding));
    const high = i64x2.add(i64x2.extmul_high_i32x4_u(magnitude, multiplier), v128.load(rounding, 16));
    const scaled = v128.shuffle<i32>(i64x2.shr_u(low, totalShift), i64x2.shr_u(high, totalShift), 0, 2, 4, 6);
    return i32x4.sub(v128.xor(scaled, sign), sign);
  }
  const scaled = i32x4.mul(x, scale);
  if (mode == SINGLE) {
    const low = i64x2.add(i64x2.extmul_low_i32x4_s(scaled, multiplier), v128.load(rounding));
    const high = i64x2.add(i64x2.extmul_high_i32x4_s(scaled, multiplier), v128.load(rounding, 16));
    const shifted = v128.shuffle<i32>(i64x2.shr_u(low, totalShift), i64x2.shr_u(high, totalShift), 0, 2, 4, 6);
    return i32x4.sub(shifted, i32x4.splat(1 << (62 - totalShift)));
  }
  const half = i64x2.splat(<i64>1 << 31);
  const low = i64x2.add(i64x2.extmul_low_i32x4_s(scaled, multiplier), half);
  const high = i64x2.add(i64x2.extmul_high_i32x4_s(scaled, multiplier), half);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** The exact path of one group: eight accumulators through the scalar form. */
// @ts-ignore: decorator
@inline
function requantizeExact(
  mode: i32,
  low: v128,
  high: v128,
  group: usize,
  output: usize,
  zeroPoint: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  const zero = <i32>i16x8.extract_lane_s(zeroPoint, 0);
  const min = <i32>i8x16.extract_lane_s(clampMin, 0);
  const max = <i32>i8x16.extract_lane_s(clampMax, 0);
  let bytes: u64 = 0;
  for (let lane: usize = 0; lane < 8; lane++) {
    const acc = i32x4.extract_lane(low, 0);
    low = v128.shuffle<i32>(low, high, 1, 2, 3, 4);
    high = v128.shuffle<i32>(high, high, 1, 2, 3, 3);
    const multiplier = load<i32>(group + (lane << 2), GROUP_MULTIPLIER);
    const shift = load<i32>(group + (lane << 2), GROUP_SHIFT);
    // In 64 bits: the scaled value may fill an int32, and the zero point comes on top.
    const q = <i64>scaleExact(mode, acc, multiplier, shift) + <i64>zero;
    const clamped = q < <i64>min ? min : q > <i64>max ? max : <i32>q;
    bytes |= (<u64>clamped & 0xff) << (<u64>lane << 3);
  }
  store<u64>(output, bytes);
}

function requantizeExactTflm(a: v128, b: v128, g: usize, o: usize, z: v128, lo: v128, hi: v128): void {
  requantizeExact(TFLM, a, b, g, o, z, lo, hi);
}
function requantizeExactSingle(a: v128, b: v128, g: usize, o: usize, z: v128, lo: v128, hi: v128): void {
  requantizeExact(SINGLE, a, b, g, o, z, lo, hi);
}
function requantizeExactMulhi(a: v128, b: v128, g: usize, o: usize, z: v128, lo: v128, hi: v128): void {
  requantizeExact(MULHI, a, b, g, o, z, lo, hi);
}

/**
 * Requantises the accumulators of one channel group and stores eight bytes at `output`.
 *
 * @param low, high int32 accumulators of channels 0–3 and 4–7 of the group
 * @param totalShift the group's total shift; 0 takes the exact path
 * @param zeroPoint int16 splat; clampMin, clampMax int8 splats
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
  clampMin: v128,
  clampMax: v128,
): void {
  if (!totalShift) {
    if (mode == TFLM) requantizeExactTflm(low, high, group, output, zeroPoint, clampMin, clampMax);
    else if (mode == SINGLE) requantizeExactSingle(low, high, group, output, zeroPoint, clampMin, clampMax);
    else requantizeExactMulhi(low, high, group, output, zeroPoint, clampMin, clampMax);
    return;
  }
  // Both narrowings saturate, and the clamp lies within int8, so neither changes the clamped result.
  const wide = i16x8.narrow_i32x4_s(
    scaleLanes(mode, low, group, group + GROUP_ROUNDING, totalShift),
    scaleLanes(mode, high, group + 16, group + GROUP_ROUNDING + 32, totalShift),
  );
  const shifted = i16x8.add_sat_s(wide, zeroPoint);
  const bytes = i8x16.max_s(i8x16.min_s(i8x16.narrow_i16x8_s(shifted, shifted), clampMax), clampMin);
  v128.store64_lane(output, bytes, 0);
}
