/**
 * depthwise_conv2d with a 3×3 window of stride 1 or 2, multiplier 1, no dilation.
 *
 * Two padded input rows at a time are widened and interleaved, so that i32x4.dot_i16x8_s multiplies two taps
 * of a column at once; each row pair serves two output rows and is widened once:
 *
 *   row pair  [half group of 4 channels][padded column][4 channels][2 rows]   int16
 *   weights   [half group][2 parities][2 row pairs][3 columns][4 channels][2 rows]
 *
 * An output row on an even padded row meets rows (0, 1) and (2, –) of its window in the two pairs, one on an
 * odd row (stride 1 only) meets (–, 0) and (1, 2); "–" has weight zero. At least 8 channels and two output
 * columns: two pixels × four channels at a time, the last two pixels may overlap the two before.
 */
import { DepthwiseConv2dArguments } from '../memory/arguments';
import {
  GROUP_BIAS,
  GROUP_BYTES,
  GROUP_CHANNELS,
  GROUP_FIRST,
  GROUP_ROUNDING,
  GROUP_TOTAL_SHIFT,
} from '../memory/channel-group';
import { fillRun } from '../memory/copy';
import { FLOAT_FORM, floatBase, requantizeHalfGroup } from '../numeric/requantize';

/** Bytes of one padded column of a half group, and of its weights for one parity. */
const COLUMN_BYTES: i32 = 16;
const PARITY_BYTES: i32 = 6 * 16;

/** Row `row` of the padded image as a pointer to input pixels, or to a row of zero points outside it. */
// @ts-ignore: decorator
@inline
function rowPointer(args: DepthwiseConv2dArguments, zeroRow: usize, row: i32): usize {
  const y = row - args.padTop;
  if (<u32>y >= <u32>args.inputHeight) return zeroRow;
  return args.input + <usize>(y * args.inputWidth * args.outputChannels);
}

/** Widens padded rows 2·index and 2·index + 1 of all channels into `target`. */
function expandRowPair(args: DepthwiseConv2dArguments, zeroRow: usize, index: i32, target: usize): void {
  const channels = <usize>args.outputChannels;
  const upper = rowPointer(args, zeroRow, 2 * index);
  const lower = rowPointer(args, zeroRow, 2 * index + 1);
  const planeBytes = <usize>(args.paddedWidth * COLUMN_BYTES);
  const padding = i16x8.splat(<i16>args.inputZeroPoint);
  const inner = min(args.inputWidth, args.paddedWidth - args.padLeft);
  const leftEnd = <usize>(args.padLeft * COLUMN_BYTES);
  const innerEnd = leftEnd + <usize>(inner * COLUMN_BYTES);
  const groups = (args.outputChannels + GROUP_CHANNELS - 1) / GROUP_CHANNELS;
  for (let g = 0; g < groups; g++) {
    const first = min(<usize>(g * GROUP_CHANNELS), channels - GROUP_CHANNELS);
    let upperPixel = upper + first;
    let lowerPixel = lower + first;
    let column = target;
    const second = target + planeBytes;
    for (; column < target + leftEnd; column += COLUMN_BYTES) {
      v128.store(column, padding);
      v128.store(column + planeBytes, padding);
    }
    for (; column < target + innerEnd; column += COLUMN_BYTES) {
      const a = v128.load_ext<i8>(upperPixel);
      const b = v128.load_ext<i8>(lowerPixel);
      v128.store(column, v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(column + planeBytes, v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
      upperPixel += channels;
      lowerPixel += channels;
    }
    for (; column < second; column += COLUMN_BYTES) {
      v128.store(column, padding);
      v128.store(column + planeBytes, padding);
    }
    target = second + planeBytes;
  }
}

/** One output row of one half group. */
// @ts-ignore: decorator
@inline
function multiplyRow(
  mode: i32,
  stride: i32,
  upper: usize,
  lower: usize,
  weights: usize,
  lanes: usize,
  rounding: usize,
  totalShift: i32,
  output: usize,
  outputWidth: i32,
  channels: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  const upper0 = v128.load(weights);
  const upper1 = v128.load(weights, 16);
  const upper2 = v128.load(weights, 32);
  const lower0 = v128.load(weights, 48);
  const lower1 = v128.load(weights, 64);
  const lower2 = v128.load(weights, 80);
  const bias = v128.load(lanes, GROUP_BIAS);
  const step = <usize>(2 * stride * COLUMN_BYTES);
  const distance = lower - upper;
  let a = upper;
  let target = output;
  for (let left = outputWidth; left > 0; left -= 2) {
    // The last pixel alone is computed with the one before.
    if (left == 1) {
      a -= <usize>(stride * COLUMN_BYTES);
      target -= channels;
    }
    const b = a + distance;
    let first = bias;
    let second = bias;
    if (stride == 1) {
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(a), upper0));
      let value = v128.load(a, 16);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, upper1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, upper0));
      value = v128.load(a, 32);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, upper2));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, upper1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(a, 48), upper2));
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(b), lower0));
      value = v128.load(b, 16);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, lower1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, lower0));
      value = v128.load(b, 32);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, lower2));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, lower1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(b, 48), lower2));
    } else {
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(a), upper0));
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(a, 16), upper1));
      let value = v128.load(a, 32);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, upper2));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, upper0));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(a, 48), upper1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(a, 64), upper2));
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(b), lower0));
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load(b, 16), lower1));
      value = v128.load(b, 32);
      first = i32x4.add(first, i32x4.dot_i16x8_s(value, lower2));
      second = i32x4.add(second, i32x4.dot_i16x8_s(value, lower0));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(b, 48), lower1));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load(b, 64), lower2));
    }
    requantizeHalfGroup(
      mode, first, second, lanes, rounding, totalShift, target, target + channels, zeroPoint, base, clampMin, clampMax,
    );
    a += step;
    target += 2 * channels;
  }
}

