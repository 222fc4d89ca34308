/**
 * average_pool2d over the valid positions of each window.
 * tflm, single: nearest quotient, halves away from zero (TFLM reference AveragePool). mulhi: one multiplier
 * per count of valid positions.
 */
import { Pool2dArguments } from '../memory/arguments';
import { clampTo, MULHI, scaleExact } from '../numeric/requantize';
import { endTap, firstTap } from './pool2d';

// @ts-ignore: decorator
@inline
function finish(mode: i32, args: Pool2dArguments, sum: i32, count: i32): i32 {
  if (mode == MULHI) {
    const entry = args.perCount + (<usize>(count - 1) << 3);
    const acc = sum - count * args.inputZeroPoint;
    return scaleExact(mode, acc, load<i32>(entry), load<i32>(entry, 4)) + args.outputZeroPoint;
  }
  const shifted = sum + count * args.origin;
  const half = count >> 1;
  return (shifted > 0 ? shifted + half : shifted - half) / count - args.origin;
}

/** Sums `rows` × `columns` taps of eight channels at `source` into two int32 vectors at `sums`. */
// @ts-ignore: decorator
@inline
export function sumTaps(
  source: usize,
  rows: i32,
  columns: i32,
  rowStride: usize,
  columnStride: usize,
  sums: usize,
): void {
  let low = i32x4.splat(0);
  let high = low;
  for (let ky = rows; ky > 0; ky--) {
    let tap = source;
    for (let kx = columns; kx > 0; kx--) {
      const values = v128.load_ext<i8>(tap);
      low = i32x4.add(low, i32x4.extend_low_i16x8_s(values));
      high = i32x4.add(high, i32x4.extend_high_i16x8_s(values));
      tap += columnStride;
    }
    source += rowStride;
  }
  v128.store(sums, low);
  v128.store(sums, high, 16);
}

// @ts-ignore: decorator
@inline
export function averagePool2d(mode: i32, record: usize): void {
  const args = changetype<Pool2dArguments>(record);
  const channels = args.channels;
  const columnStride = <usize>(args.dilationWidth * channels);
  const rowStride = <usize>(args.dilationHeight * args.inputWidth * channels);
  let output = args.output;
  for (let oy = 0; oy < args.outputHeight; oy++) {
    const iy = oy * args.strideHeight - args.padTop;
    const y0 = firstTap(iy, args.dilationHeight);
    const rows = endTap(iy, args.dilationHeight, args.kernelHeight, args.inputHeight) - y0;
    for (let ox = 0; ox < args.outputWidth; ox++) {
      const ix = ox * args.strideWidth - args.padLeft;
      const x0 = firstTap(ix, args.dilationWidth);
      const columns = endTap(ix, args.dilationWidth, args.kernelWidth, args.inputWidth) - x0;
      const y = iy + y0 * args.dilationHeight;
      const x = ix + x0 * args.dilationWidth;
      const corner = args.input + <usize>((y * args.inputWidth + x) * channels);
      for (let c = 0; c < channels; c += 8) {
        const sums = args.sums + (<usize>c << 2);
        sumTaps(corner + <usize>c, rows, columns, rowStride, columnStride, sums);
      }
      for (let c: usize = 0; c < <usize>channels; c++) {
        const q = finish(mode, args, load<i32>(args.sums + (c << 2)), rows * columns);
        store<i8>(output + c, <i8>clampTo(q, args.clampMin, args.clampMax));
      }
      output += <usize>channels;
    }
  }
}
