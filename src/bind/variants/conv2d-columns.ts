/** conv2d with 8-bit weights: columns of two pixels times generated assembly (firmware-templates/kernels/conv2d_columns.h). */
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import { WIDTHS } from '../../numeric/widths.js';
import { readMultipliers, tensorOf, widthRange } from '../../ops/plan-access.js';
import { inputTensor, outputTensor } from '../bound-op.js';
import { packChannels } from '../channel-constants.js';
import { kernelInstance } from '../kernel-instance.js';
import { conv2dInPlace } from '../step-memory.js';
import { shapeArgs, stageArgs, windowArgs } from '../struct-args.js';
import { type Channel, channelRange, fastBlockWords, packChannelStream } from './channel-stream.js';
import {
  type ColumnLayout,
  columnLayout,
  columnRuns,
  layoutOrder,
  matrixOrder,
  shortRun,
} from './matrix-columns.js';
import type { KernelVariant } from './variant.js';
import { channelReaches, weightRows } from './weight-facts.js';

const NAME = 'columns';

function orderOf({ window }: Conv2dStep, input: PlanTensor): readonly number[] {
  return matrixOrder(window, input.shape[2], input.bits);
}

/** Pairs of the column, without building its order. */
function layoutOf({ window }: Conv2dStep, input: PlanTensor): ColumnLayout {
  const { count, length } = columnRuns(window, input.shape[2]);
  return columnLayout(input.bits === 8 ? count * Math.ceil(length / 2) : Math.ceil((count * length) / 2));
}

export const CONV2D_COLUMNS: KernelVariant<'conv2d'> = {
  name: NAME,
  op: 'conv2d',
  feature: 'dsp',

  applies(step) {
    if (step.weightBits !== 8) return `${step.weightBits}-bit weights`;
    return step.weightZeroPoint === 0 ? undefined : 'weights with a zero point';
  },

  memory(step, plan) {
    const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
    const { pairs } = layoutOf(step, input);
    const inPlaceInputs = conv2dInPlace(step, input, output) ? [0] : [];
    return { scratchBytes: 8 * pairs, inPlaceInputs, alias: false };
  },

  bind(step, context) {
    const { plan, constants, label, target } = context;
    const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
    const layout = layoutOf(step, input);
    const channels = matrixChannels(step, plan);
    const order = layoutOrder(orderOf(step, input), layout);
    const range = widthRange(output.bits);
    const form = {
      mode: plan.requantization,
      bits: output.bits,
      zeroPoint: output.zeroPoint,
      clamp: step.clamp,
    };
    const stream = packChannelStream(channels.rows, channels.list, order, form);
    const clamped = step.clamp.min > range.min || step.clamp.max < range.max;
    const parameters = {
      u: layout.unroll,
      s: layout.unroll === layout.pairs ? 1 : 0,
      o: output.bits,
      c: clamped ? 1 : 0,
      ...shortRun(step.window, input.shape[2], input.bits),
    };
    const args = {
      input: shapeArgs(input),
      output: shapeArgs(output),
      window: windowArgs(step.window),
      input_zero_point: input.zeroPoint,
      stage: stageArgs(output, step.clamp),
      pairs: layout.pairs,
      block_words: fastBlockWords(layout.pairs, plan.requantization),
      run_count: stream.runs.length / 2,
      runs: constants.uint16(`${label}_runs`, stream.runs),
      stream: constants.add(`${label}_stream`, 'uint32_t', new Uint8Array(stream.words.buffer)),
      channels: stream.hasExact
        ? constants.add(`${label}_channels`, 'struct qmcu_channel', channels.packed())
        : 0,
    };
    const kernel = kernelInstance('conv2d', target.feature, input.bits, 8, { variant: NAME, parameters });
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};

/** Rows of weights with what is known of each channel, and their constants for exact runs. */
function matrixChannels(
  step: Conv2dStep,
  plan: DeployPlan,
): { rows: Int32Array; list: readonly Channel[]; packed(): Uint8Array } {
  const input = tensorOf(plan, step.inputs[0]!);
  const { weights: rows } = weightRows(step, plan);
  const multipliers = readMultipliers(plan, step);
  const reaches = channelReaches(step, plan);
  return {
    rows,
    list: reaches.map((reach, channel) => ({
      ...channelRange(reach, input.bits),
      multiplier: multipliers[channel]!,
    })),
    packed() {
      const { activationMin, activationMax } = WIDTHS[input.bits];
      const sums = reaches.map(({ bias, positive, negative }) => ({
        bias: bias + input.zeroPoint * (positive - negative),
        weights: positive - negative,
        magnitudes: positive + negative,
      }));
      const reach = Math.max(input.zeroPoint - activationMin, activationMax - input.zeroPoint);
      return packChannels(plan.requantization, sums, multipliers, input.zeroPoint, reach);
    },
  };
}
