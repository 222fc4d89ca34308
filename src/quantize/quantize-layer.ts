/** One weighted layer → integers, scales and a corrected bias, given what is known of its inputs. */
import type { WeightedFloatLayer } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { choleskyUpper } from './linear-algebra.js';
import {
  type InputCovariance,
  type RoundedChannel,
  roundCompensated,
  roundNearest,
} from './round-weights.js';
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
  readonly channel: (c: number) => { readonly weights: Float64Array; readonly bias: number };
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
  const rounders = groups.map((group) => createRounder(group, method));
  for (let c = 0; c < view.channels; c++) {
    const group = groups[view.group(c)]!;
    const target = group.channel(c);
    const rounded = rounders[view.group(c)]!(
      target.weights,
      Math.abs(target.bias) / (method.inputScale * MAX_BIAS),
    );
    storeChannel(view, c, rounded, q);
    scales[c] = rounded.scale;
    const unit = method.inputScale * rounded.scale;
    bias[c] = unit * Math.round((target.bias + meanError(target.weights, rounded, group.mean)) / unit);
  }
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

type Rounder = (weights: Float64Array, minimumScale: number) => RoundedChannel;

function createRounder({ covariance, mean, rows }: GroupTarget, { bits, compensate }: LayerMethod): Rounder {
  if (!compensate || covariance.length === 0)
    return (weights, minimumScale) => roundNearest(weights, bits, minimumScale);
  const inputs = factorise(shrunk(covariance, mean.length, rows), mean.length);
  return (weights, minimumScale) => roundCompensated(weights, bits, minimumScale, inputs);
}

/**
 * Few rows know little of how inputs vary together, and rounding would hide its errors where just these rows do not
 * look: the fewer they are, the more the inputs count as independent.
 */
function shrunk(covariance: Float64Array, n: number, rows: number): Float64Array {
  const kept = rows / (rows + n);
  return covariance.map((x, at) => (at % (n + 1) === 0 ? x : kept * x));
}

/** Inputs with the largest variance are rounded first, while others can still make up for it. */
function factorise(covariance: Float64Array, n: number): InputCovariance {
  const variance = (i: number): number => covariance[i * n + i]!;
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => variance(a) - variance(b));
  let trace = 0;
  for (let i = 0; i < n; i++) trace += variance(i);
  // Nearly constant inputs have variances that rounding makes negative: the floor grows past them.
  for (let [damping, floor] = [DAMPING, 1e-12]; ; damping *= 10, floor *= 10) {
    const added = (damping * Math.max(0, trace)) / n + floor;
    const matrix = covariance.slice();
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + added;
    const permuted = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) permuted[i * n + j] = matrix[order[i]! * n + order[j]!]!;
    const factor = choleskyUpper(permuted, n);
    if (factor !== undefined) return { size: n, matrix, factor, order };
  }
}
