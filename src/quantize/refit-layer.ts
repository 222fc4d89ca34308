/** Gathers what a weighted layer sees in both networks and refits its weights, set of columns by set of columns. */
import type { WeightedFloatLayer } from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import { gatherRows, inputGeometry } from './layer-inputs.js';
import { addColumns, groupMoments, type Moments } from './moments.js';
import type { Propagation } from './propagate.js';
import type { GroupTarget } from './quantize-layer.js';
import { MAX_COVARIANCE_WIDTH, positionsFor, type WeightJob } from './quantize-weights.js';
import { type Refit, refit } from './refit.js';
import { type Affine, applyTaps, denseInputs, type RefitMoments, tapInputs } from './refit-inputs.js';
import { channelView, columnFactors, scaledChannel } from './weight-channels.js';

/** Every fifth sample is held out when the ridge is chosen. */
const HELD_OUT = 5;

/** Rows of all samples, those of held-out samples last. */
interface Gathered {
  readonly rows: number;
  readonly fitted: number;
  /** Quantised and float inputs, [rows][columns]. */
  readonly x: Float32Array;
  readonly xFloat: Float32Array;
}

export function refitLayer(
  job: WeightJob,
  index: number,
  layer: WeightedFloatLayer,
  propagation: Propagation,
): GroupTarget[] {
  const { groups } = inputGeometry(job.network, layer);
  const gathered = gather(job, index, layer, propagation);
  const factors = job.stored[layer.inputs[0]!]!.grid.channelScales;
  if (factors !== undefined) divideChannels(gathered.x, factors);
  return groups === 1 ? [refitDense(job, layer, gathered)] : refitTaps(job, layer, gathered, groups);
}

function refitDense(
  job: WeightJob,
  layer: WeightedFloatLayer,
  { rows, fitted, x, xFloat }: Gathered,
): GroupTarget {
  const { matrices } = job.engine;
  const { plain, scaled, channels, width } = filtersOf(job, layer, 0);
  const y = new Float32Array(rows * channels);
  matrices.apply(xFloat, plain.weights, plain.bias, rows, width, channels, y);
  const inputs = denseInputs(x, rows, fitted, width, matrices);
  const { bounds } = layer;
  const found = refit({ inputs, y, rows, fitted, channels, ...scaled, bounds }, matrices);
  return toTarget(found, 0, width, rows);
}

/** Channel by channel of a depthwise layer's input. */
function refitTaps(
  job: WeightJob,
  layer: WeightedFloatLayer,
  gathered: Gathered,
  groups: number,
): GroupTarget[] {
  const { matrices } = job.engine;
  const { rows, fitted, x, xFloat } = gathered;
  const { bounds } = layer;
  const filters = Array.from({ length: groups }, (_, group) => filtersOf(job, layer, group));
  const { width } = filters[0]!;
  const float = matrices.loadTaps(xFloat, rows, width, groups);
  const targets = filters.map(({ plain, channels }, g) => applyTaps(float, g, plain, channels, 0, rows));
  const moments = tapMoments(gathered, width, groups, matrices);
  const quantized = matrices.loadTaps(x, rows, width, groups);
  return filters.map(({ scaled, channels }, group) => {
    const inputs = tapInputs(quantized, group, width, moments[group]!);
    const y = targets[group]!;
    const found = refit({ inputs, y, rows, fitted, channels, ...scaled, bounds }, matrices);
    return toTarget(found, group * channels, width, rows);
  });
}

interface Filters {
  readonly channels: number;
  readonly width: number;
  /** For real inputs. */
  readonly plain: Affine;
  /** For inputs in stored units. */
  readonly scaled: Affine;
}

/** Weights and biases of the output channels that read a group of columns. */
function filtersOf(job: WeightJob, layer: WeightedFloatLayer, group: number): Filters {
  const view = channelView(layer);
  const { width } = view;
  const factors = columnFactors(layer, job.stored[layer.inputs[0]!]!.grid.channelScales, group);
  const channels = layer.op === 'depthwise_conv2d' ? layer.depthMultiplier : view.channels;
  const members = Array.from({ length: channels }, (_, i) => group * channels + i);
  const bias = Float32Array.from(members, (c) => layer.bias[c]!);
  const stack = (own: Float64Array | undefined): Affine => {
    const weights = new Float32Array(channels * width);
    members.forEach((c, i) => {
      weights.set(scaledChannel(view, layer.weights, c, own), i * width);
    });
    return { weights, bias };
  };
  const plain = stack(undefined);
  return { channels, width, plain, scaled: factors === undefined ? plain : stack(factors) };
}

function gather(
  job: WeightJob,
  index: number,
  layer: WeightedFloatLayer,
  propagation: Propagation,
): Gathered {
  const { width, groups } = inputGeometry(job.network, layer);
  const [input] = layer.inputs;
  const isHeldOut = (s: number): boolean => s % HELD_OUT === HELD_OUT - 1;
  const all = job.samples.map((_, s) => s);
  const order = [...all.filter((s) => !isHeldOut(s)), ...all.filter(isHeldOut)];
  const positions = order.map((s) => positionsFor(job, index, layer, s));
  const count = (lists: readonly Int32Array[]): number => lists.reduce((sum, list) => sum + list.length, 0);
  const rows = count(positions);
  const fitted = count(positions.filter((_, i) => !isHeldOut(order[i]!)));
  const columns = width * groups;
  const x = new Float32Array(rows * columns);
  const xFloat = new Float32Array(rows * columns);
  let at = 0;
  order.forEach((s, i) => {
    const own = positions[i]!;
    const part = (values: Float32Array) => values.subarray(at * columns, (at + own.length) * columns);
    gatherRows(job.network, layer, propagation.quantizedMap(input!, s), own, part(x));
    gatherRows(job.network, layer, propagation.floatMap(input!, s), own, part(xFloat));
    at += own.length;
  });
  return { rows, fitted, x, xFloat };
}

/** Columns run over input channels fastest. */
function divideChannels(x: Float32Array, factors: readonly number[]): void {
  for (let at = 0; at < x.length; at += factors.length)
    for (let c = 0; c < factors.length; c++) x[at + c] = x[at + c]! / factors[c]!;
}

/** Moments of every group of a depthwise layer. */
function tapMoments(
  { rows, fitted, x }: Gathered,
  taps: number,
  channels: number,
  matrices: MatrixKernels,
): RefitMoments[] {
  const products = matrices.createTapProducts(taps, channels);
  const sums = new Float64Array(taps * channels);
  const addRows = (from: number, to: number): Moments[] => {
    const some = x.subarray(from * taps * channels, to * taps * channels);
    addColumns(some, to - from, sums);
    products.add(some, to - from);
    return groupMoments(taps, channels, to, sums, products.sums());
  };
  const training = addRows(0, fitted);
  const all = addRows(fitted, rows);
  return training.map((own, group) => ({ training: own, all: all[group]! }));
}

function toTarget(
  { weights, bias, mean, covariance }: Refit,
  first: number,
  width: number,
  rows: number,
): GroupTarget {
  return {
    ...{ mean, rows },
    covariance: width <= MAX_COVARIANCE_WIDTH ? covariance : new Float64Array(0),
    channel: (c) => ({
      weights: Float64Array.from(weights.subarray((c - first) * width, (c - first + 1) * width)),
      bias: bias[c - first]!,
    }),
  };
}
