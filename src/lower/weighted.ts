/** CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: weights in canonical order, constants per output channel. */
import type { StepWindow } from '../ir/deploy-plan.js';
import type { GraphTensor, Window2d } from '../ir/graph.js';
import { type FixedMultiplier, quantizeMultiplier } from '../numeric/requantize.js';
import {
  addStep,
  inputTensor,
  maxDeviation,
  type NodeContext,
  type NodeOf,
  outputTensor,
  planInput,
  planOutput,
  refuse,
  tooLarge,
} from './node-context.js';
import { activationRange, effectiveScale, zeroPointOf } from './scales.js';
import { requantizationScale } from './xnnpack.js';

/** Explicit window of a step; padding behind follows from the output's size. */
export const stepWindow = (window: Window2d): StepWindow => ({
  kernelHeight: window.kernelHeight,
  kernelWidth: window.kernelWidth,
  strideHeight: window.strideHeight,
  strideWidth: window.strideWidth,
  dilationHeight: window.dilationHeight,
  dilationWidth: window.dilationWidth,
  padTop: window.padding.top,
  padLeft: window.padding.left,
});

type WeightedNode = NodeOf<'conv2d' | 'depthwise_conv2d' | 'fully_connected'>;

/** How the file orders weights: element `tap` of output channel `channel`. */
type WeightIndex = (channel: number, tap: number) => number;

export function lowerConv2d(c: NodeContext<NodeOf<'conv2d'>>): void {
  const weights = inputTensor(c, 1);
  const inputChannels = inputTensor(c, 0).shape[3]!;
  const [channels, height, width, depth] = weights.shape as [number, number, number, number];
  const taps = height * width * depth;
  const inFileOrder: WeightIndex = (channel, tap) => channel * taps + tap;
  const window = stepWindow(c.node.window);
  if (depth === inputChannels) {
    const constants = weightedConstants(c, channels, taps, inFileOrder);
    const blob = c.builder.addInt8(weights.data as Int8Array);
    addStep<'conv2d'>(c, { op: 'conv2d', window, weights: blob, ...constants }, [planInput(c, 0)]);
    return;
  }
  if (depth !== 1)
    throw refuse(c, `grouped convolution with ${inputChannels / depth} groups of ${depth} channels`);
  // One input channel per group is a depthwise convolution with its weights transposed.
  const constants = weightedConstants(c, channels, taps, inFileOrder);
  const data = weights.data as Int8Array;
  const reordered = new Int8Array(data.length);
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) reordered[tap * channels + channel] = data[channel * taps + tap]!;
  addStep<'depthwise_conv2d'>(
    c,
    {
      op: 'depthwise_conv2d',
      window,
      depthMultiplier: channels / inputChannels,
      weights: c.builder.addInt8(reordered),
      ...constants,
    },
    [planInput(c, 0)],
  );
}

export function lowerDepthwise(c: NodeContext<NodeOf<'depthwise_conv2d'>>): void {
  const weights = inputTensor(c, 1);
  const channels = weights.shape[3]!;
  const taps = weights.shape[1]! * weights.shape[2]!;
  const constants = weightedConstants(c, channels, taps, (channel, tap) => tap * channels + channel);
  addStep<'depthwise_conv2d'>(
    c,
    {
      op: 'depthwise_conv2d',
      window: stepWindow(c.node.window),
      depthMultiplier: c.node.depthMultiplier,
      weights: c.builder.addInt8(weights.data as Int8Array),
      ...constants,
    },
    [planInput(c, 0)],
  );
}

export function lowerFullyConnected(c: NodeContext<NodeOf<'fully_connected'>>): void {
  const weights = inputTensor(c, 1);
  const [channels, taps] = weights.shape as [number, number];
  const outputShape = outputTensor(c).shape;
  if (outputShape.reduce((a, b) => a * b, 1) !== channels)
    throw refuse(
      c,
      `several rows at once (output [${outputShape.join(', ')}])`,
      'Export the network with batch size 1.',
    );
  const constants = weightedConstants(c, channels, taps, (channel, tap) => channel * taps + tap);
  const blob = c.builder.addInt8(weights.data as Int8Array);
  addStep<'fully_connected'>(c, { op: 'fully_connected', weights: blob, ...constants }, [planInput(c, 0)]);
}