/** One output row of all channels; `parity` 1 when its first padded row is odd. */
// @ts-ignore: decorator
@inline
function multiplyRows(
  mode: i32,
  stride: i32,
  args: DepthwiseConv2dArguments,
  upper: usize,
  lower: usize,
  parity: i32,
  output: usize,
): void {
  const zeroPoint = i16x8.splat(<i16>args.outputZeroPoint);
  const base = floatBase(mode, args.outputZeroPoint);
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  const channels = args.outputChannels;
  const outputWidth = args.outputWidth;
  const planeBytes = <usize>(args.paddedWidth * COLUMN_BYTES);
  const groupEnd = args.groups + <usize>((channels + GROUP_CHANNELS - 1) / GROUP_CHANNELS) * GROUP_BYTES;
  let weights = args.weights + <usize>(parity * PARITY_BYTES);
  for (let group = args.groups; group < groupEnd; group += GROUP_BYTES) {
    const totalShift = load<i32>(group, GROUP_TOTAL_SHIFT);
    const target = output + <usize>load<i32>(group, GROUP_FIRST);
    for (let half: usize = 0; half < 2; half++) {
      const lanes = group + (half << 4);
      const rounding = group + GROUP_ROUNDING + (half << 5);
      const corner = target + (half << 2);
      // The common form as a constant: its test leaves the inner loop.
      if (totalShift == FLOAT_FORM) {
        multiplyRow(
          mode, stride, upper, lower, weights, lanes, rounding, FLOAT_FORM,
          corner, outputWidth, <usize>channels, zeroPoint, base, clampMin, clampMax,
        );
      } else {
        multiplyRow(
          mode, stride, upper, lower, weights, lanes, rounding, totalShift,
          corner, outputWidth, <usize>channels, zeroPoint, base, clampMin, clampMax,
        );
      }
      upper += planeBytes;
      lower += planeBytes;
      weights += 2 * PARITY_BYTES;
    }
  }
}

// @ts-ignore: decorator
@inline
function depthwise(mode: i32, stride: i32, args: DepthwiseConv2dArguments): void {
  const channels = args.outputChannels;
  const rowBytes = args.inputWidth * channels;
  const halfGroups = ((channels + GROUP_CHANNELS - 1) / GROUP_CHANNELS) * 2;
  const pairBytes = <usize>(halfGroups * args.paddedWidth * COLUMN_BYTES);
  const zeroRow = args.padded;
  const pairs = zeroRow + <usize>((rowBytes + 31) & ~15);
  fillRun(zeroRow, args.inputZeroPoint, rowBytes);
  expandRowPair(args, zeroRow, 0, pairs);
  let output = args.output;
  let newest = 0;
  for (let y = 0; y < args.outputHeight; y++) {
    const row = y * stride;
    const index = row >> 1;
    // Pair i stands in slot i mod 2; the row needs pairs index and index + 1.
    if (newest == index) {
      newest++;
      expandRowPair(args, zeroRow, newest, pairs + <usize>(newest & 1) * pairBytes);
    }
    const upper = pairs + <usize>(index & 1) * pairBytes;
    const lower = pairs + <usize>(newest & 1) * pairBytes;
    multiplyRows(mode, stride, args, upper, lower, row & 1, output);
    output += <usize>(args.outputWidth * channels);
  }
}

// @ts-ignore: decorator
@inline
export function depthwiseConv2d3x3(mode: i32, record: usize): void {
  const args = changetype<DepthwiseConv2dArguments>(record);
  if (args.strideWidth == 1) depthwise(mode, 1, args);
  else depthwise(mode, 2, args);
}
