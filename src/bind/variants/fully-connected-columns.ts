/** fully_connected with 8-bit weights: the column times generated assembly (firmware-templates/kernels/fully_connected_columns.h). */
import type { PlanTensor } from '../../ir/deploy-plan.js';
import { elementCount, tensorOf } from '../../ops/plan-access.js';
import { inputTensor, outputTensor } from '../bound-op.js';
import { columnOrder } from '../column-order.js';
import { kernelInstance } from '../kernel-instance.js';
import { shapeArgs } from '../struct-args.js';
import { bindStream } from './bind-stream.js';
import { type ColumnLayout, layoutOrder, runOrder } from './matrix-columns.js';
import type { KernelVariant } from './variant.js';

const NAME = 'columns';

/** Pairs per turn: long turns where they are filled up with little. */
const LONG_TURN = 16;
const SHORT_TURN = 4;
/** Columns from this length on take long turns. */
const LONG_PAIRS = 64;

function layoutOf(input: PlanTensor): ColumnLayout {
  const pairs = Math.ceil(elementCount(input) / 2);
  const unroll = pairs < LONG_PAIRS ? SHORT_TURN : LONG_TURN;
  return { pairs: Math.ceil(pairs / unroll) * unroll, unroll };
}

export const FULLY_CONNECTED_COLUMNS: KernelVariant<'fully_connected'> = {
  name: NAME,
  op: 'fully_connected',
  feature: 'dsp',

  applies(step) {
    if (step.weightBits !== 8) return `${step.weightBits}-bit weights`;
    return step.weightZeroPoint === 0 ? undefined : 'weights with a zero point';
  },

  memory(step, plan) {
    const { pairs } = layoutOf(tensorOf(plan, step.inputs[0]!));
    return { scratchBytes: 4 * pairs, inPlaceInputs: [], alias: false };
  },

  bind(step, context) {
    const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
    const layout = layoutOf(input);
    const elements = elementCount(input);
    const order =
      input.bits === 8 ? runOrder(elements) : [...columnOrder(elements, input.shape[2], input.bits, 8)];
    const stream = bindStream(step, context, layoutOrder(order, layout), 'vector');
    const args = { input: shapeArgs(input), outputs: output.shape[2], ...stream.args };
    const kernel = kernelInstance('fully_connected', context.target.feature, input.bits, 8, {
      variant: NAME,
      parameters: { u: layout.unroll, ...stream.parameters },
    });
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};
