/** fully_connected: one pixel × eight output channels at a time over the flattened input. */
import { FullyConnectedArguments } from '../memory/arguments';
import { GROUP_BYTES, GROUP_CHANNELS, GROUP_FIRST, GROUP_TOTAL_SHIFT } from '../memory/channel-group';
import { floatBase } from '../numeric/requantize';
import { expandOne, multiplyOne, WEIGHT_BYTES_PER_TAP } from './matrix-multiply';

// @ts-ignore: decorator
@inline
export function fullyConnected(mode: i32, record: usize): void {
  const args = changetype<FullyConnectedArguments>(record);
  const zeroPoint = i16x8.splat(<i16>args.outputZeroPoint);
  const base = floatBase(mode, args.outputZeroPoint);
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  const taps = args.taps;
  const strip = args.strip;
  const output = args.output;
  let weights = args.weights;
  let group = args.groups;
  const groupEnd = group + <usize>((args.outputChannels + GROUP_CHANNELS - 1) / GROUP_CHANNELS) * GROUP_BYTES;
  expandOne(args.input, taps, strip);
  for (; group < groupEnd; group += GROUP_BYTES) {
    const target = output + <usize>load<i32>(group, GROUP_FIRST);
    const totalShift = load<i32>(group, GROUP_TOTAL_SHIFT);
    multiplyOne(mode, strip, weights, taps, group, totalShift, target, zeroPoint, base, clampMin, clampMax);
    weights += <usize>(taps * WEIGHT_BYTES_PER_TAP);
  }
}
