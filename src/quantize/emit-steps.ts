/** One float layer → one step of a `mulhi` plan; formulas at each operator in src/ir/deploy-plan.ts. */
import type { Clamp, Step } from '../ir/deploy-plan.js';
import type {
  FloatLayer,
  FloatLayerOf,
  FloatNetwork,
  FloatOp,
  RealBounds,
  WeightedFloatLayer,
} from '../ir/float-network.js';
import { packLanes } from '../numeric/lanes.js';
import { type FixedMultiplier, quantizeMulhi } from '../numeric/requantize.js';
import { addScaling } from '../ops/add.js';
import { pointwiseFunction } from '../ops/float-reference.js';
import { logisticTable, softmaxFactor, softmaxTable } from '../ops/function-tables.js';
import { invariant, limit } from '../support/errors.js';
import type { StoredMap } from './activation-grids.js';
import type { BlobWriter } from './plan-writer.js';
import type { QuantizedWeights } from './quantize-layer.js';
import { channelView } from './weight-channels.js';

export interface EmitContext {
  readonly network: FloatNetwork;
  readonly stored: readonly StoredMap[];
  /** Of this layer. */
  readonly weights: QuantizedWeights | undefined;
  readonly blobs: BlobWriter;
}

type Emit<K extends FloatOp> = (layer: FloatLayerOf<K>, c: EmitContext) => Step;

const EMIT: { readonly [K in FloatOp]: Emit<K> } = {
  conv2d: (layer, c) => ({ ...common(layer), op: 'conv2d', window: layer.window, ...constants(layer, c) }),
  depthwise_conv2d: (layer, c) => ({
    ...common(layer),
    op: 'depthwise_conv2d',
    window: layer.window,
    depthMultiplier: layer.depthMultiplier,
    ...constants(layer, c),
  }),
  fully_connected: (layer, c) => ({ ...common(layer), op: 'fully_connected', ...constants(layer, c) }),
  add: (layer, c) => ({
    ...common(layer),
    op: 'add',
    subtract: layer.subtract,
    scaling: addScaling(
      scaleOf(c, layer.inputs[0]!),
      scaleOf(c, layer.inputs[1]!),
      scaleOf(c, layer.output),
      'mulhi',
    ),
    clamp: clampOf(c, layer),
  }),
  mul: (layer, c) => ({
    ...common(layer),
    op: 'mul',
    requant: ratio(layer, c, scaleOf(c, layer.inputs[0]!) * scaleOf(c, layer.inputs[1]!)),
    clamp: clampOf(c, layer),
  }),
  average_pool2d: (layer, c) => emitPool(layer, c),
  max_pool2d: (layer, c) => emitPool(layer, c),
  mean: (layer, c) => {
    const [h, w] = c.network.tensors[layer.inputs[0]!]!.shape;
    const requant = ratio(layer, c, scaleOf(c, layer.inputs[0]!) / (h * w));
    return { ...common(layer), op: 'mean', requant, clamp: clampOf(c, layer) };
  },
  pad: (layer) => ({ ...common(layer), op: 'pad', before: layer.before }),
  reshape: (layer) => ({ ...common(layer), op: 'reshape' }),
  transpose: (layer) => ({ ...common(layer), op: 'transpose', permutation: layer.permutation }),
  concatenation: (layer, c) => ({
    ...common(layer),
    op: 'concatenation',
    axis: layer.axis,
    requant: layer.inputs.map((id) =>
      c.stored[id]!.grid === c.stored[layer.output]!.grid ? null : ratio(layer, c, scaleOf(c, id)),
    ),
    clamp: clampOf(c, layer),
  }),
  softmax: emitSoftmax,
  pointwise: (layer, c) => ({ ...common(layer), op: 'lookup', table: c.blobs.int8(functionTable(layer, c)) }),
  clip: (layer, c) => ({
    ...common(layer),
    op: 'requantize',
    requant: ratio(layer, c, scaleOf(c, layer.inputs[0]!)),
    clamp: clampOf(c, layer),
  }),
  resize_nearest: (layer) => ({
    ...common(layer),
    op: 'resize_nearest',
    rows: layer.rows,
    columns: layer.columns,
  }),
};

export const emitStep = (layer: FloatLayer, context: EmitContext): Step =>
  (EMIT[layer.op] as (layer: FloatLayer, context: EmitContext) => Step)(layer, context);

const common = ({ name, inputs, output }: FloatLayer) => ({ name, inputs, output });
const scaleOf = (c: EmitContext, tensor: number): number => c.stored[tensor]!.grid.scale;

/** real / output scale in the contract's integer form. */
const ratio = (layer: FloatLayer, c: EmitContext, real: number): FixedMultiplier =>
  multiplierFor(layer, real / scaleOf(c, layer.output));

function multiplierFor(layer: FloatLayer, real: number): FixedMultiplier {
  if (real < 2 ** 30) return quantizeMulhi(real);
  throw limit('quantize/multiplier', 'the output scale is too small for its inputs', {
    where: layer.name,
    found: `ratio ${real}`,
    expected: 'below 2^30',
  });
}

