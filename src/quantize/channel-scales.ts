/**
 * Factors per channel and the grid they are stored on: each channel's range is placed for the least squared error
 * on its own, as if the map had a scale per channel.
 */
import type { FakeQuantization } from '../ir/float-network.js';
import type { RoundingKernels } from '../ir/rounding-kernels.js';
import { WIDTHS, type Width } from '../numeric/widths.js';
import type { ChannelSamples } from './channel-samples.js';

/** Ratio of neighbouring candidates for a channel's scale, and their number. */
const RATIO = 0.93;
const CANDIDATES = 26;

/** Scale of least squared error for every channel on a grid with the given zero point, and the summed error. */
export function channelwiseScales(
  samples: ChannelSamples,
  bits: Width,
  zeroPoint: number,
  rounding: RoundingKernels,
): { readonly scales: Float64Array; readonly error: number } {
  const { activationMin, activationMax } = WIDTHS[bits];
  const [low, high] = [activationMin - zeroPoint, activationMax - zeroPoint];
  const scales = new Float64Array(samples.channels);
  let total = 0;
  for (let c = 0; c < samples.channels; c++) {
    const values = valuesOf(samples, c);
    const { min, max } = extremes(values);
    const widest = Math.max(high > 0 ? max / high : 0, low < 0 ? min / low : 0);
    if (!(widest > 0)) continue;
    const tried = Float64Array.from({ length: CANDIDATES }, (_, i) => widest * RATIO ** i);
    const errors = rounding.gridErrors(values, tried, low, high);
    const best = errors.reduce((least, error, i) => (error < errors[least]! ? i : least), 0);
    scales[c] = tried[best]!;
    total += errors[best]!;
  }
  return { scales, error: total };
}

function valuesOf({ values, rows, channels }: ChannelSamples, c: number): Float32Array {
  if (channels === 1) return values;
  const own = new Float32Array(rows);
  for (let i = 0, at = c; i < rows; i++, at += channels) own[i] = values[at]!;
  return own;
}

function extremes(values: Float32Array): { min: number; max: number } {
  let [min, max] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** Zero points worth trying: the bottom for maps without negative values, else around the middle. */
export function zeroPointCandidates(samples: readonly ChannelSamples[], bits: Width): number[] {
  const { activationMin: min, activationMax: max } = WIDTHS[bits];
  if (samples.every((s) => s.values.every((x) => x >= 0))) return [min];
  const middle = Math.round((min + max) / 2);
  const reach = Math.max(1, (max - min) >> 2);
  const step = Math.max(1, reach >> 2);
  const candidates: number[] = [];
  for (let z = middle - reach; z <= middle + reach; z += step) candidates.push(z);
  return candidates;
}

/** Grid and scale per channel with the least summed error over the zero points. */
export function channelwiseGrid(
  samples: ChannelSamples,
  bits: Width,
  rounding: RoundingKernels,
): { readonly zeroPoint: number; readonly scales: Float64Array } {
  let best: { zeroPoint: number; scales: Float64Array; error: number } | undefined;
  for (const zeroPoint of zeroPointCandidates([samples], bits)) {
    const found = channelwiseScales(samples, bits, zeroPoint, rounding);
    if (best === undefined || found.error < best.error) best = { zeroPoint, ...found };
  }
  return best!;
}

/**
 * Factors that several maps share: the geometric mean of what each would choose, every map first brought to its
 * own overall level. Channels that are always 0 take the factor 1.
 */
export function sharedFactors(perMap: readonly Float64Array[]): Float64Array {
  const channels = perMap[0]!.length;
  const logs = perMap.map((scales) => Float64Array.from(scales, (s) => (s > 0 ? Math.log(s) : Number.NaN)));
  const levels = logs.map((log) => mean(log.filter((x) => !Number.isNaN(x))));
  return Float64Array.from({ length: channels }, (_, c) => {
    const known = logs.map((log, i) => log[c]! - levels[i]!).filter((x) => !Number.isNaN(x));
    return known.length === 0 ? 1 : Math.exp(mean(Float64Array.from(known)));
  });
}

function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

/** The grid of one map whose channel factors are given: the best overall scale and zero point. */
export function gridWithFactors(
  samples: ChannelSamples,
  factors: Float64Array,
  bits: Width,
  rounding: RoundingKernels,
): FakeQuantization {
  const flat: ChannelSamples = {
    channels: 1,
    rows: samples.values.length,
    values: samples.values.map((x, i) => x / factors[i % samples.channels]!),
  };
  const { zeroPoint, scales } = channelwiseGrid(flat, bits, rounding);
  const { activationMin: min, activationMax: max } = WIDTHS[bits];
  return { scale: scales[0]! > 0 ? scales[0]! : 1, zeroPoint, min, max, channelScales: Array.from(factors) };
}
