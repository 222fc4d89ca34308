/**
 * 3×3 depthwise convolutions of narrow maps over planes whose lanes hold two rows (firmware-templates/kernels/depthwise_conv2d_rowpairs.h).
 * That the sums of both rows stay apart is proven per channel from its weights.
 */
import type { DeployPlan, DepthwiseConv2dStep } from '../../ir/deploy-plan.js';
import { pixelBytes } from '../../numeric/widths.js';
import { tensorOf, widthRange } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor } from '../bound-op.js';
import { kernelInstance } from '../kernel-instance.js';
import { depthwiseInPlace } from '../step-memory.js';
import { channelRange } from './channel-stream.js';
import { ends, GROUP, MOST_OFFSET, planeColumns, planesApply, takenColumns } from './depthwise-planes.js';
import { laneChannels } from './lane-channels.js';
import type { KernelVariant } from './variant.js';
import { remembered, weightRows } from './weight-facts.js';

const KERNEL = 3;
/** What the near row's sum must stay below, in the lower bits of an accumulator. */
const NEAR_REACH = 2 ** 11;
/** The far row's sum stands so much higher. */
const FAR = 2 ** 12;
/** What is taken off far values of four bits, so that they fit the top of a lane. */
const farOffset = (bits: number): number => (bits === 4 ? 8 : 0);
/** bias, multiplier, a word of taps per filter row. */
const RECORD_WORDS = 2 + KERNEL;

function applies(step: DepthwiseConv2dStep, plan: DeployPlan): string | undefined {
  const [input, output] = ends(step, plan);
  const [, , channels] = input.shape;
  if (step.window.kernelHeight !== KERNEL) return 'not 3×3';
  const reason = planesApply(step, plan);
  if (reason !== undefined) return reason;
  if (plan.requantization !== 'mulhi') return `mode ${plan.requantization}`;
  if (input.bits === 8) return 'inputs of 8 bits';
  if (output.bits === 2) return 'outputs of 2 bits';
  if (channels % GROUP !== 0) return 'channels off the group of four';
  if (output.shape[0] < 2) return 'a single row';
  if ((GROUP - 1) * pixelBytes(channels, output.bits) > MOST_OFFSET) return 'too many channels';
  const range = widthRange(output.bits);
  if (step.clamp.min > range.min || step.clamp.max < range.max) return 'a clamp within the output’s range';
  return pairRecords(step, plan) === undefined ? 'sums beyond half a lane' : undefined;
}

/** Per channel: bias of both rows, multiplier, taps; undefined when a channel's sums may run into each other. */
function pairRecords(step: DepthwiseConv2dStep, plan: DeployPlan): Uint8Array | undefined {
  const { bits, zeroPoint, shape } = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const refs = [step.weights.offset, step.bias.offset, step.multiplier.offset, step.shift.offset];
  const key = [...refs, step.weightBits, bits, zeroPoint, shape, output.zeroPoint, output.bits];
  return remembered(plan, ['row pairs', ...key], () => packRecords(step, plan));
}

function packRecords(step: DepthwiseConv2dStep, plan: DeployPlan): Uint8Array | undefined {
  const { bits } = tensorOf(plan, step.inputs[0]!);
  const { weights, length } = weightRows(step, plan);
  const { reaches, multipliers } = laneChannels(step, plan);
  const records = new DataView(new ArrayBuffer(4 * RECORD_WORDS * reaches.length));
  for (const [index, reach] of reaches.entries()) {
    const { multiplier, shift } = multipliers[index]!;
    const { bias, lowest, highest } = channelRange(reach, bits);
    const factor = 2 ** shift;
    if (lowest * factor < -NEAR_REACH || highest * factor >= NEAR_REACH) return undefined;
    const at = 4 * RECORD_WORDS * index;
    const isConstant = reach.positive + reach.negative === 0;
    const sum = isConstant ? 0 : reach.positive - reach.negative;
    records.setInt32(at, factor * (bias + FAR * (bias + farOffset(bits) * sum)), true);
    records.setInt32(at + 4, multiplier, true);
    for (let i = 0; i < length; i++) {
      const tap = isConstant ? 0 : factor * weights[index * length + i]!;
      if (tap < -128 || tap > 127) return undefined;
      records.setInt8(at + 8 + 4 * Math.floor(i / KERNEL) + (i % KERNEL), tap);
    }
  }
  return new Uint8Array(records.buffer);
}

export const DEPTHWISE_ROW_PAIRS: KernelVariant<'depthwise_conv2d'> = {
  name: 'rowpairs',
  op: 'depthwise_conv2d',
  feature: 'dsp',
  applies,
  memory(step, plan) {
    const [input, output] = ends(step, plan);
    const rows = (Math.ceil(output.shape[0] / 2) - 1) * step.window.strideHeight + KERNEL;
    return {
      scratchBytes: 2 * GROUP * planeColumns(step, output) * rows,
      inPlaceInputs: depthwiseInPlace(step, input, output) ? [0] : [],
      alias: false,
    };
  },
  bind: (step, context) => ({ calls: [bindCall(step, context)] }),
};

function bindCall(step: DepthwiseConv2dStep, context: BindContext) {
  const { plan, constants, label, target } = context;
  const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
  const [height, width, channels] = input.shape;
  const parameters = {
    c: channels,
    i: takenColumns(step, input, output),
    p: step.window.padLeft,
    x: width * pixelBytes(channels, input.bits),
    o: output.shape[1],
    w: output.bits,
    s: step.window.strideWidth,
    v: step.window.strideHeight,
    r: 2 * planeColumns(step, output),
  };
  const args = {
    input_height: height,
    output_height: output.shape[0],
    pad_top: step.window.padTop,
    input_zero_point: input.zeroPoint,
    output_zero_point: output.zeroPoint,
    records: constants.add(`${label}_records`, 'uint32_t', pairRecords(step, plan)!),
  };
  const how = { variant: 'rowpairs', parameters };
  const kernel = kernelInstance(step.op, target.feature, input.bits, step.weightBits, how);
  return { kernel, args, inputs: [input.id] };
}
