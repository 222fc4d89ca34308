/** Binds conv2d, depthwise_conv2d and fully_connected: packed weights, folded bias, scratch. */
import type { ArgumentRecord } from '../ir/bound-plan.js';
import type {
  Conv2dStep,
  DepthwiseConv2dStep,
  FullyConnectedStep,
  PlanTensor,
  StepWindow,
} from '../ir/deploy-plan.js';
import { pixelBytes, WIDTHS } from '../numeric/widths.js';
import { elementCount, readInt32, readMultipliers, readWeights } from '../ops/plan-access.js';
import { type BindContext, type BoundOp, inputTensor, outputTensor, type StepBinder } from './bound-op.js';
import { type ChannelSums, packChannels } from './channel-constants.js';
import { columnOrder, columnPairs } from './column-order.js';
import { kernelInstance } from './kernel-instance.js';
import { packDepthwise, packDotBlocks, storedWeightOffset } from './pack-weights.js';
import { shapeArgs, stageArgs, windowArgs } from './struct-args.js';

type WeightedStep = Conv2dStep | DepthwiseConv2dStep | FullyConnectedStep;

const WORD_BYTES = 4;

/** Sums per output channel; `channelOf` maps a weight's index to its output channel. */
function channelSums(
  step: WeightedStep,
  context: BindContext,
  weights: Int32Array,
  channelOf: (index: number) => number,
): readonly ChannelSums[] {
  const bias = readInt32(context.plan, step.bias);
  const sums = new Float64Array(bias.length);
  const magnitudes = new Float64Array(bias.length);
  weights.forEach((w, index) => {
    const channel = channelOf(index);
    sums[channel] = sums[channel]! + w - step.weightZeroPoint;
    magnitudes[channel] = magnitudes[channel]! + Math.abs(w - step.weightZeroPoint);
  });
  return Array.from(bias, (value, channel) => ({
    bias: value,
    weights: sums[channel]!,
    magnitudes: magnitudes[channel]!,
  }));
}

/** `stage`, `output_bits` and the per-channel constants, equal in all three argument structs. */
function channelArgs(
  step: WeightedStep,
  context: BindContext,
  sums: readonly ChannelSums[],
  input: PlanTensor,
  output: PlanTensor,
): ArgumentRecord {
  const { plan, constants, label } = context;
  const mode = plan.requantization;
  const multipliers = readMultipliers(plan, step);
  const { activationMin, activationMax } = WIDTHS[input.bits];
  const reach = Math.max(input.zeroPoint - activationMin, activationMax - input.zeroPoint);
  const packed = packChannels(mode, sums, multipliers, input.zeroPoint, reach);
  return {
    output_bits: output.bits,
    stage: stageArgs(output, step.clamp),
    channels: constants.add(`${label}_channels`, 'struct qmcu_channel', packed),
  };
}

/** Packs rows of `rowsPerChannel` · `rowLength` weights per channel as a dot-product stream. */
function dotBlocks(
  step: Conv2dStep | FullyConnectedStep,
  context: BindContext,
  input: PlanTensor,
  channels: number,
  rowsPerChannel: number,
  rowLength: number,
): { sums: readonly ChannelSums[]; args: ArgumentRecord; pairs: number } {
  const length = rowsPerChannel * rowLength;
  const rows = readWeights(context.plan, step.weights, channels * rowsPerChannel, rowLength, step.weightBits);
  const order = columnOrder(length, input.shape[2], input.bits, step.weightBits);
  const stream = packDotBlocks(rows, channels, length, order, step.weightBits);
  return {
    sums: channelSums(step, context, rows, (index) => Math.floor(index / length)),
    args: {
      weight_offset: storedWeightOffset(step.weightZeroPoint, step.weightBits),
      weights: context.constants.add(`${context.label}_weights`, 'uint32_t', stream),
    },
    pairs: columnPairs(length, step.weightBits),
  };
}

function single(
  step: WeightedStep,
  context: BindContext,
  input: PlanTensor,
  args: ArgumentRecord,
  scratchBytes: number,
  inPlace: boolean,
): BoundOp {
  const kernel = kernelInstance(step.op, context.target.feature, input.bits, step.weightBits);
  return {
    calls: [{ kernel, args, inputs: [input.id] }],
    memory: { scratchBytes, inPlaceInputs: inPlace ? [0] : [], alias: false },
  };
}

