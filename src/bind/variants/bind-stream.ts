/** What the generated kernels of matrix and vector products share when they are bound: stream, runs, output form. */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { StepOf } from '../../ir/deploy-plan.js';
import { WIDTHS } from '../../numeric/widths.js';
import { readMultipliers, widthRange } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor } from '../bound-op.js';
import { packChannels } from '../channel-constants.js';
import { stageArgs } from '../struct-args.js';
import {
  type Channel,
  channelRange,
  fastBlockWords,
  packChannelStream,
  type StreamForm,
} from './channel-stream.js';
import { channelReaches, weightRows } from './weight-facts.js';

type MatrixStep = StepOf<'conv2d' | 'fully_connected'>;
type WeightedStep = MatrixStep | StepOf<'depthwise_conv2d'>;

export interface BoundStream {
  /** `stage`, `pairs`, `block_words`, `run_count`, `runs`, `stream`, `channels` of the argument struct. */
  readonly args: ArgumentRecord;
  /**
   * `o`, the output's width; `c`, 1 when the clamp is narrower than that; `l`, 1 when accumulators are shifted left, absent
   * where they are not.
   */
  readonly parameters: { readonly o: number; readonly c: number; readonly l?: 1 };
}

/**
 * Packs the step's weights in `order`: position in the column → index in a channel's row, −1 for nothing. `signed` as in
 * OutputForm, `constants` as in packChannelStream.
 */
export function bindStream(
  step: MatrixStep,
  context: BindContext,
  order: Int32Array,
  form: StreamForm,
  { signed = false, constants: skips = false }: { signed?: boolean; constants?: boolean } = {},
): BoundStream {
  const { plan, constants, label } = context;
  const output = outputTensor(step, context);
  const mode = plan.requantization;
  const channels = channelList(step, context);
  const outputForm = {
    ...{ mode, bits: output.bits, zeroPoint: output.zeroPoint, clamp: step.clamp, signed },
    shifts: mode === 'mulhi' && channels.some(isShifted),
  };
  const stream = packChannelStream(weightRows(step, plan).weights, channels, order, outputForm, form, skips);
  const pairs = order.length / 2;
  const range = widthRange(output.bits);
  return {
    args: {
      stage: stageArgs(output, step.clamp),
      pairs,
      block_words: fastBlockWords(pairs, outputForm, form),
      run_count: stream.runs.length / 2,
      runs: constants.uint16(`${label}_runs`, stream.runs),
      stream: constants.add(`${label}_stream`, 'uint32_t', new Uint8Array(stream.words.buffer)),
      channels: stream.hasExact
        ? constants.add(`${label}_channels`, 'struct qmcu_channel', exactChannels(step, context))
        : 0,
    },
    parameters: {
      ...{ o: output.bits, c: step.clamp.min > range.min || step.clamp.max < range.max ? 1 : 0 },
      ...(outputForm.shifts ? { l: 1 } : {}),
    },
  };
}

const isShifted = ({ lowest, highest, multiplier }: Channel): boolean =>
  lowest !== highest && multiplier.shift > 0;

/** What is known of each output channel. */
export function channelList(step: WeightedStep, context: BindContext): readonly Channel[] {
  const multipliers = readMultipliers(context.plan, step);
  const { bits } = inputTensor(step, context);
  return channelReaches(step, context.plan).map((reach, channel) => ({
    ...channelRange(reach, bits),
    multiplier: multipliers[channel]!,
  }));
}

/** `struct qmcu_channel` of all channels, for those without a short form. */
export function exactChannels(step: WeightedStep, context: BindContext): Uint8Array {
  const { plan } = context;
  const input = inputTensor(step, context);
  const { activationMin, activationMax } = WIDTHS[input.bits];
  const sums = channelReaches(step, plan).map(({ bias, positive, negative }) => ({
    bias: bias + input.zeroPoint * (positive - negative),
    weights: positive - negative,
    magnitudes: positive + negative,
  }));
  const reach = Math.max(input.zeroPoint - activationMin, activationMax - input.zeroPoint);
  return packChannels(plan.requantization, sums, readMultipliers(plan, step), input.zeroPoint, reach);
}
