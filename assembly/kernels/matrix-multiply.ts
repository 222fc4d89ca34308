/**
 * The inner product of conv2d and fully_connected: strips of int16 activations × int16 weights packed in
 * groups of eight output channels, by i32x4.dot_i16x8_s (two taps × four channels per instruction).
 *
 *   strip   [tap pair][pixel][2]      expanded once, reused by every channel group
 *   weights [tap pair][8 channels][2] streamed once per strip
 *
 * Loops are deliberately not unrolled: V8 hoists every load of a basic block to its top and then spills.
 */
import { GROUP_BIAS } from '../memory/channel-group';
import { requantizeGroup, requantizePair } from '../numeric/requantize';

/** Bytes of one channel group's weights per tap. */
export const WEIGHT_BYTES_PER_TAP: i32 = 16;

/** Widens `taps` (a multiple of 8) int8 of one pixel; taps past the pixel's own meet zero weights. */
// @ts-ignore: decorator
@inline
export function expandOne(source: usize, taps: i32, target: usize): void {
  for (let k: usize = 0; k < <usize>taps; k += 8) {
    v128.store(target + (k << 1), v128.load_ext<i8>(source + k));
  }
}

/** Widens four pixels, `stride` bytes apart, and interleaves their tap pairs. */
// @ts-ignore: decorator
@inline
export function expandFour(source: usize, stride: usize, taps: i32, target: usize): void {
  const source1 = source + stride;
  const source2 = source1 + stride;
  const source3 = source2 + stride;
  for (let k: usize = 0; k < <usize>taps; k += 8) {
    const a = v128.load_ext<i8>(source + k);
    const b = v128.load_ext<i8>(source1 + k);
    const c = v128.load_ext<i8>(source2 + k);
    const d = v128.load_ext<i8>(source3 + k);
    const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<i64>(abLow, cdLow, 0, 2));
    v128.store(target, v128.shuffle<i64>(abLow, cdLow, 1, 3), 16);
    v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 32);
    v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 48);
    target += 64;
  }
}

/** One pixel × eight channels. `taps` is even. */
// @ts-ignore: decorator
@inline
export function multiplyOne(
  mode: i32,
  strip: usize,
  weights: usize,
  taps: i32,
  group: usize,
  totalShift: i32,
  output: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  let low = v128.load(group, GROUP_BIAS);
  let high = v128.load(group, GROUP_BIAS + 16);
  const end = strip + (<usize>taps << 1);
  for (; strip < end; strip += 4) {
    const pair = v128.load32_splat(strip);
    low = i32x4.add(low, i32x4.dot_i16x8_s(pair, v128.load(weights)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(pair, v128.load(weights, 16)));
    weights += 32;
  }
  requantizeGroup(mode, low, high, group, totalShift, output, zeroPoint, base, clampMin, clampMax);
}

/** Four pixels × eight channels; output pixels are `outputStride` bytes apart. */
// @ts-ignore: decorator
@inline
export function multiplyFour(
  mode: i32,
  strip: usize,
  weights: usize,
  taps: i32,
  group: usize,
  totalShift: i32,
  output: usize,
  outputStride: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  let low0 = v128.load(group, GROUP_BIAS);
  let high0 = v128.load(group, GROUP_BIAS + 16);
  let low1 = low0;
  let high1 = high0;
  let low2 = low0;
  let high2 = high0;
  let low3 = low0;
  let high3 = high0;
  const end = strip + (<usize>taps << 3);
  for (; strip < end; strip += 16) {
    const lowWeights = v128.load(weights);
    const highWeights = v128.load(weights, 16);
    let pair = v128.load32_splat(strip);
    low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pair, lowWeights));
    high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pair, highWeights));
    pair = v128.load32_splat(strip, 4);
    low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pair, lowWeights));
    high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pair, highWeights));
    pair = v128.load32_splat(strip, 8);
    low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pair, lowWeights));
    high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pair, highWeights));
    pair = v128.load32_splat(strip, 12);
    low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pair, lowWeights));
    high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pair, highWeights));
    weights += 32;
  }
  const output2 = output + 2 * outputStride;
  requantizePair(
    mode, low0, high0, low1, high1, group, totalShift,
    output, output + outputStride, zeroPoint, base, clampMin, clampMax,
  );
  requantizePair(
    mode, low2, high2, low3, high3, group, totalShift,
    output2, output2 + outputStride, zeroPoint, base, clampMin, clampMax,
  );
}
