/**
 * depthwise_conv2d with any window and multiplier: the input is first copied into a padded image whose
 * channels are already repeated `depthMultiplier` times, then each tap is one multiply of eight channels.
 * The 3×3 window has its own kernel, depthwise-conv2d-3x3.ts.
 */
import { DepthwiseConv2dArguments } from '../memory/arguments';
import {
  GROUP_BIAS,
  GROUP_BYTES,
  GROUP_CHANNELS,
  GROUP_FIRST,
  GROUP_TOTAL_SHIFT,
} from '../memory/channel-group';
import { copyRun, fillRun } from '../memory/copy';
import { floatBase, requantizeGroup } from '../numeric/requantize';

/** One input pixel's channels, each repeated; returns the address behind them. */
// @ts-ignore: decorator
@inline
function repeatChannels(source: usize, channels: i32, times: i32, target: usize): usize {
  for (let c: usize = 0; c < <usize>channels; c++) {
    const value = load<u8>(source + c);
    for (let m = 0; m < times; m++) store<u8>(target++, value);
  }
  return target;
}

/** Fills args.padded: the zero point around the image, input channels repeated. */
function padImage(args: DepthwiseConv2dArguments): void {
  const channels = args.outputChannels;
  const rowBytes = args.paddedWidth * channels;
  const imageBytes = args.inputWidth * channels;
  const leftBytes = min(args.padLeft, args.paddedWidth) * channels;
  const rightBytes = max(rowBytes - leftBytes - imageBytes, 0);
  const copied = rowBytes - leftBytes - rightBytes;
  const inputRowBytes = <usize>(args.inputWidth * args.inputChannels);
  let target = args.padded;
  for (let row = 0; row < args.paddedHeight; row++) {
    const y = row - args.padTop;
    if (<u32>y >= <u32>args.inputHeight) {
      fillRun(target, args.inputZeroPoint, rowBytes);
      target += <usize>rowBytes;
      continue;
    }
    fillRun(target, args.inputZeroPoint, leftBytes);
    target += <usize>leftBytes;
    const source = args.input + <usize>y * inputRowBytes;
    if (args.depthMultiplier == 1) {
      copyRun(target, source, copied);
      target += <usize>copied;
    } else {
      target = repeatChannels(source, copied / args.depthMultiplier, args.depthMultiplier, target);
    }
    fillRun(target, args.inputZeroPoint, rightBytes);
    target += <usize>rightBytes;
  }
}

/** One output pixel, one channel group. */
// @ts-ignore: decorator
@inline
function multiplyWindow(
  mode: i32,
  args: DepthwiseConv2dArguments,
  source: usize,
  weights: usize,
  group: usize,
  totalShift: i32,
  output: usize,
  zeroPoint: v128,
  base: v128,
  clampMin: v128,
  clampMax: v128,
): void {
  const columnStride = <usize>(args.dilationWidth * args.outputChannels);
  const rowStride = <usize>(args.dilationHeight * args.paddedWidth * args.outputChannels);
  let low = v128.load(group, GROUP_BIAS);
  let high = v128.load(group, GROUP_BIAS + 16);
  for (let ky = args.kernelHeight; ky > 0; ky--) {
    let tap = source;
    for (let kx = args.kernelWidth; kx > 0; kx--) {
      const values = v128.load_ext<i8>(tap);
      const taps = v128.load(weights);
      low = i32x4.add(low, i32x4.extmul_low_i16x8_s(values, taps));
      high = i32x4.add(high, i32x4.extmul_high_i16x8_s(values, taps));
      tap += columnStride;
      weights += 16;
    }
    source += rowStride;
  }
  requantizeGroup(mode, low, high, group, totalShift, output, zeroPoint, base, clampMin, clampMax);
}

// @ts-ignore: decorator
@inline
export function depthwiseConv2d(mode: i32, record: usize): void {
  const args = changetype<DepthwiseConv2dArguments>(record);
  padImage(args);
  const zeroPoint = i16x8.splat(<i16>args.outputZeroPoint);
  const base = floatBase(mode, args.outputZeroPoint);
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  const channels = args.outputChannels;
  const weightBytes = <usize>(args.kernelHeight * args.kernelWidth * 16);
  const stepX = <usize>(args.strideWidth * channels);
  const stepY = <usize>(args.strideHeight * args.paddedWidth * channels);
  const groupEnd = args.groups + <usize>((channels + GROUP_CHANNELS - 1) / GROUP_CHANNELS) * GROUP_BYTES;
  for (let oy = 0; oy < args.outputHeight; oy++) {
    let weights = args.weights;
    for (let group = args.groups; group < groupEnd; group += GROUP_BYTES) {
      const totalShift = load<i32>(group, GROUP_TOTAL_SHIFT);
      const first = <usize>load<i32>(group, GROUP_FIRST);
      let source = args.padded + <usize>oy * stepY + first;
      let output = args.output + <usize>(oy * args.outputWidth * channels) + first;
      for (let ox = args.outputWidth; ox > 0; ox--) {
        multiplyWindow(
          mode, args, source, weights, group, totalShift, output, zeroPoint, base, clampMin, clampMax,
        );
        source += stepX;
        output += <usize>channels;
      }
      weights += weightBytes;
    }
  }
}
