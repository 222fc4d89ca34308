/** Binds conv2d, depthwise_conv2d and fully_connected: packed weights, folded bias. */
import type { ArgumentRecord } from '../ir/bound-plan.js';
import type { Conv2dStep, DepthwiseConv2dStep, FullyConnectedStep, PlanTensor } from '../ir/deploy-plan.js';
import { WIDTHS } from '../numeric/widths.js';
import { elementCount, readInt32, readMultipliers, readWeights } from '../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor, type StepBinder, type StepCalls } from './bound-op.js';
import { type ChannelSums, packChannels } from './channel-constants.js';
import { columnOrder } from './column-order.js';
import { kernelInstance } from './kernel-instance.js';
import { packDepthwise, packDotBlocks, storedWeightOffset } from './pack-weights.js';
import { shapeArgs, stageArgs, windowArgs } from './struct-args.js';

type WeightedStep = Conv2dStep | DepthwiseConv2dStep | FullyConnectedStep;

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
): { sums: readonly ChannelSums[]; args: ArgumentRecord } {
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
  };
}

function single(
  step: WeightedStep,
  context: BindContext,
  input: PlanTensor,
  args: ArgumentRecord,
): StepCalls {
  const kernel = kernelInstance(step.op, context.target.feature, input.bits, step.weightBits);
  return { calls: [{ kernel, args, inputs: [input.id] }] };
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
  return single(step, context, input, args);
};

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
  return single(step, context, input, args);
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
  return single(step, context, input, args);
};
