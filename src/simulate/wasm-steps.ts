/** Binds every operator of the plan to its WASM kernels; a new operator is a function and a line here. */
import type {
  AveragePool2dStep,
  ConcatenationStep,
  CropStep,
  MaxPool2dStep,
  MeanStep,
  PadStep,
  PlanTensor,
  ResizeNearestStep,
  SoftmaxStep,
  StepOf,
  StepOp,
  StepWindow,
  TransposeStep,
} from '../ir/deploy-plan.js';
import { elementCount, readInt32, widthRange } from '../ops/plan-access.js';
import { bindAdd } from './wasm-add.js';
import { type BindContext, type KernelCall, kernelCall } from './wasm-call.js';
import {
  bindLookup,
  bindMul,
  bindRequantize,
  byteTable,
  outputStage,
  requantizeTable,
} from './wasm-table-steps.js';
import { bindConv2d, bindDepthwiseConv2d, bindFullyConnected } from './wasm-weighted-steps.js';

type Binders = { readonly [K in StepOp]: (step: StepOf<K>, context: BindContext) => readonly KernelCall[] };

function bindConcatenation(step: ConcatenationStep, context: BindContext): KernelCall[] {
  const output = context.tensor(step.output);
  const range = widthRange(output.bits);
  const clamps = step.clamp.min > range.min || step.clamp.max < range.max;
  const clampOnly = (): number =>
    byteTable(context, (q) => Math.min(step.clamp.max, Math.max(step.clamp.min, q)));
  /** Bytes of one step along the axis, in output and inputs alike. */
  const unit = output.shape.slice(step.axis + 1).reduce((product, size) => product * size, 1);
  let start = context.address(output.id);
  return step.inputs.map((id, index) => {
    const input = context.tensor(id);
    const requant = step.requant[index]!;
    const runBytes = input.shape[step.axis] * unit;
    const copied = clamps ? clampOnly() : 0;
    const fields = {
      input: context.address(id),
      output: start,
      table: requant === null ? copied : requantizeTable(context, input, requant, step.clamp, output),
      runs: elementCount(input) / runBytes,
      runBytes,
      outputStride: output.shape[step.axis] * unit,
    };
    start += runBytes;
    return kernelCall(context, 'concatenation', 'Concatenation', fields);
  });
}

function poolFields(step: AveragePool2dStep | MaxPool2dStep, window: StepWindow, context: BindContext) {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  return {
    input: context.address(input.id),
    output: context.address(output.id),
    sums: 0,
    perCount: 0,
    inputHeight: input.shape[0],
    inputWidth: input.shape[1],
    channels: input.shape[2],
    outputHeight: output.shape[0],
    outputWidth: output.shape[1],
    ...window,
    origin: 0,
    inputZeroPoint: input.zeroPoint,
    ...outputStage(step.clamp, output),
  };
}

function bindAveragePool2d(step: AveragePool2dStep, context: BindContext): KernelCall[] {
  const perCount = (step.perCount ?? []).flatMap((m) => [m.multiplier, m.shift]);
  const fields = {
    ...poolFields(step, step.window, context),
    perCount: context.memory.store(Int32Array.from(perCount)),
    origin: step.origin,
  };
  const kernel = `average_pool2d__${context.plan.requantization}` as const;
  return [kernelCall(context, kernel, 'Pool2d', fields, { sums: 4 * fields.channels + 32 })];
}

function bindMaxPool2d(step: MaxPool2dStep, context: BindContext): KernelCall[] {
  return [kernelCall(context, 'max_pool2d', 'Pool2d', poolFields(step, step.window, context))];
}

function bindMean(step: MeanStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const [height, width, channels] = input.shape;
  const fields = {
    input: context.address(input.id),
    output: context.address(output.id),
    sums: 0,
    pixels: height * width,
    channels,
    inputZeroPoint: input.zeroPoint,
    ...step.requant,
    ...outputStage(step.clamp, output),
  };
  const kernel = `mean__${context.plan.requantization}` as const;
  return [kernelCall(context, kernel, 'Mean', fields, { sums: 4 * channels + 32 })];
}

