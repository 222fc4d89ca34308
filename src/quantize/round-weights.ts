/**
 * Real weights of one output channel → integers and a scale.
 *
 * Without an input covariance: nearest rounding at the scale of least squared error. With one: error-compensated
 * rounding (GPTQ, arXiv 2210.17323, in its equivalent form as nearest-plane rounding on the Cholesky factor, see
 * arXiv 2507.18553), then coordinate descent, at the best of several scales; both minimise
 * (w − ŵ)ᵀ C (w − ŵ), the variance of the output error, C being the covariance of the inputs.
 */
import type {
  ChannelToRound,
  InputCovariance,
  RoundedChannel,
  RoundingKernels,
} from '../ir/rounding-kernels.js';
import { WIDTHS, type Width } from '../numeric/widths.js';
import { fillWith } from '../support/typed-arrays.js';

/** Shares of the largest weight that the candidate scales map onto the largest integer. */
function scaleCandidates(largest: number, bits: Width, count: number, lowest: number): number[] {
  const top = WIDTHS[bits].weightMax;
  return Array.from(
    { length: count },
    (_, i) => ((1 - ((1 - lowest) * i) / Math.max(1, count - 1)) * largest) / top,
  );
}

/** Shrinking pays the more the fewer values there are. */
const LOWEST_SHARE: Readonly<Record<Width, number>> = { 8: 0.8, 4: 0.35, 2: 0.15 };

const SCALE_CANDIDATES = 60;

/** Nearest rounding; squared errors weighted by `importance` (the inputs' variances) where given. */
export function roundNearest(
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  kernels: RoundingKernels,
  importance?: Float64Array,
): RoundedChannel {
  const largest = largestMagnitude(weights);
  if (largest === 0)
    return { q: new Int8Array(weights.length), scale: Math.max(minimumScale, 1e-12), error: 0 };
  const top = WIDTHS[bits].weightMax;
  const candidates = scaleCandidates(largest, bits, SCALE_CANDIDATES, LOWEST_SHARE[bits]);
  const scales = Float64Array.from(candidates, (scale) => Math.max(scale, minimumScale));
  const errors = kernels.nearestErrors(weights, importance, scales, top);
  const least = errors.reduce((best, error, i) => (error < errors[best]! ? i : best), 0);
  const best = { scale: scales[least]!, error: errors[least]! };
  const q = fillWith(new Int8Array(weights.length), (i) => clampRound(weights[i]! / best.scale, top));
  return { q, ...best };
}

export const clampRound = (x: number, top: number): number => Math.min(top, Math.max(-top, Math.round(x)));

export function largestMagnitude(values: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** Of coordinate descent. */
const SWEEPS = 4;
/** Around the scale that is best when inputs count as independent; as many as kernels try (SCALES_TRIED). */
const SCALE_FACTORS: readonly number[] = [0.84, 0.95, 1.07, 1.2];

export interface ChannelWeights {
  readonly weights: Float64Array;
  /** No scale may be finer. */
  readonly minimumScale: number;
}

/** One entry per channel. */
export function roundCompensated(
  channels: readonly ChannelWeights[],
  bits: Width,
  inputs: InputCovariance,
  kernels: RoundingKernels,
): RoundedChannel[] {
  const { size: n, matrix } = inputs;
  const variances = Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!);
  const nearest = channels.map(({ weights, minimumScale }) =>
    roundNearest(weights, bits, minimumScale, kernels, variances),
  );
  // Channels without a weight stay what nearest rounding makes of them.
  const live = channels.flatMap((_, c) => (largestMagnitude(channels[c]!.weights) > 0 ? [c] : []));
  const wanted = live.map((c): ChannelToRound => {
    const { weights, minimumScale } = channels[c]!;
    const scales = SCALE_FACTORS.map((factor) => Math.max(minimumScale, factor * nearest[c]!.scale));
    return { weights, minimumScale, scales };
  });
  const rounded = [...nearest];
  kernels.compensate(inputs, wanted, WIDTHS[bits].weightMax, SWEEPS).forEach((channel, i) => {
    rounded[live[i]!] = channel;
  });
  return rounded;
}
