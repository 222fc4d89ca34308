/**
 * 3×3, 5×5 and 7×7 depthwise convolutions over planes of four channels (firmware-templates/kernels/depthwise_conv2d_planes.h): one
 * kernel, as several variants whose scratch holds the whole map or strips of it.
 */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { DeployPlan, DepthwiseConv2dStep, PlanTensor } from '../../ir/deploy-plan.js';
import { type PlanesLayout, planeGroupBytes, planePitch } from '../../ir/planes-layout.js';
import type { RequantMode } from '../../numeric/requantize.js';
import { pixelBytes } from '../../numeric/widths.js';
import { readInt8, tensorOf, widthRange } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor, type StepCalls } from '../bound-op.js';
import { kernelInstance } from '../kernel-instance.js';
import { depthwiseInPlace } from '../step-memory.js';
import { shapeArgs, stageArgs, windowArgs } from '../struct-args.js';
import { channelList, exactChannels } from './bind-stream.js';
import { type Channel, fastConstants, type OutputForm } from './channel-stream.js';
import type { KernelVariant } from './variant.js';
import { weightRows } from './weight-facts.js';

const KERNELS = [3, 5, 7];
export const GROUP = 4;
/** Largest offset of a load or store; rows of taps and of the four channels must be within reach of one pointer. */
export const MOST_OFFSET = 4095;
/** Bytes from a block's first column to where the last one of a turn reads, at most. */
const TURN_BYTES = 6 * 16 + 20;

/** Columns of a row in its plane: what windows cover, up to a whole word. */
export const planeColumns = ({ window }: DepthwiseConv2dStep, output: PlanTensor): number =>
  2 * Math.ceil(((output.shape[1] - 1) * window.strideWidth + window.kernelWidth) / 2);

