/** mean over height and width: q = clamp(z_out + scale(Σ (q − z_in))). */
import { MeanArguments } from '../memory/arguments';
import { clampTo, meanFloat, scaleExact, XNNPACK } from '../numeric/requantize';
import { sumTaps } from './average-pool2d';

// @ts-ignore: decorator
@inline
export function mean(mode: i32, record: usize): void {
  const args = changetype<MeanArguments>(record);
  const channels = args.channels;
  const pixels = args.pixels;
  for (let c = 0; c < channels; c += 8) {
    sumTaps(args.input + <usize>c, 1, pixels, 0, <usize>channels, args.sums + (<usize>c << 2));
  }
  const offset = pixels * args.inputZeroPoint;
  for (let c: usize = 0; c < <usize>channels; c++) {
    const sum = load<i32>(args.sums + (c << 2));
    const q =
      mode == XNNPACK
        ? meanFloat(sum, offset, args.multiplier, args.shift, args.outputZeroPoint)
        : scaleExact(mode, sum - offset, args.multiplier, args.shift) + args.outputZeroPoint;
    store<i8>(args.output + c, <i8>clampTo(q, args.clampMin, args.clampMax));
  }
}
