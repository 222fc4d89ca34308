/** max_pool2d over the valid positions of each window, sixteen channels at a time. */
import { Pool2dArguments } from '../memory/arguments';
import { endTap, firstTap } from './pool2d';

export function maxPool2d(record: usize): void {
  const args = changetype<Pool2dArguments>(record);
  const channels = args.channels;
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  const columnStride = <usize>(args.dilationWidth * channels);
  const rowStride = <usize>(args.dilationHeight * args.inputWidth * channels);
  let output = args.output;
  for (let oy = 0; oy < args.outputHeight; oy++) {
    const iy = oy * args.strideHeight - args.padTop;
    const y0 = firstTap(iy, args.dilationHeight);
    const y1 = endTap(iy, args.dilationHeight, args.kernelHeight, args.inputHeight);
    for (let ox = 0; ox < args.outputWidth; ox++) {
      const ix = ox * args.strideWidth - args.padLeft;
      const x0 = firstTap(ix, args.dilationWidth);
      const x1 = endTap(ix, args.dilationWidth, args.kernelWidth, args.inputWidth);
      const y = iy + y0 * args.dilationHeight;
      const x = ix + x0 * args.dilationWidth;
      const corner = args.input + <usize>((y * args.inputWidth + x) * channels);
      // The surplus lanes of the last step land on the next pixel, which is written after this one.
      for (let c: usize = 0; c < <usize>channels; c += 16) {
        let best = i8x16.splat(-128);
        let row = corner + c;
        for (let ky = y0; ky < y1; ky++) {
          let tap = row;
          for (let kx = x0; kx < x1; kx++) {
            best = i8x16.max_s(best, v128.load(tap));
            tap += columnStride;
          }
          row += rowStride;
        }
        v128.store(output + c, i8x16.max_s(i8x16.min_s(best, clampMax), clampMin));
      }
      output += <usize>channels;
    }
  }
}
