/** Binds conv2d, depthwise_conv2d and fully_connected to their WASM kernels. */
import type {
  Conv2dStep,
  DepthwiseConv2dStep,
  FullyConnectedStep,
  PlanTensor,
  StepWindow,
} from '../ir/deploy-plan.js';
import { elementCount, readInt32, readMultipliers, readWeights } from '../ops/plan-access.js';
import { type BindContext, type KernelCall, kernelCall } from './wasm-call.js';
import { packGroups, packTapPairs, packTaps, type WeightMatrix } from './wasm-constants.js';
import { alignUp } from './wasm-layout.js';

/** Output pixels expanded at a time, so that a strip and one group's weights stay in the first-level cache. */
const STRIP_PIXELS = 32;

type WeightedStep = Conv2dStep | DepthwiseConv2dStep | FullyConnectedStep;

const outputStage = (step: WeightedStep, output: PlanTensor) => ({
  outputZeroPoint: output.zeroPoint,
  clampMin: step.clamp.min,
  clampMax: step.clamp.max,
});

/** Rows of `rowLength` weights as a matrix: output channel `channel`, tap `tap` at `indexOf(channel, tap)`. */
function weightMatrix(
  context: BindContext,
  step: WeightedStep,
  shape: { channels: number; taps: number; rowLength: number },
  indexOf: (channel: number, tap: number) => number,
): WeightMatrix {
  const rows = (shape.channels * shape.taps) / shape.rowLength;
  const values = readWeights(context.plan, step.weights, rows, shape.rowLength, step.weightBits);
  return {
    channels: shape.channels,
    taps: shape.taps,
    at: (channel, tap) => values[indexOf(channel, tap)]! - step.weightZeroPoint,
  };
}

/** Stores weights and channel groups; returns their addresses. */
function storeConstants(
  context: BindContext,
  step: WeightedStep,
  matrix: WeightMatrix,
  pack: (matrix: WeightMatrix) => Int16Array,
) {
  const { plan, memory, group } = context;
  const input = context.tensor(step.inputs[0]!);
  const bias = readInt32(plan, step.bias);
  const multipliers = readMultipliers(plan, step);
  return {
    weights: memory.store(pack(matrix)),
    groups: memory.store(packGroups(plan, group, matrix, bias, multipliers, input)),
  };
}

const isPointwise = (window: StepWindow, input: PlanTensor, output: PlanTensor): boolean =>
  window.kernelHeight === 1 &&
  window.kernelWidth === 1 &&
  window.strideHeight === 1 &&
  window.strideWidth === 1 &&
  input.shape[0] === output.shape[0] &&
  input.shape[1] === output.shape[1];

export function bindConv2d(step: Conv2dStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const [inputHeight, inputWidth, inputChannels] = input.shape;
  const [outputHeight, outputWidth, outputChannels] = output.shape;
  const { window } = step;
  const rawTaps = window.kernelHeight * window.kernelWidth * inputChannels;
  const taps = alignUp(rawTaps, 8);
  const matrix = weightMatrix(
    context,
    step,
    { channels: outputChannels, taps: rawTaps, rowLength: inputChannels },
    (channel, tap) => channel * rawTaps + tap,
  );
  const form = isPointwise(window, input, output) ? 'pointwise' : 'windowed';
  const fields = {
    ...storeConstants(context, step, matrix, packTapPairs),
    ...outputStage(step, output),
    ...window,
    input: context.address(input.id),
    output: context.address(output.id),
    strip: 0,
    column: 0,
    pixels: outputHeight * outputWidth,
    stripPixels: STRIP_PIXELS,
    outputChannels,
    taps,
    inputZeroPoint: input.zeroPoint,
    inputHeight,
    inputWidth,
    inputChannels,
    outputWidth,
  };
  const scratch = { strip: STRIP_PIXELS * taps * 2, column: 4 * taps };
  return [kernelCall(context, `conv2d_${form}__${context.plan.requantization}`, 'Conv2d', fields, scratch)];
}

export function bindFullyConnected(step: FullyConnectedStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const inputs = elementCount(input);
  const taps = alignUp(inputs, 8);
  const shape = { channels: output.shape[2], taps: inputs, rowLength: inputs };
  const matrix = weightMatrix(context, step, shape, (channel, tap) => channel * inputs + tap);
  const fields = {
    ...storeConstants(context, step, matrix, packTapPairs),
    ...outputStage(step, output),
    input: context.address(input.id),
    output: context.address(output.id),
    strip: 0,
    outputChannels: output.shape[2],
    taps,
  };
  const kernel = `fully_connected__${context.plan.requantization}` as const;
  return [kernelCall(context, kernel, 'FullyConnected', fields, { strip: taps * 2 })];
}

export function bindDepthwiseConv2d(step: DepthwiseConv2dStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const [inputHeight, inputWidth, inputChannels] = input.shape;
  const [outputHeight, outputWidth, outputChannels] = output.shape;
  const { window } = step;
  const taps = window.kernelHeight * window.kernelWidth;
  const shape = { channels: outputChannels, taps, rowLength: outputChannels };
  const matrix = weightMatrix(context, step, shape, (channel, tap) => tap * outputChannels + channel);
  const paddedHeight =
    (outputHeight - 1) * window.strideHeight + (window.kernelHeight - 1) * window.dilationHeight + 1;
  const paddedWidth =
    (outputWidth - 1) * window.strideWidth + (window.kernelWidth - 1) * window.dilationWidth + 1;
  const fields = {
    ...storeConstants(context, step, matrix, packTaps),
    ...outputStage(step, output),
    ...window,
    input: context.address(input.id),
    output: context.address(output.id),
    padded: 0,
    inputHeight,
    inputWidth,
    inputChannels,
    depthMultiplier: step.depthMultiplier,
    inputZeroPoint: input.zeroPoint,
    paddedHeight,
    paddedWidth,
    outputHeight,
    outputWidth,
    outputChannels,
  };
  const kernel = `depthwise_conv2d__${context.plan.requantization}` as const;
  const scratch = { padded: paddedHeight * paddedWidth * outputChannels };
  return [kernelCall(context, kernel, 'DepthwiseConv2d', fields, scratch)];
}
