/** conv2d with 8-bit weights, or 4-bit ones and 8-bit inputs: columns of two pixels times generated assembly (firmware-templates/kernels/conv2d_columns.h). */
import type { Conv2dStep, PlanTensor } from '../../ir/deploy-plan.js';
import { tensorOf } from '../../ops/plan-access.js';
import { inputTensor, outputTensor } from '../bound-op.js';
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
import type { KernelVariant } from './variant.js';

const NAME = 'columns';

/** Of both columns, which 4-bit weights need. */
const SUMS_BYTES = 8;

/** Pairs of the column, without building its order. */
function layoutOf({ window }: Conv2dStep, input: PlanTensor): ColumnLayout {
  const { count, length } = columnRuns(window, input.shape[2]);
  return columnLayout(input.bits === 8 ? count * Math.ceil(length / 2) : Math.ceil((count * length) / 2));
}

export const CONV2D_COLUMNS: KernelVariant<'conv2d'> = {
  name: NAME,
  op: 'conv2d',
  feature: 'dsp',

  applies(step, plan) {
    const { bits } = tensorOf(plan, step.inputs[0]!);
    if (step.weightBits === 2 || (step.weightBits === 4 && bits !== 8))
      return `not for a${bits}w${step.weightBits}`;
    return step.weightZeroPoint === 0 ? undefined : 'weights with a zero point';
  },

  memory(step, plan) {
    const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
    const { pairs } = layoutOf(step, input);
    const inPlaceInputs = conv2dInPlace(step, input, output) ? [0] : [];
    return {
      scratchBytes: 8 * pairs + (step.weightBits === 8 ? 0 : SUMS_BYTES),
      inPlaceInputs,
      alias: false,
    };
  },

  bind(step, context) {
    const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
    const layout = layoutOf(step, input);
    const order = layoutOrder(matrixOrder(step.window, input.shape[2], input.bits), layout);
    const stream = bindStream(step, context, order, step.weightBits === 8 ? 'matrix' : 'nibbles');
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
    const kernel = kernelInstance('conv2d', context.target.feature, input.bits, step.weightBits, {
      variant: NAME,
      parameters,
    });
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};
