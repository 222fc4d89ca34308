/** One weighted layer → integers, scales and a corrected bias, given what is known of its inputs. */
import type { WeightedFloatLayer } from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import type { InputCovariance, RoundedChannel, RoundingKernels } from '../ir/rounding-kernels.js';
import type { Width } from '../numeric/widths.js';
import { type ChannelWeights, roundCompensated, roundNearest } from './round-weights.js';
import { type ChannelView, channelView } from './weight-channels.js';

export interface QuantizedWeights {
  readonly bits: Width;
  /** In the plan's canonical order. */
  readonly q: Int8Array;
  /** One per output channel: real weight = scale · q / factor of its input channel. */
  readonly scales: Float64Array;
  /** Real values, mean error corrected: whole multiples of input scale · weight scale. */
  readonly bias: Float64Array;
}

export interface LayerMethod {
  readonly bits: Width;
  /** Scale of the stored inputs: bounds how fine a weight scale may be, so that the bias fits 32 bits. */
  readonly inputScale: number;
  /** Error-compensated rounding; else to the nearest. */
  readonly compensate: boolean;
  readonly matrices: MatrixKernels;
  readonly rounding: RoundingKernels;
}

/** What one set of input columns calls for: the weights to round, and the inputs' moments. */
export interface GroupTarget {
  /** Mean of each column, in stored units (divided by the channel factors). */
  readonly mean: Float64Array;
  /** Covariance of the columns; empty where unknown. */
  readonly covariance: Float64Array;
  /** Rows that the covariance was taken over. */
  readonly rows: number;
  /** Weights and bias of output channel c, in the same units. */
  readonly channel: (c: number) => TargetChannel;
}

export interface TargetChannel {
  readonly weights: Float64Array;
  readonly bias: number;
}

/** Bias in units of input scale · weight scale stays below this. */
const MAX_BIAS = 2 ** 28;
const DAMPING = 0.01;

export function quantizeLayer(
  layer: WeightedFloatLayer,
  groups: readonly GroupTarget[],
  method: LayerMethod,
): QuantizedWeights {
  const view = channelView(layer);
  const q = new Int8Array(layer.weights.length);
  const scales = new Float64Array(view.channels);
  const bias = new Float64Array(view.channels);
  const members: number[][] = groups.map(() => []);
  for (let c = 0; c < view.channels; c++) members[view.group(c)]!.push(c);
  groups.forEach((group, index) => {
    const targets = members[index]!.map((c) => group.channel(c));
    const rounded = roundGroup(group, targets, method);
    members[index]!.forEach((c, i) => {
      const [target, own] = [targets[i]!, rounded[i]!];
      storeChannel(view, c, own, q);
      scales[c] = own.scale;
      const unit = method.inputScale * own.scale;
      bias[c] = unit * Math.round((target.bias + meanError(target.weights, own, group.mean)) / unit);
    });
  });
  return { bits: method.bits, q, scales, bias };
}

function storeChannel(view: ChannelView, c: number, rounded: RoundedChannel, q: Int8Array): void {
  for (let k = 0; k < view.width; k++) q[view.index(c, k)] = rounded.q[k]!;
}

/** E[w·x] − E[ŵ·x]: what the bias must make up for. */
function meanError(weights: Float64Array, rounded: RoundedChannel, mean: Float64Array): number {
  let error = 0;
  for (let k = 0; k < weights.length; k++) error += (weights[k]! - rounded.scale * rounded.q[k]!) * mean[k]!;
  return error;
}

function roundGroup(
  { covariance, mean, rows }: GroupTarget,
  targets: readonly TargetChannel[],
  { bits, inputScale, compensate, matrices, rounding }: LayerMethod,
): RoundedChannel[] {
  const channels = targets.map(({ weights, bias }): ChannelWeights => {
    return { weights, minimumScale: Math.abs(bias) / (inputScale * MAX_BIAS) };
  });
  if (compensate && covariance.length > 0) {
    const inputs = factorise(shrunk(covariance, mean.length, rows), mean.length, matrices);
    return roundCompensated(channels, bits, inputs, rounding);
  }
  return channels.map(({ weights, minimumScale }) => roundNearest(weights, bits, minimumScale, rounding));
}

/**
 * Few rows know little of how inputs vary together, and rounding would hide its errors where just these rows do not
 * look: the fewer they are, the more the inputs count as independent.
 */
function shrunk(covariance: Float64Array, n: number, rows: number): Float64Array {
  const kept = rows / (rows + n);
  const out = new Float64Array(n * n);
  for (let at = 0; at < out.length; at++) out[at] = kept * covariance[at]!;
  for (let at = 0; at < out.length; at += n + 1) out[at] = covariance[at]!;
  return out;
}

/** Inputs with the largest variance are rounded first, while others can still make up for it. */
function factorise(covariance: Float64Array, n: number, matrices: MatrixKernels): InputCovariance {
  const variance = (i: number): number => covariance[i * n + i]!;
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => variance(a) - variance(b));
  let trace = 0;
  for (let i = 0; i < n; i++) trace += variance(i);
  // Nearly constant inputs have variances that rounding makes negative: the floor grows past them.
  for (let [damping, floor] = [DAMPING, 1e-12]; ; damping *= 10, floor *= 10) {
    const added = (damping * Math.max(0, trace)) / n + floor;
    const matrix = covariance.slice();
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + added;
    // Of which the factorisation reads the upper triangle.
    const permuted = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = i, row = order[i]! * n; j < n; j++) permuted[i * n + j] = matrix[row + order[j]!]!;
    const factor = matrices.choleskyUpper(permuted, n);
    if (factor !== undefined) return { size: n, matrix, factor, order };
  }
}