export const ends = (step: DepthwiseConv2dStep, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

/** Whether a block reads further from one pointer than an offset reaches, with rows of `pitch` bytes. */
export const rowsReachFar = ({ window }: DepthwiseConv2dStep, pitch: number): boolean =>
  GROUP * (window.kernelHeight - 1) * pitch + TURN_BYTES > MOST_OFFSET;

/** Input columns that windows reach. */
export const takenColumns = (step: DepthwiseConv2dStep, input: PlanTensor, output: PlanTensor): number =>
  Math.min(input.shape[1], planeColumns(step, output) - step.window.padLeft);

/** Outside `mulhi` such multipliers have no short form; more than a few channels in full cost more than they save. */
function manyExact(step: DepthwiseConv2dStep, plan: DeployPlan): boolean {
  if (plan.requantization === 'mulhi') return false;
  const shifts = readInt8(plan, step.shift);
  return 4 * shifts.filter((shift) => shift >= 0).length > shifts.length;
}

export function planesApply(step: DepthwiseConv2dStep, plan: DeployPlan): string | undefined {
  const [input, output] = ends(step, plan);
  const { window } = step;
  const kernel = window.kernelHeight;
  if (window.kernelWidth !== kernel || !KERNELS.includes(kernel))
    return `${window.kernelHeight}×${window.kernelWidth}`;
  if (window.dilationHeight * window.dilationWidth !== 1) return 'dilation';
  if (window.strideWidth > 2) return `columns ${window.strideWidth} apart`;
  if (step.depthMultiplier !== 1) return 'a depth multiplier';
  if (step.weightZeroPoint !== 0) return 'weights with a zero point';
  if (manyExact(step, plan)) return 'multipliers of 1 and more';
  if (takenColumns(step, input, output) < 1) return 'windows that miss the input';
  if (rowsReachFar(step, 2 * planeColumns(step, output))) return 'rows too long for planes';
  return input.shape[2] > MOST_OFFSET ? 'too many channels' : undefined;
}

/**
 * Of `mulhi`: with the left shift L taken into bias and taps, when these remain bytes. The contract keeps accumulators
 * shifted by L within int32.
 */
function shiftedChannel(
  channel: Channel,
  taps: readonly number[],
  mode: RequantMode,
): { channel: Channel; taps: readonly number[] } {
  const { multiplier, shift } = channel.multiplier;
  const factor = 2 ** shift;
  const shifted = taps.map((tap) => tap * factor);
  const isByte = shifted.every((tap) => tap >= -128 && tap <= 127);
  if (mode !== 'mulhi' || shift === 0 || !isByte) return { channel, taps };
  const [bias, lowest, highest] = [channel.bias, channel.lowest, channel.highest].map((sum) => sum * factor);
  const fits = Math.max(Math.abs(bias!), Math.abs(lowest!), Math.abs(highest!)) < 2 ** 31;
  if (!fits) return { channel, taps };
  const scaled = { bias: bias!, lowest: lowest!, highest: highest!, multiplier: { multiplier, shift: 0 } };
  return { channel: scaled, taps: shifted };
}

/** Bias, constants and taps of each channel; channels without a short form are marked. */
function packRecords(
  step: DepthwiseConv2dStep,
  plan: DeployPlan,
  channels: readonly Channel[],
  form: OutputForm,
): { records: Uint8Array; exact: readonly number[] } {
  const { weights, length } = weightRows(step, plan);
  const kernel = step.window.kernelWidth;
  const constantWords = form.mode === 'mulhi' ? 1 : 3;
  const tapPitch = 4 * Math.ceil(kernel / 4);
  const recordBytes = 4 * (1 + constantWords) + kernel * tapPitch;
  const records = new Uint8Array(recordBytes * channels.length);
  const view = new DataView(records.buffer);
  const exact = channels.map((unshifted, index) => {
    const at = index * recordBytes;
    const own = [...weights.subarray(index * length, (index + 1) * length)];
    const { channel, taps } = shiftedChannel(unshifted, own, form.mode);
    const fast = fastConstants(channel, form);
    if (fast !== undefined) {
      view.setInt32(at, form.mode === 'tflm' ? 2 * fast.bias : fast.bias, true);
      fast.words.forEach((word, i) => {
        view.setInt32(at + 4 + 4 * i, word, true);
      });
    }
    (fast === undefined ? own : taps).forEach((tap, i) => {
      const row = Math.floor(i / kernel);
      view.setInt8(at + 4 * (1 + constantWords) + row * tapPitch + (i % kernel), tap);
    });
    return fast === undefined ? 1 : 0;
  });
  return { records, exact };
}

function constantArgs(step: DepthwiseConv2dStep, context: BindContext): ArgumentRecord {
  const { plan, constants, label } = context;
  const output = outputTensor(step, context);
  const form = {
    mode: plan.requantization,
    bits: output.bits,
    zeroPoint: output.zeroPoint,
    clamp: step.clamp,
    signed: true,
  };
  const { records, exact } = packRecords(step, plan, channelList(step, context), form);
  const hasExact = exact.includes(1);
  return {
    stage: stageArgs(output, step.clamp),
    records: constants.add(`${label}_records`, 'uint32_t', records),
    exact: hasExact ? constants.add(`${label}_exact`, 'uint8_t', Uint8Array.from(exact)) : 0,
    channels: hasExact
      ? constants.add(`${label}_channels`, 'struct qmcu_channel', exactChannels(step, context))
      : 0,
  };
}

function planes(name: string, mostRows: number): KernelVariant<'depthwise_conv2d'> {
  const stripRows = (output: PlanTensor): number => Math.min(mostRows, output.shape[0]);
  return {
    name,
    op: 'depthwise_conv2d',
    feature: 'dsp',
    applies(step, plan) {
      const [, output] = ends(step, plan);
      const whole = mostRows < Number.POSITIVE_INFINITY && output.shape[0] <= mostRows;
      return planesApply(step, plan) ?? (whole ? 'the map is a single strip' : undefined);
    },
    memory(step, plan) {
      const [input, output] = ends(step, plan);
      const rows = (stripRows(output) - 1) * step.window.strideHeight + step.window.kernelHeight;
      return {
        scratchBytes: 2 * GROUP * planeColumns(step, output) * rows,
        inPlaceInputs: depthwiseInPlace(step, input, output) ? [0] : [],
        alias: false,
      };
    },
    bind(step, context) {
      const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
      const [, width, channels] = input.shape;
      const parameters = {
        k: step.window.kernelWidth,
        c: channels,
        i: takenColumns(step, input, output),
        p: step.window.padLeft,
        x: width * pixelBytes(channels, input.bits),
        ...outputParameters(step, output),
        r: 2 * planeColumns(step, output),
        f: cutsOutput(step, output),
        g: channels % GROUP === 0 ? 1 : 0,
      };
      const args = {
        input: shapeArgs(input),
        output: shapeArgs(output),
        window: windowArgs(step.window),
        strip_rows: stripRows(output),
        input_zero_point: input.zeroPoint,
        constants: constantArgs(step, context),
      };
      const kernel = kernelInstance(step.op, context.target.feature, input.bits, step.weightBits, {
        variant: 'planes',
        parameters,
      });
      return { calls: [{ kernel, args, inputs: [input.id] }] };
    },
  };
}

/** Width and bits of the output, strides. */
const outputParameters = ({ window }: DepthwiseConv2dStep, output: PlanTensor) => ({
  o: output.shape[1],
  w: output.bits,
  s: window.strideWidth,
  v: window.strideHeight,
});

/** 1 when the clamp is narrower than the output's range. */
function cutsOutput({ clamp }: DepthwiseConv2dStep, output: PlanTensor): number {
  const range = widthRange(output.bits);
  return clamp.min > range.min || clamp.max < range.max ? 1 : 0;
}

/** The call over planes that the layer before has written; widths of the input play no part in it. */
export function bindReadyPlanes(
  step: DepthwiseConv2dStep,
  context: BindContext,
  layout: PlanesLayout,
): StepCalls {
  const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
  const parameters = {
    k: step.window.kernelWidth,
    c: input.shape[2],
    ...outputParameters(step, output),
    r: planePitch(layout),
    f: cutsOutput(step, output),
  };
  const args = {
    output_height: output.shape[0],
    group_bytes: planeGroupBytes(layout),
    constants: constantArgs(step, context),
  };
  const how = { variant: 'planesready', parameters };
  const kernel = kernelInstance(step.op, context.target.feature, input.bits, step.weightBits, how);
  return { calls: [{ kernel, args, inputs: [input.id] }] };
}

/** By falling scratch: the whole map, then strips of so many output rows. */
export const DEPTHWISE_PLANES = [
  planes('planes', Number.POSITIVE_INFINITY),
  planes('planes6', 6),
  planes('planes2', 2),
];