/** Everything of a weighted step but the weights themselves; checks types, zero points and overflow. */
function weightedConstants(
  c: NodeContext<WeightedNode>,
  channels: number,
  taps: number,
  indexOf: WeightIndex,
) {
  const [input, weights, output] = [inputTensor(c, 0), inputTensor(c, 1), outputTensor(c)];
  const weightZeroPoint = weightZeroPointOf(c, weights, channels);
  const bias = biasValues(c, channels);
  const legacy =
    weights.wasUint8 === true ||
    (c.node.op === 'fully_connected' && weights.quantization!.scale.length === 1);
  const multipliers = Array.from({ length: channels }, (_, channel) =>
    c.mode === 'xnnpack'
      ? requantizationScale(input, weights, output, channel)
      : quantizeMultiplier(effectiveScale(input, weights, output, channel, legacy)),
  );
  const data = weights.data as Int8Array;
  const deviation = maxDeviation(zeroPointOf(input));
  for (let channel = 0; channel < channels; channel++) {
    let magnitude = 0;
    for (let tap = 0; tap < taps; tap++)
      magnitude += Math.abs(data[indexOf(channel, tap)]! - weightZeroPoint);
    const bound = Math.abs(bias[channel]!) + magnitude * deviation;
    requireAccumulatorFits(c, channel, bound, multipliers[channel]!);
  }
  planOutput(c);
  return {
    weightBits: 8 as const,
    weightZeroPoint,
    bias: c.builder.addInt32(bias),
    multiplier: c.builder.addInt32(multipliers.map((m) => m.multiplier)),
    shift: c.builder.addInt8(multipliers.map((m) => m.shift)),
    clamp: activationRange(c.node.activation, output, c.mode),
  };
}

/** |bias| + Σ|w − z_w|·max|q − z|, and the same after the left shift, stay under 2^31 (numeric contract). */
function requireAccumulatorFits(c: NodeContext, channel: number, bound: number, m: FixedMultiplier): void {
  const shifted = bound * 2 ** Math.max(0, m.shift);
  if (shifted < 2 ** 31) return;
  const what = bound < 2 ** 31 ? `the left shift by ${m.shift}` : 'the accumulator';
  throw tooLarge(
    c,
    `${what} of output channel ${channel} may overflow 32 bits`,
    String(shifted),
    'below 2^31',
  );
}

function weightZeroPointOf(c: NodeContext, weights: GraphTensor, channels: number): number {
  const q = weights.quantization;
  if (!(weights.data instanceof Int8Array) || q === undefined)
    throw refuse(c, `weights ${weights.name} are not 8-bit quantised constants`);
  if (q.scale.length !== 1 && q.scale.length !== channels)
    throw refuse(c, `weights ${weights.name} have ${q.scale.length} scales for ${channels} output channels`);
  if (q.scale.some((scale) => scale > 2 ** 60))
    throw refuse(c, `weights ${weights.name} have an absurd scale`);
  const zero = q.zeroPoint[0]!;
  if (q.zeroPoint.some((z) => z !== zero))
    throw refuse(c, `weights ${weights.name} have a different zero point per channel`);
  return zero;
}

function biasValues(c: NodeContext<WeightedNode>, channels: number): Int32Array {
  const id = c.node.inputs[2]!;
  if (id === -1) return new Int32Array(channels);
  const bias = c.builder.graph.tensors[id]!;
  if (!(bias.data instanceof Int32Array)) throw refuse(c, `bias ${bias.name} is ${bias.dtype}, not int32`);
  return bias.data;
}
