/**
 * The float layers, slow and obvious, accumulated in double precision: what the SIMD kernels are compared with.
 * One function per operator; maps are in canonical order [height][width][channels].
 */
import type { FloatLayer, FloatLayerOf, FloatOp, FloatTensor, RealBounds } from '../ir/float-network.js';
import { type Extent, forEachTap } from './plan-access.js';

/** What a layer sees: its tensors and the values of every map computed so far. */
export interface FloatContext {
  readonly tensors: readonly FloatTensor[];
  map(tensor: number): Float32Array;
}

/** Values of the layer's output. */
export function floatReference(layer: FloatLayer, context: FloatContext): Float32Array {
  const compute = FLOAT_REFERENCES[layer.op] as (layer: FloatLayer, context: FloatContext) => Float32Array;
  return compute(layer, context);
}

const extent = (context: FloatContext, id: number): Extent => {
  const [height, width, channels] = context.tensors[id]!.shape;
  return { height, width, channels };
};
const sizeOf = (e: Extent): number => e.height * e.width * e.channels;
const cut = (x: number, bounds: RealBounds): number => Math.min(bounds.max, Math.max(bounds.min, x));

/** Calls `value(pixel row, column, channel)` for every output element. */
function fill(
  context: FloatContext,
  layer: FloatLayer,
  value: (y: number, x: number, c: number) => number,
): Float32Array {
  const { width, channels, height } = extent(context, layer.output);
  return Float32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return value(Math.floor(pixel / width), pixel % width, i % channels);
  });
}

function conv2d(layer: FloatLayerOf<'conv2d'>, context: FloatContext): Float32Array {
  const from = extent(context, layer.inputs[0]!);
  const x = context.map(layer.inputs[0]!);
  const taps = layer.window.kernelHeight * layer.window.kernelWidth;
  return fill(context, layer, (row, column, oc) => {
    let sum = layer.bias[oc]!;
    forEachTap(layer.window, from, row, column, (pixel, tap) => {
      for (let ic = 0; ic < from.channels; ic++)
        sum += layer.weights[(oc * taps + tap) * from.channels + ic]! * x[pixel * from.channels + ic]!;
    });
    return cut(sum, layer.bounds);
  });
}

function depthwiseConv2d(layer: FloatLayerOf<'depthwise_conv2d'>, context: FloatContext): Float32Array {
  const from = extent(context, layer.inputs[0]!);
  const x = context.map(layer.inputs[0]!);
  const channels = from.channels * layer.depthMultiplier;
  return fill(context, layer, (row, column, oc) => {
    const ic = Math.floor(oc / layer.depthMultiplier);
    let sum = layer.bias[oc]!;
    forEachTap(layer.window, from, row, column, (pixel, tap) => {
      sum += layer.weights[tap * channels + oc]! * x[pixel * from.channels + ic]!;
    });
    return cut(sum, layer.bounds);
  });
}

function fullyConnected(layer: FloatLayerOf<'fully_connected'>, context: FloatContext): Float32Array {
  const x = context.map(layer.inputs[0]!);
  return Float32Array.from(layer.bias, (bias, oc) => {
    let sum = bias;
    for (let i = 0; i < x.length; i++) sum += layer.weights[oc * x.length + i]! * x[i]!;
    return cut(sum, layer.bounds);
  });
}

/** The second operand is whole, per channel or one value. */
function operands(layer: FloatLayerOf<'add' | 'mul'>, context: FloatContext) {
  const [a, b] = [context.map(layer.inputs[0]!), context.map(layer.inputs[1]!)];
  const other = (i: number): number => b[b.length === a.length ? i : i % b.length]!;
  return { a, other };
}

function add(layer: FloatLayerOf<'add'>, context: FloatContext): Float32Array {
  const { a, other } = operands(layer, context);
  const sign = layer.subtract ? -1 : 1;
  return a.map((value, i) => cut(value + sign * other(i), layer.bounds));
}

function mul(layer: FloatLayerOf<'mul'>, context: FloatContext): Float32Array {
  const { a, other } = operands(layer, context);
  return a.map((value, i) => cut(value * other(i), layer.bounds));
}

function pool2d(layer: FloatLayerOf<'average_pool2d' | 'max_pool2d'>, context: FloatContext): Float32Array {
  const from = extent(context, layer.inputs[0]!);
  const x = context.map(layer.inputs[0]!);
  return fill(context, layer, (row, column, c) => {
    let [sum, count, best] = [0, 0, Number.NEGATIVE_INFINITY];
    forEachTap(layer.window, from, row, column, (pixel) => {
      const value = x[pixel * from.channels + c]!;
      sum += value;
      count++;
      best = Math.max(best, value);
    });
    return cut(layer.op === 'max_pool2d' ? best : sum / count, layer.bounds);
  });
}

