/** Gathers what a weighted layer sees in both networks and refits its weights, set of columns by set of columns. */
import type { WeightedFloatLayer } from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import { gatherRows, inputGeometry } from './layer-inputs.js';
import { addColumns, groupMoments, type Moments } from './moments.js';
import type { Propagation } from './propagate.js';
import type { GroupTarget } from './quantize-layer.js';
import { MAX_COVARIANCE_WIDTH, positionsFor, type WeightJob } from './quantize-weights.js';
import { type Refit, type RefitMoments, refit } from './refit.js';
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
  const { width, groups } = inputGeometry(job.network, layer);
  const gathered = gather(job, index, layer, propagation);
  const factors = job.stored[layer.inputs[0]!]!.grid.channelScales;
  if (factors !== undefined) divideChannels(gathered.x, factors);
  const { matrices } = job.engine;
  if (groups === 1) return [refitGroup(job, layer, gathered, 0, matrices)];
  const moments = tapMoments(gathered, width, groups, matrices);
  const kernels = { ...matrices, ...PLAIN_PRODUCTS };
  const targets: GroupTarget[] = [];
  for (let from = 0; from < groups; from += GROUPS_AT_ONCE) {
    const count = Math.min(GROUPS_AT_ONCE, groups - from);
    selectGroups(gathered, width, groups, from, count).forEach((own, i) => {
      targets.push(refitGroup(job, layer, own, from + i, kernels, moments[from + i]));
    });
  }
  return targets;
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

/** Groups that are cut out together: values of neighbouring channels lie side by side. */
const GROUPS_AT_ONCE = 16;

/** The taps of input channels from … from + count − 1 out of rows [taps][channels]. */
function selectGroups(
  { rows, fitted, x, xFloat }: Gathered,
  taps: number,
  channels: number,
  from: number,
  count: number,
): Gathered[] {
  const pick = (values: Float32Array): Float32Array[] => {
    const out = Array.from({ length: count }, () => new Float32Array(rows * taps));
    for (let i = 0, at = from; i < rows * taps; i++, at += channels)
      for (let c = 0; c < count; c++) out[c]![i] = values[at + c]!;
    return out;
  };
  const [own, ownFloat] = [pick(x), pick(xFloat)];
  return own.map((values, c) => ({ rows, fitted, x: values, xFloat: ownFloat[c]! }));
}

function refitGroup(
  job: WeightJob,
  layer: WeightedFloatLayer,
  { rows, fitted, x, xFloat }: Gathered,
  group: number,
  matrices: MatrixKernels,
  moments?: RefitMoments,
): GroupTarget {
  const view = channelView(layer);
  const { width } = view;
  const factors = columnFactors(layer, job.stored[layer.inputs[0]!]!.grid.channelScales, group);
  const members = Array.from({ length: view.channels }, (_, c) => c).filter((c) => view.group(c) === group);
  const bias = Float32Array.from(members, (c) => layer.bias[c]!);
  const stack = (own: Float64Array | undefined): Float32Array => {
    const out = new Float32Array(members.length * width);
    members.forEach((c, i) => {
      out.set(scaledChannel(view, layer.weights, c, own), i * width);
    });
    return out;
  };
  const y = new Float32Array(rows * members.length);
  matrices.apply(xFloat, stack(undefined), bias, rows, width, members.length, y);
  const { bounds } = layer;
  const channels = members.length;
  const problem = { x, y, rows, fitted, width, channels, weights: stack(factors), bias, bounds };
  return toTarget(refit(problem, matrices, moments), members, width, rows);
}

function toTarget(
  { weights, bias, mean, covariance }: Refit,
  members: readonly number[],
  width: number,
  rows: number,
): GroupTarget {
  const first = members[0]!;
  return {
    ...{ mean, rows },
    covariance: width <= MAX_COVARIANCE_WIDTH ? covariance : new Float64Array(0),
    channel: (c) => ({
      weights: Float64Array.from(weights.subarray((c - first) * width, (c - first + 1) * width)),
      bias: bias[c - first]!,
    }),
  };
}

/** A depthwise filter is too small for the kernels to pay. */
const PLAIN_PRODUCTS: Pick<MatrixKernels, 'crossProduct' | 'apply'> = {
  crossProduct(a, b, rows, p, q, sum) {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < p; i++) {
        const value = a[row * p + i]!;
        for (let j = 0; j < q; j++) sum[i * q + j] = sum[i * q + j]! + value * b[row * q + j]!;
      }
  },
  apply(x, w, bias, rows, depth, columns, out) {
    for (let row = 0; row < rows; row++)
      for (let n = 0; n < columns; n++) {
        let sum = bias[n]!;
        for (let k = 0; k < depth; k++) sum += x[row * depth + k]! * w[n * depth + k]!;
        out[row * columns + n] = sum;
      }
  },
};