/** The output width's range, cut by the activation. Channel scales end below an upper bound, which needs no cut. */
function clampOf(c: EmitContext, layer: { readonly output: number; readonly bounds: RealBounds }): Clamp {
  const { scale, zeroPoint, min, max, channelScales } = c.stored[layer.output]!.grid;
  const stored = (real: number): number => Math.min(max, Math.max(min, zeroPoint + Math.round(real / scale)));
  const low = layer.bounds.min === Number.NEGATIVE_INFINITY ? min : stored(layer.bounds.min);
  const open = layer.bounds.max === Number.POSITIVE_INFINITY || channelScales !== undefined;
  return { min: low, max: open ? max : stored(layer.bounds.max) };
}

function emitPool(layer: FloatLayerOf<'average_pool2d' | 'max_pool2d'>, c: EmitContext): Step {
  const base = { ...common(layer), window: layer.window, clamp: clampOf(c, layer) };
  if (layer.op === 'max_pool2d') return { ...base, op: 'max_pool2d' };
  const counts = layer.window.kernelHeight * layer.window.kernelWidth;
  const perCount = Array.from({ length: counts }, (_, i) =>
    ratio(layer, c, scaleOf(c, layer.inputs[0]!) / (i + 1)),
  );
  return { ...base, op: 'average_pool2d', origin: 0, perCount };
}

/** Packed weights, and bias, multiplier and shift of every output channel. */
function constants(layer: WeightedFloatLayer, c: EmitContext) {
  const { weights } = c;
  invariant(weights !== undefined, 'quantize/weights', `layer ${layer.name} was not quantised`);
  const input = c.stored[layer.inputs[0]!]!;
  const output = c.stored[layer.output]!;
  const channels = weights.scales.length;
  const multipliers: FixedMultiplier[] = [];
  const bias = new Int32Array(channels);
  for (let oc = 0; oc < channels; oc++) {
    const unit = input.grid.scale * weights.scales[oc]!;
    const outputScale = output.grid.scale * (output.grid.channelScales?.[oc] ?? 1);
    multipliers.push(multiplierFor(layer, unit / outputScale));
    bias[oc] = Math.round(weights.bias[oc]! / unit);
  }
  requireAccumulators(layer, weights, bias, multipliers, input);
  const rowLength = packedRowLength(layer, c);
  return {
    weights: c.blobs.weights(weights.q, (q) => packLanes(q, rowLength, weights.bits)),
    weightBits: weights.bits,
    weightZeroPoint: 0,
    bias: c.blobs.int32(bias),
    multiplier: c.blobs.int32(multipliers.map((m) => m.multiplier)),
    shift: c.blobs.int8(multipliers.map((m) => m.shift)),
    clamp: clampOf(c, layer),
  };
}

/** Rows over the last axis start on a byte: [ic], [oc] of a depthwise layer, or the whole input. */
function packedRowLength(layer: WeightedFloatLayer, c: EmitContext): number {
  if (layer.op === 'fully_connected') return layer.weights.length / layer.bias.length;
  return layer.op === 'depthwise_conv2d' ? layer.bias.length : c.network.tensors[layer.inputs[0]!]!.shape[2];
}

/** |bias| + Σ|w|·max|q − z|, shifted left as the multiplier asks, stays under 2^31 (numeric contract, "Accumulator"). */
function requireAccumulators(
  layer: WeightedFloatLayer,
  { q }: QuantizedWeights,
  bias: Int32Array,
  multipliers: readonly FixedMultiplier[],
  { grid }: StoredMap,
): void {
  const view = channelView(layer);
  const deviation = Math.max(grid.max - grid.zeroPoint, grid.zeroPoint - grid.min);
  for (let oc = 0; oc < view.channels; oc++) {
    let magnitude = 0;
    for (let k = 0; k < view.width; k++) magnitude += Math.abs(q[view.index(oc, k)]!);
    const bound = (Math.abs(bias[oc]!) + magnitude * deviation) * 2 ** multipliers[oc]!.shift;
    if (bound >= 2 ** 31)
      throw limit('quantize/overflow', `the accumulator of output channel ${oc} may overflow 32 bits`, {
        where: layer.name,
        found: String(bound),
        expected: 'below 2^31',
      });
  }
}

function emitSoftmax(layer: FloatLayerOf<'softmax'>, c: EmitContext): Step {
  const factor = softmaxFactor(scaleOf(c, layer.inputs[0]!), layer.beta, 'mulhi');
  if (!(factor > 1))
    throw limit('quantize/softmax', 'the input scale of the softmax is too small', {
      where: layer.name,
      found: String(scaleOf(c, layer.inputs[0]!)),
      expected: 'above 2^-26',
    });
  return { ...common(layer), op: 'softmax', expTable: c.blobs.int32(softmaxTable(factor)) };
}

/** Output of a pointwise function for every stored input: TFLM's for LOGISTIC, else the nearest stored value. */
function functionTable(layer: FloatLayerOf<'pointwise'>, c: EmitContext): Int8Array {
  const input = c.stored[layer.inputs[0]!]!;
  const output = c.stored[layer.output]!;
  if (layer.function === 'logistic' && output.bits === 8)
    return logisticTable({ ...input.grid, bits: input.bits }, 'tflm');
  const compute = pointwiseFunction(layer);
  const { scale, zeroPoint, min, max } = output.grid;
  return Int8Array.from({ length: 2 ** input.bits }, (_, i) => {
    const x = input.grid.scale * (input.grid.min + i - input.grid.zeroPoint);
    return Math.min(max, Math.max(min, zeroPoint + Math.round(compute(x) / scale)));
  });
}