function mean(layer: FloatLayerOf<'mean'>, context: FloatContext): Float32Array {
  const x = context.map(layer.inputs[0]!);
  const { height, width, channels } = extent(context, layer.inputs[0]!);
  return fill(context, layer, (_row, _column, c) => {
    let sum = 0;
    for (let i = c; i < x.length; i += channels) sum += x[i]!;
    return cut(sum / (height * width), layer.bounds);
  });
}

function pad(layer: FloatLayerOf<'pad'>, context: FloatContext): Float32Array {
  const from = extent(context, layer.inputs[0]!);
  const x = context.map(layer.inputs[0]!);
  return fill(context, layer, (row, column, c) => {
    const [y, xx, cc] = [row - layer.before[0], column - layer.before[1], c - layer.before[2]];
    const inside = y >= 0 && y < from.height && xx >= 0 && xx < from.width && cc >= 0 && cc < from.channels;
    return inside ? x[(y * from.width + xx) * from.channels + cc]! : 0;
  });
}

function transpose(layer: FloatLayerOf<'transpose'>, context: FloatContext): Float32Array {
  const shape = context.tensors[layer.inputs[0]!]!.shape;
  const x = context.map(layer.inputs[0]!);
  return fill(context, layer, (row, column, c) => {
    const at = [0, 0, 0];
    for (const [i, position] of [row, column, c].entries()) at[layer.permutation[i]!] = position;
    return x[(at[0]! * shape[1] + at[1]!) * shape[2] + at[2]!]!;
  });
}

function concatenation(layer: FloatLayerOf<'concatenation'>, context: FloatContext): Float32Array {
  return fill(context, layer, (row, column, c) => {
    const at = [row, column, c];
    for (const id of layer.inputs) {
      const shape = context.tensors[id]!.shape;
      if (at[layer.axis]! < shape[layer.axis])
        return cut(context.map(id)[(at[0]! * shape[1] + at[1]!) * shape[2] + at[2]!]!, layer.bounds);
      at[layer.axis] = at[layer.axis]! - shape[layer.axis];
    }
    return Number.NaN;
  });
}

function softmax(layer: FloatLayerOf<'softmax'>, context: FloatContext): Float32Array {
  const x = context.map(layer.inputs[0]!);
  const { channels } = extent(context, layer.inputs[0]!);
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += channels) {
    const row = x.subarray(at, at + channels);
    const max = row.reduce((a, b) => Math.max(a, b));
    const terms = Array.from(row, (value) => Math.exp(layer.beta * (value - max)));
    const sum = terms.reduce((a, b) => a + b);
    out.set(
      terms.map((term) => term / sum),
      at,
    );
  }
  return out;
}

/** The pointwise function as a function of a real number. */
export function pointwiseFunction(layer: FloatLayerOf<'pointwise'>): (x: number) => number {
  const { alpha, beta } = layer;
  switch (layer.function) {
    case 'logistic':
      return (x) => 1 / (1 + Math.exp(-x));
    case 'hard_swish':
      return (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6;
    case 'hard_sigmoid':
      return (x) => Math.min(1, Math.max(0, alpha * x + beta));
    case 'leaky_relu':
      return (x) => (x < 0 ? alpha * x : x);
  }
}

const resizeNearest = (layer: FloatLayerOf<'resize_nearest'>, context: FloatContext): Float32Array => {
  const from = extent(context, layer.inputs[0]!);
  const x = context.map(layer.inputs[0]!);
  return fill(
    context,
    layer,
    (row, column, c) => x[(layer.rows[row]! * from.width + layer.columns[column]!) * from.channels + c]!,
  );
};

export const FLOAT_REFERENCES = {
  conv2d,
  depthwise_conv2d: depthwiseConv2d,
  fully_connected: fullyConnected,
  add,
  mul,
  average_pool2d: pool2d,
  max_pool2d: pool2d,
  mean,
  pad,
  reshape: (layer, context) => context.map(layer.inputs[0]!).slice(),
  transpose,
  concatenation,
  softmax,
  pointwise: (layer, context) => context.map(layer.inputs[0]!).map(pointwiseFunction(layer)),
  clip: (layer, context) => context.map(layer.inputs[0]!).map((x) => cut(x, layer.bounds)),
  resize_nearest: resizeNearest,
} as const satisfies { [K in FloatOp]: (layer: FloatLayerOf<K>, context: FloatContext) => Float32Array };

/** Elements of a float tensor. */
export const floatElements = (tensor: FloatTensor): number =>
  sizeOf({ height: tensor.shape[0], width: tensor.shape[1], channels: tensor.shape[2] });
