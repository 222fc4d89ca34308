/** conv2d with 8-bit weights, or 4-bit ones and 8-bit inputs: columns of two pixels times generated assembly (firmware-templates/kernels/conv2d_columns.h). */
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import { planePitch } from '../../ir/planes-layout.js';
import { tensorOf } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor } from '../bound-op.js';
import { kernelInstance } from '../kernel-instance.js';
import { conv2dInPlace } from '../step-memory.js';
import { shapeArgs, windowArgs } from '../struct-args.js';
import { bindStream } from './bind-stream.js';
import {
  type ColumnLayout,
  columnLayout,
  columnRuns,
  layoutOrder,
  matrixOrder,
  shortRun,
} from './matrix-columns.js';
import { writtenPlanes } from './planes-link.js';
import type { KernelVariant } from './variant.js';

/** Of both columns, which 4-bit weights need. */
const SUMS_BYTES = 8;

/** Pairs of the column, without building its order. */
function layoutOf({ window }: Conv2dStep, input: PlanTensor): ColumnLayout {
  const { count, length } = columnRuns(window, input.shape[2]);
  return columnLayout(input.bits === 8 ? count * Math.ceil(length / 2) : Math.ceil((count * length) / 2));
}

function applies(step: Conv2dStep, plan: DeployPlan): string | undefined {
  const { bits } = tensorOf(plan, step.inputs[0]!);
  if (step.weightBits === 2 || (step.weightBits === 4 && bits !== 8))
    return `not for a${bits}w${step.weightBits}`;
  return step.weightZeroPoint === 0 ? undefined : 'weights with a zero point';
}

const scratchBytesOf = (step: Conv2dStep, input: PlanTensor): number =>
  8 * layoutOf(step, input).pairs + (step.weightBits === 8 ? 0 : SUMS_BYTES);

/** `struct conv2d_columns_args` and the parameters of the instance; `signed` as in OutputForm. */
function bindColumns(step: Conv2dStep, context: BindContext, signed: boolean) {
  const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
  const layout = layoutOf(step, input);
  const order = layoutOrder(matrixOrder(step.window, input.shape[2], input.bits), layout);
  const form = step.weightBits === 8 ? 'matrix' : 'nibbles';
  const stream = bindStream(step, context, order, form, { signed, constants: !signed });
  const parameters = {
    u: layout.unroll,
    s: layout.unroll === layout.pairs ? 1 : 0,
    ...stream.parameters,
    ...shortRun(step.window, input.shape[2], input.bits),
  };
  const args = {
    input: shapeArgs(input),
    output: shapeArgs(output),
    window: windowArgs(step.window),
    input_zero_point: input.zeroPoint,
    ...stream.args,
  };
  return { args, parameters };
}

export const CONV2D_COLUMNS: KernelVariant<'conv2d'> = {
  name: 'columns',
  op: 'conv2d',
  feature: 'dsp',
  applies,

  memory(step, plan) {
    const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
    const inPlaceInputs = conv2dInPlace(step, input, output) ? [0] : [];
    return { scratchBytes: scratchBytesOf(step, input), inPlaceInputs, alias: false };
  },

  bind(step, context) {
    const input = inputTensor(step, context);
    const { args, parameters } = bindColumns(step, context, false);
    const how = { variant: 'columns', parameters };
    const kernel = kernelInstance('conv2d', context.target.feature, input.bits, step.weightBits, how);
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};

/** The same into planes for a depthwise convolution, padding included (conv2d_columnsplanes.h). */
export const CONV2D_COLUMNS_PLANES: KernelVariant<'conv2d'> = {
  name: 'columnsplanes',
  op: 'conv2d',
  feature: 'dsp',

  applies(step, plan) {
    const { bits, shape } = tensorOf(plan, step.inputs[0]!);
    if (writtenPlanes(step, plan) === undefined) return 'no depthwise convolution of planes behind it';
    if (bits !== 8 && shape[2] % (32 / bits) !== 0) return 'channels that fill no whole words';
    return applies(step, plan);
  },

  memory: (step, plan) => ({
    scratchBytes: scratchBytesOf(step, tensorOf(plan, step.inputs[0]!)),
    inPlaceInputs: [],
    alias: false,
    outputLayout: writtenPlanes(step, plan)!,
  }),

  bind(step, context) {
    const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
    const { args: matrix, parameters } = bindColumns(step, context, true);
    const layout = writtenPlanes(step, context.plan)!;
    const { rows, top, left } = layout;
    const args = { matrix, rows, top, left, padding: output.zeroPoint };
    const how = { variant: 'columnsplanes', parameters: { ...parameters, p: planePitch(layout) } };
    const kernel = kernelInstance('conv2d', context.target.feature, input.bits, step.weightBits, how);
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};
