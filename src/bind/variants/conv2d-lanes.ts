/**
 * Variant `lanes` of conv2d: sub-byte inputs, two pixels per lane (src/ir/pixel-lanes.ts), tiles of four pixels.
 * Files: firmware-templates/kernels/conv2d_lanes.c and .h, src/codegen/asm/pixel-lanes.ts.
 */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import {
  GROUP_BYTES,
  GROUP_LENGTH,
  LANE_FINISH,
  type LaneFinishKind,
  type PixelLanes,
  pixelLanes,
  TILE_CHANNELS,
  TILE_PIXELS,
  wordLength,
} from '../../ir/pixel-lanes.js';
import type { StepMemory } from '../../memory/lifetimes.js';
import { WIDTHS } from '../../numeric/widths.js';
import { readMultipliers, tensorOf } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor } from '../bound-op.js';
import { packChannels } from '../channel-constants.js';
import { kernelInstance } from '../kernel-instance.js';
import {
  columnWords,
  type PackedColumn,
  packedColumn,
  packedColumnArgs,
  packedOrder,
} from '../packed-column.js';
import { fitsFields, type LaneMatrix, packPixelLanes } from '../pixel-lane-stream.js';
import { conv2dInPlace } from '../step-memory.js';
import { shapeArgs, stageArgs, windowArgs } from '../struct-args.js';
import type { KernelVariant } from './variant.js';
import { channelReaches, weightRows } from './weight-facts.js';

const WORD_BYTES = 4;
/** A block of four channels of four pixels, as bytes. */
const BLOCK_BYTES = 16;
const SUM_BYTES = 4;

const laneBytes = (column: PackedColumn, lanes: PixelLanes): number =>
  columnWords(column) * (wordLength(lanes.inputBits) / GROUP_LENGTH) * GROUP_BYTES;

/**
 * The quickest finish that is exact: the kernel itself requantises when the clamp is the output's whole range and every
 * value fits int16 before it saturates.
 */
function laneFinish(step: Conv2dStep, plan: DeployPlan): LaneFinishKind {
  const [input, output] = ends(step, plan);
  const { activationMin, activationMax } = WIDTHS[output.bits];
  if (step.clamp.min !== activationMin || step.clamp.max !== activationMax) return 'accumulators';
  const zeroPoint = output.zeroPoint - activationMin;
  const reach = WIDTHS[input.bits].activationMax;
  const multipliers = readMultipliers(plan, step);
  const fits = channelReaches(step, plan).every(({ bias, positive, negative }, channel) => {
    const { multiplier, shift } = multipliers[channel]!;
    const scale = 2 ** (shift - 32) * multiplier;
    const [low, high] = [bias - reach * negative, bias + reach * positive];
    return low * scale + zeroPoint - 1 >= -32768 && high * scale + zeroPoint + 1 <= 32767;
  });
  if (!fits) return 'accumulators';
  return multipliers.some(({ shift }) => shift > 0) ? 'shifted' : 'scaled';
}

const ends = (step: Conv2dStep, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

function applies(step: Conv2dStep, plan: DeployPlan): string | undefined {
  const [input, output] = ends(step, plan);
  const lanes = pixelLanes(input.bits, step.weightBits);
  if (lanes === undefined) return `two pixels of a${input.bits}w${step.weightBits} do not share a lane`;
  if (plan.requantization !== 'mulhi') return `mode ${plan.requantization}`;
  if (step.weightZeroPoint !== 0) return 'weights have a zero point';
  if (output.shape[0] * output.shape[1] === 1) return 'a single pixel';
  return fitsFields(channelReaches(step, plan), lanes) ? undefined : 'sums do not fit their fields';
}

/** Lanes, then a tile of outputs or sums, then the pieces that are copied. */
function memory(step: Conv2dStep, plan: DeployPlan): StepMemory {
  const [input, output] = ends(step, plan);
  const column = packedColumn(step.window, input, output);
  const lanes = pixelLanes(input.bits, step.weightBits)!;
  return {
    scratchBytes:
      laneBytes(column, lanes) + tileBytes(output) + copiedPieces(column) * WORD_BYTES * column.pieceWords,
    inPlaceInputs: conv2dInPlace(step, input, output) ? [0] : [],
    alias: false,
  };
}

/** Tiles of fewer pixels or channels than the kernel's pass through it, and sums where the driver finishes. */
function tileBytes({ shape: [height, width, channels] }: PlanTensor): number {
  const whole = (height * width) % TILE_PIXELS === 0 && channels % TILE_CHANNELS === 0;
  return BLOCK_BYTES * Math.max(whole ? 0 : Math.ceil(channels / TILE_CHANNELS), SUM_BYTES);
}

/** Both pixels' pieces and one of padding. */
const copiedPieces = ({ inPlace, gathered }: PackedColumn): number => (inPlace ? 0 : gathered ? 2 : 3);

function finishArgs(
  step: Conv2dStep,
  { plan, constants, label }: BindContext,
  matrix: LaneMatrix,
  finish: LaneFinishKind,
): ArgumentRecord {
  const output = tensorOf(plan, step.output);
  const stage = stageArgs(output, step.clamp);
  if (finish !== 'accumulators') {
    const zeroPoint = output.zeroPoint - WIDTHS[output.bits].activationMin;
    return { stage: { ...stage, zero_point: zeroPoint } };
  }
  // The zero point and the sums' reach are the stream's business: `mulhi` needs neither.
  const sums = matrix.reaches.map(({ bias }) => ({ bias, weights: 0, magnitudes: 0 }));
  const packed = packChannels(plan.requantization, sums, matrix.multipliers, 0, 0);
  return { stage, channels: constants.add(`${label}_channels`, 'struct qmcu_channel', packed) };
}

export const CONV2D_LANES: KernelVariant<'conv2d'> = {
  name: 'lanes',
  op: 'conv2d',
  feature: 'dsp',
  applies,
  memory,
  bind(step, context) {
    const input = inputTensor(step, context);
    const output = outputTensor(step, context);
    const lanes = pixelLanes(input.bits, step.weightBits)!;
    const column = packedColumn(step.window, input, output);
    const finish = laneFinish(step, context.plan);
    const taps = step.window.kernelHeight * step.window.kernelWidth;
    const matrix = {
      ...weightRows(step, context.plan),
      order: packedOrder(column, taps, input),
      reaches: channelReaches(step, context.plan),
      multipliers: readMultipliers(context.plan, step),
    };
    const stream = packPixelLanes(matrix, lanes, finish);
    const args = {
      input: shapeArgs(input),
      output: shapeArgs(output),
      window: windowArgs(step.window),
      column: packedColumnArgs(column, input),
      output_bits: output.bits,
      lane_bytes: laneBytes(column, lanes),
      tile_bytes: tileBytes(output),
      stream: context.constants.add(`${context.label}_stream`, 'uint32_t', new Uint8Array(stream.buffer)),
      stream_words: stream.length,
      ...finishArgs(step, context, matrix, finish),
    };
    const parameters = {
      finish: LANE_FINISH.indexOf(finish),
      ...(finish === 'accumulators' ? {} : { out: output.bits }),
    };
    const kernel = kernelInstance(step.op, context.target.feature, input.bits, step.weightBits, {
      variant: 'lanes',
      parameters,
    });
    return { calls: [{ kernel, args, inputs: [input.id] }] };
  },
};
