/** One weighted layer → integers, scales and a corrected bias, given the moments of its inputs. */
import type { WeightedFloatLayer } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { choleskyUpper, solveCholesky } from './linear-algebra.js';
import type { Moments } from './moments.js';
import {
  type CompensationEffort,
  type InputCovariance,
  type RoundedChannel,
  roundCompensated,
  roundNearest,
} from './round-weights.js';
import { type ChannelView, channelView, channelWeights } from './weight-channels.js';

export interface QuantizedWeights {
  readonly bits: Width;
  /** In the plan's canonical order. */
  readonly q: Int8Array;
  /** One per output channel: real weight = scale · q / factor of its input channel. */
  readonly scales: Float64Array;
  /** Real values, mean error corrected. */
  readonly bias: Float64Array;
}

export interface LayerMethod {
  readonly bits: Width;
  /** Factor of each input column (channel scales of the input map); absent where all are 1. */
  readonly columnFactors?: (group: number) => Float64Array;
  /** Scale of the stored inputs: bounds how fine a weight scale may be, so that the bias fits 32 bits. */
  readonly inputScale: number;
  /** Error-compensated rounding; else to the nearest. */
  readonly compensate: boolean;
  /** Refit the weights to the quantised inputs by least squares; 0…, relative ridge towards the given weights. */
  readonly refit?: { readonly ridge: number };
  readonly effort: CompensationEffort;
}

/** Bias in units of input scale · weight scale stays below this. */
const MAX_BIAS = 2 ** 28;
const DAMPING = 0.01;

export function quantizeLayer(
  layer: WeightedFloatLayer,
  moments: readonly Moments[],
  method: LayerMethod,
): QuantizedWeights {
  const view = channelView(layer);
  const q = new Int8Array(layer.weights.length);
  const scales = new Float64Array(view.channels);
  const bias = new Float64Array(view.channels);
  const scaled = moments.map((m, group) => scaleMoments(m, method.columnFactors?.(group)));
  const solvers = scaled.map((m) => prepareGroup(m, method));
  for (let c = 0; c < view.channels; c++) {
    const group = view.group(c);
    const own = channelWeights(view, layer.weights, c);
    method.columnFactors?.(group).forEach((factor, k) => {
      own[k] = own[k]! * factor;
    });
    const solver = solvers[group]!;
    const target = solver.refit(own);
    const minimumScale = Math.abs(layer.bias[c]!) / (method.inputScale * MAX_BIAS);
    const rounded = solver.round(target, minimumScale);
    storeChannel(view, c, rounded, q);
    scales[c] = rounded.scale;
    bias[c] = layer.bias[c]! + meanError(own, rounded, scaled[group]!);
  }
  return { bits: method.bits, q, scales, bias };
}

/** Moments of inputs divided by their factors: what multiplies weights times factors. */
function scaleMoments(moments: Moments, factors: Float64Array | undefined): Moments {
  if (factors === undefined) return moments;
  const n = moments.width;
  const mean = (values: Float64Array): Float64Array => values.map((x, k) => x / factors[k]!);
  const square = (values: Float64Array): Float64Array =>
    values.map((x, i) => x / (factors[Math.floor(i / n)]! * factors[i % n]!));
  const xx = square(moments.xx);
  return {
    ...moments,
    meanX: mean(moments.meanX),
    meanY: mean(moments.meanY),
    xx,
    xy: moments.xy === moments.xx ? xx : square(moments.xy),
  };
}

function storeChannel(view: ChannelView, c: number, rounded: RoundedChannel, q: Int8Array): void {
  for (let k = 0; k < view.width; k++) q[view.index(c, k)] = rounded.q[k]!;
}

/** E[w·y] − E[ŵ·x]: what the bias must make up for. */
function meanError(own: Float64Array, rounded: RoundedChannel, { meanX, meanY }: Moments): number {
  let error = 0;
  for (let k = 0; k < own.length; k++)
    error += own[k]! * meanY[k]! - rounded.scale * rounded.q[k]! * meanX[k]!;
  return error;
}

interface GroupSolver {
  /** Weights that act on x as `own` acts on y. */
  refit(own: Float64Array): Float64Array;
  round(target: Float64Array, minimumScale: number): RoundedChannel;
}

function prepareGroup(moments: Moments, method: LayerMethod): GroupSolver {
  const { bits, effort } = method;
  if (moments.xx.length === 0)
    return { refit: (own) => own, round: (target, minimum) => roundNearest(target, bits, minimum) };
  const covariance = factorise(moments.xx, moments.width);
  return {
    refit: method.refit === undefined ? (own) => own : leastSquares(moments, method.refit.ridge),
    round: (target, minimum) =>
      method.compensate
        ? roundCompensated(target, bits, minimum, covariance, effort)
        : roundNearest(target, bits, minimum),
  };
}

/** Inputs with the largest variance are rounded first, while others can still make up for it. */
function factorise(xx: Float64Array, n: number): InputCovariance {
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => xx[a * n + a]! - xx[b * n + b]!);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += xx[i * n + i]!;
  for (let damping = DAMPING; ; damping *= 10) {
    const added = (damping * trace) / n + 1e-12;
    const matrix = xx.slice();
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + added;
    const permuted = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) permuted[i * n + j] = matrix[order[i]! * n + order[j]!]!;
    const factor = choleskyUpper(permuted, n);
    if (factor !== undefined) return { size: n, matrix, factor, order };
  }
}

/** w' = (Cxx + λI)⁻¹ (Cxy w + λ w). */
function leastSquares({ xx, xy, width: n }: Moments, ridge: number): (own: Float64Array) => Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += xx[i * n + i]!;
  let lambda = (ridge * trace) / n + 1e-12;
  let factor: Float64Array | undefined;
  for (; factor === undefined; lambda *= 10) {
    const matrix = xx.slice();
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + lambda;
    factor = choleskyUpper(matrix, n);
    if (factor !== undefined) break;
  }
  const solved = factor;
  return (own) => {
    const right = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = lambda * own[i]!;
      for (let j = 0; j < n; j++) sum += xy[i * n + j]! * own[j]!;
      right[i] = sum;
    }
    solveCholesky(solved!, n, right);
    return right;
  };
}
