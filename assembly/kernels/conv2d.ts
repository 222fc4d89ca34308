/**
 * conv2d: 1×1 straight from the feature map, any other window through a strip of gathered columns (im2col).
 * Padding positions are gathered as the input's zero point. Four output pixels × eight channels at a time;
 * the last four pixels may overlap the four before, and are then computed twice.
 */
import { Conv2dArguments } from '../memory/arguments';
import {
  GROUP_BYTES,
  GROUP_FIRST,
  GROUP_TOTAL_SHIFT,
  GROUP_CHANNELS,
} from '../memory/channel-group';
import { copyRun, fillRun } from '../memory/copy';
import { floatBase } from '../numeric/requantize';
import { expandFour, expandOne, multiplyFour, multiplyOne, WEIGHT_BYTES_PER_TAP } from './matrix-multiply';

/** Multiplies `blocks` expanded blocks of `width` (4 or 1) pixels, the first at pixel `firstPixel`. */
// @ts-ignore: decorator
@inline
function multiplyStrip(mode: i32, width: i32, args: Conv2dArguments, firstPixel: i32, blocks: i32): void {
  const zeroPoint = i16x8.splat(<i16>args.outputZeroPoint);
  const base = floatBase(mode, args.outputZeroPoint);
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  const outputChannels = <usize>args.outputChannels;
  const taps = args.taps;
  const lastPixel = args.pixels - width;
  const blockBytes = <usize>(taps * width) << 1;
  const strip = args.strip;
  let weights = args.weights;
  let group = args.groups;
  const output = args.output;
  const groupEnd = group + <usize>((args.outputChannels + GROUP_CHANNELS - 1) / GROUP_CHANNELS) * GROUP_BYTES;
  for (; group < groupEnd; group += GROUP_BYTES) {
    const totalShift = load<i32>(group, GROUP_TOTAL_SHIFT);
    const column = output + <usize>load<i32>(group, GROUP_FIRST);
    let block = strip;
    for (let b = 0; b < blocks; b++) {
      const target = column + <usize>min(firstPixel + b * width, lastPixel) * outputChannels;
      if (width == 4) {
        multiplyFour(
          mode, block, weights, taps, group, totalShift, target, outputChannels,
          zeroPoint, base, clampMin, clampMax,
        );
      } else {
        multiplyOne(
          mode, block, weights, taps, group, totalShift, target, zeroPoint, base, clampMin, clampMax,
        );
      }
      block += blockBytes;
    }
    weights += <usize>(taps * WEIGHT_BYTES_PER_TAP);
  }
}

// @ts-ignore: decorator
@inline
function pointwise(mode: i32, width: i32, args: Conv2dArguments): void {
  const pixels = args.pixels;
  const taps = args.taps;
  const channels = <usize>args.inputChannels;
  const blockBytes = <usize>(taps * width) << 1;
  for (let first = 0; first < pixels; first += args.stripPixels) {
    const blocks = (min(args.stripPixels, pixels - first) + width - 1) / width;
    let target = args.strip;
    for (let b = 0; b < blocks; b++) {
      const source = args.input + <usize>min(first + b * width, pixels - width) * channels;
      if (width == 4) expandFour(source, channels, taps, target);
      else expandOne(source, taps, target);
      target += blockBytes;
    }
    multiplyStrip(mode, width, args, first, blocks);
  }
}

/** Gathers the window of one output pixel whose every tap lies inside, rows of taps being contiguous. */
// @ts-ignore: decorator
@inline
function gatherInside(args: Conv2dArguments, iy: i32, ix: i32, target: usize): void {
  const channels = args.inputChannels;
  const rowBytes = args.kernelWidth * channels;
  const rowStride = <usize>(args.dilationHeight * args.inputWidth * channels);
  let source = args.input + <usize>((iy * args.inputWidth + ix) * channels);
  for (let ky = args.kernelHeight; ky > 0; ky--) {
    copyRun(target, source, rowBytes);
    target += <usize>rowBytes;
    source += rowStride;
  }
}

/** Gathers tap by tap, with the zero point where the window leaves the image. */
function gatherAnywhere(args: Conv2dArguments, iy: i32, ix: i32, target: usize): void {
  const channels = args.inputChannels;
  for (let ky = 0; ky < args.kernelHeight; ky++) {
    const y = iy + ky * args.dilationHeight;
    for (let kx = 0; kx < args.kernelWidth; kx++) {
      const x = ix + kx * args.dilationWidth;
      if (<u32>y < <u32>args.inputHeight && <u32>x < <u32>args.inputWidth) {
        copyRun(target, args.input + <usize>((y * args.inputWidth + x) * channels), channels);
      } else {
        fillRun(target, args.inputZeroPoint, channels);
      }
      target += <usize>channels;
    }
  }
}

// @ts-ignore: decorator
@inline
function gather(args: Conv2dArguments, pixel: i32, target: usize): void {
  const oy = pixel / args.outputWidth;
  const iy = oy * args.strideHeight - args.padTop;
  const ix = (pixel - oy * args.outputWidth) * args.strideWidth - args.padLeft;
  const lastY = iy + (args.kernelHeight - 1) * args.dilationHeight;
  const lastX = ix + args.kernelWidth - 1;
  const inside = iy >= 0 && ix >= 0 && lastY < args.inputHeight && lastX < args.inputWidth;
  if (inside && args.dilationWidth == 1) gatherInside(args, iy, ix, target);
  else gatherAnywhere(args, iy, ix, target);
}

// @ts-ignore: decorator
@inline
function windowed(mode: i32, width: i32, args: Conv2dArguments): void {
  const pixels = args.pixels;
  const taps = args.taps;
  const column = args.column;
  const blockBytes = <usize>(taps * width) << 1;
  for (let first = 0; first < pixels; first += args.stripPixels) {
    const blocks = (min(args.stripPixels, pixels - first) + width - 1) / width;
    let target = args.strip;
    for (let b = 0; b < blocks; b++) {
      const pixel = min(first + b * width, pixels - width);
      for (let i = 0; i < width; i++) gather(args, pixel + i, column + <usize>(i * taps));
      if (width == 4) expandFour(column, <usize>taps, taps, target);
      else expandOne(column, taps, target);
      target += blockBytes;
    }
    multiplyStrip(mode, width, args, first, blocks);
  }
}

/** conv2d with a 1×1 window of stride 1. */
// @ts-ignore: decorator
@inline
export function conv2dPointwise(mode: i32, record: usize): void {
  const args = changetype<Conv2dArguments>(record);
  if (args.pixels >= 4) pointwise(mode, 4, args);
  else pointwise(mode, 1, args);
}

/** conv2d with any window. */
// @ts-ignore: decorator
@inline
export function conv2dWindowed(mode: i32, record: usize): void {
  const args = changetype<Conv2dArguments>(record);
  if (args.pixels >= 4) windowed(mode, 4, args);
  else windowed(mode, 1, args);
}
