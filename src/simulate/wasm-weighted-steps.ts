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
import {
  GROUP_CHANNELS,
  type LaneFactors,
  packGroups,
  packRowPairs,
  packTapPairs,
  packTaps,
  type WeightMatrix,
} from './wasm-constants.js';
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
  pack: (matrix: WeightMatrix, factors: LaneFactors) => Int16Array,
) {
  const { plan, memory } = context;
  const input = context.tensor(step.inputs[0]!);
  const constants = {
    bias: readInt32(plan, step.bias),
    multipliers: readMultipliers(plan, step),
    stage: { zeroPoint: context.tensor(step.output).zeroPoint, ...step.clamp },
  };
  const groups = packGroups(context, matrix, constants, input);
  return { weights: memory.store(pack(matrix, groups.factors)), groups: memory.store(groups.bytes) };
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

/** What kernels/depthwise-conv2d-3x3.ts takes; anything else goes to the general kernel. */
const isFast3x3 = ({ window: w, depthMultiplier }: DepthwiseConv2dStep, output: PlanTensor): boolean =>
  w.kernelHeight === 3 &&
  w.kernelWidth === 3 &&
  w.strideHeight === w.strideWidth &&
  w.strideHeight <= 2 &&
  w.dilationHeight === 1 &&
  w.dilationWidth === 1 &&
  depthMultiplier === 1 &&
  output.shape[1] >= 2 &&
  output.shape[2] >= GROUP_CHANNELS;

/** Rows and columns of input that the windows cover, padding included. */
function paddedSize(window: StepWindow, output: PlanTensor) {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = window;
  return {
    paddedHeight: (output.shape[0] - 1) * strideHeight + (window.kernelHeight - 1) * dilationHeight + 1,
    paddedWidth: (output.shape[1] - 1) * strideWidth + (window.kernelWidth - 1) * dilationWidth + 1,
  };
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
  const fast = isFast3x3(step, output);
  const { paddedHeight, paddedWidth } = paddedSize(window, output);
  const fields = {
    ...storeConstants(context, step, matrix, fast ? packRowPairs : packTaps),
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
  const rowPairs = 2 * alignUp(outputChannels, GROUP_CHANNELS) * 4 * paddedWidth;
  const padded = fast
    ? alignUp(inputWidth * outputChannels, 16) + 16 + rowPairs
    : paddedHeight * paddedWidth * outputChannels;
  const form = fast ? ('depthwise_conv2d_3x3' as const) : ('depthwise_conv2d' as const);
  const kernel = `${form}__${context.plan.requantization}` as const;
  return [kernelCall(context, kernel, 'DepthwiseConv2d', fields, { padded })];
}