function bindPad(step: PadStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const fields = {
    input: context.address(input.id),
    output: context.address(output.id),
    inputHeight: input.shape[0],
    inputWidth: input.shape[1],
    inputChannels: input.shape[2],
    outputHeight: output.shape[0],
    outputWidth: output.shape[1],
    outputChannels: output.shape[2],
    top: step.before[0],
    left: step.before[1],
    front: step.before[2],
    zeroPoint: output.zeroPoint,
  };
  return [kernelCall(context, 'pad', 'Pad', fields)];
}

function bindTranspose(step: TransposeStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const strides = [input.shape[1] * input.shape[2], input.shape[2], 1] as const;
  const [a, b, c] = step.permutation;
  const fields = {
    input: context.address(input.id),
    output: context.address(output.id),
    size0: output.shape[0],
    size1: output.shape[1],
    size2: output.shape[2],
    stride0: strides[a as 0 | 1 | 2],
    stride1: strides[b as 0 | 1 | 2],
    stride2: strides[c as 0 | 1 | 2],
  };
  return [kernelCall(context, 'transpose', 'Transpose', fields)];
}

function bindSoftmax(step: SoftmaxStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const [height, width, channels] = input.shape;
  const fields = {
    input: context.address(input.id),
    output: context.address(output.id),
    expTable: context.memory.store(readInt32(context.plan, step.expTable)),
    pixels: height * width,
    channels,
    ...outputStage(widthRange(output.bits), output),
  };
  return [kernelCall(context, 'softmax', 'Softmax', fields)];
}

function bindResizeNearest(step: ResizeNearestStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const fields = {
    input: context.address(input.id),
    output: context.address(output.id),
    rows: context.memory.store(Int32Array.from(step.rows)),
    columns: context.memory.store(Int32Array.from(step.columns)),
    inputWidth: input.shape[1],
    channels: input.shape[2],
    outputHeight: output.shape[0],
    outputWidth: output.shape[1],
  };
  return [kernelCall(context, 'resize_nearest', 'ResizeNearest', fields)];
}

/** Copies a window of `whole` at (y, x) to or from `part`, which has the window's size. */
function windowCopy(
  context: BindContext,
  whole: PlanTensor,
  part: PlanTensor,
  at: { readonly y: number; readonly x: number },
  direction: 'out_of_whole' | 'into_whole',
): KernelCall {
  const [height, width, channels] = part.shape;
  const stride = whole.shape[1] * channels;
  const window = context.address(whole.id) + at.y * stride + at.x * channels;
  const rowBytes = width * channels;
  const [source, target] =
    direction === 'out_of_whole' ? [window, context.address(part.id)] : [context.address(part.id), window];
  const [sourceStride, targetStride] = direction === 'out_of_whole' ? [stride, rowBytes] : [rowBytes, stride];
  const fields = { source, target, rows: height, rowBytes, sourceStride, targetStride };
  return kernelCall(context, 'copy_window', 'CopyWindow', fields);
}

/** Views have buffers of their own here: filled before a step that reads them, copied home after their writer. */
export function viewCopies(
  context: BindContext,
  id: number,
  direction: 'out_of_whole' | 'into_whole',
): KernelCall[] {
  const tensor = context.tensor(id);
  if (tensor.view === undefined) return [];
  return [windowCopy(context, context.tensor(tensor.view.of), tensor, tensor.view, direction)];
}

function bindCrop(step: CropStep, context: BindContext): KernelCall[] {
  const [whole, part] = [context.tensor(step.inputs[0]!), context.tensor(step.output)];
  return [windowCopy(context, whole, part, step, 'out_of_whole')];
}

export const STEP_BINDERS = {
  conv2d: bindConv2d,
  depthwise_conv2d: bindDepthwiseConv2d,
  fully_connected: bindFullyConnected,
  add: bindAdd,
  mul: bindMul,
  average_pool2d: bindAveragePool2d,
  max_pool2d: bindMaxPool2d,
  mean: bindMean,
  pad: bindPad,
  // One byte per element in canonical order: a reshape's output is its input's bytes (wasm-layout.ts).
  reshape: () => [],
  transpose: bindTranspose,
  concatenation: bindConcatenation,
  softmax: bindSoftmax,
  lookup: bindLookup,
  requantize: bindRequantize,
  resize_nearest: bindResizeNearest,
  crop: bindCrop,
} as const satisfies Binders;