export const bindConv2d: StepBinder<'conv2d'> = (step, context) => {
  const input = inputTensor(step, context);
  const output = outputTensor(step, context);
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  const packed = dotBlocks(step, context, input, output.shape[2], taps, input.shape[2]);
  const args = {
    input: shapeArgs(input),
    output: shapeArgs(output),
    window: windowArgs(step.window),
    input_zero_point: input.zeroPoint,
    ...packed.args,
    ...channelArgs(step, context, packed.sums, input, output),
  };
  return single(step, context, input, args, 2 * packed.pairs * WORD_BYTES, conv2dInPlace(step, input, output));
};

/** True when every output pixel lies within input pixels that have been gathered by the time it is written. */
export function conv2dInPlace({ window }: Conv2dStep, input: PlanTensor, output: PlanTensor): boolean {
  const isPointwise = window.kernelHeight * window.kernelWidth === 1 && window.padTop + window.padLeft === 0;
  const staysInside =
    (output.shape[0] - 1) * window.strideHeight < input.shape[0] &&
    (output.shape[1] - 1) * window.strideWidth < input.shape[1];
  return (
    isPointwise &&
    staysInside &&
    pixelBytes(output.shape[2], output.bits) <= pixelBytes(input.shape[2], input.bits)
  );
}

export const bindFullyConnected: StepBinder<'fully_connected'> = (step, context) => {
  const input = inputTensor(step, context);
  const output = outputTensor(step, context);
  const packed = dotBlocks(step, context, input, output.shape[2], 1, elementCount(input));
  const args = {
    input: shapeArgs(input),
    outputs: output.shape[2],
    ...packed.args,
    ...channelArgs(step, context, packed.sums, input, output),
  };
  return single(step, context, input, args, packed.pairs * WORD_BYTES, false);
};

export const bindDepthwiseConv2d: StepBinder<'depthwise_conv2d'> = (step, context) => {
  const input = inputTensor(step, context);
  const output = outputTensor(step, context);
  const channels = output.shape[2];
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  const values = readWeights(context.plan, step.weights, taps, channels, step.weightBits);
  const sums = channelSums(step, context, values, (index) => index % channels);
  const stream = packDepthwise(values, taps, channels, step.weightZeroPoint, step.weightBits);
  const args = {
    input: shapeArgs(input),
    output: shapeArgs(output),
    window: windowArgs(step.window),
    depth_multiplier: step.depthMultiplier,
    input_zero_point: input.zeroPoint,
    weight_zero_point: step.weightZeroPoint,
    weights: context.constants.add(`${context.label}_weights`, 'uint8_t', stream),
    ...channelArgs(step, context, sums, input, output),
  };
  const scratchBytes = depthwiseScratchBytes(step.window, input, output);
  return single(step, context, input, args, scratchBytes, depthwiseInPlace(step, input, output));
};

const verticalSpan = (window: StepWindow): number => (window.kernelHeight - 1) * window.dilationHeight + 1;

/** Widened weights of four channels and the ring of saved rows: two words per tap and per saved position. */
export function depthwiseScratchBytes(window: StepWindow, input: PlanTensor, output: PlanTensor): number {
  const reach =
    (output.shape[1] - 1) * window.strideWidth + (window.kernelWidth - 1) * window.dilationWidth + 1;
  const columns = Math.max(reach, window.padLeft + input.shape[1]);
  return 2 * WORD_BYTES * (window.kernelHeight * window.kernelWidth + verticalSpan(window) * columns);
}

/** True when every output row lies within input rows that are saved by the time it is written. */
export function depthwiseInPlace(step: DepthwiseConv2dStep, input: PlanTensor, output: PlanTensor): boolean {
  if (step.depthMultiplier !== 1 || input.bits !== output.bits) return false;
  const [height, width] = input.shape;
  for (let y = 0; y < output.shape[0]; y++) {
    const rowsRead = Math.min(
      height,
      y * step.window.strideHeight - step.window.padTop + verticalSpan(step.window),
    );
    if (rowsRead < height && (y + 1) * output.shape[1] > rowsRead * width) return false;
  }
  return true;
}
