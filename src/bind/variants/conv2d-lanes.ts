/**
 * Variants of conv2d whose operands share 16-bit lanes: `pairs` (src/ir/pair-lanes.ts) and `lanes`
 * (src/ir/pixel-lanes.ts). Files: firmware-templates/kernels/conv2d_<name>.c and .h, lane_driver.h; src/codegen/asm.
 */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import { PAIR_BLOCK_CHANNELS, PAIR_GROUP_BYTES, PAIR_GROUP_LENGTH, pairLanes } from '../../ir/pair-lanes.js';
import {
  GROUP_BYTES,
  GROUP_LENGTH,
  LANE_FINISH,
  type LaneFinishKind,
  pixelLanes,
  TILE_CHANNELS,
} from '../../ir/pixel-lanes.js';
import type { StepMemory } from '../../memory/lifetimes.js';
import { WIDTHS } from '../../numeric/widths.js';
import { tensorOf } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor } from '../bound-op.js';
import { packChannels } from '../channel-constants.js';
import { kernelInstance } from '../kernel-instance.js';
import type { LaneMatrix } from '../lane-rows.js';
import {
  columnWords,
  type PackedColumn,
  packedColumn,
  packedColumnArgs,
  packedOrder,
} from '../packed-column.js';
import { fitsPairLanes, packPairLanes } from '../pair-lane-stream.js';
import { fitsPixelLanes, packPixelLanes } from '../pixel-lane-stream.js';
import { conv2dInPlace } from '../step-memory.js';
import { shapeArgs, stageArgs, windowArgs } from '../struct-args.js';
import { type LaneChannels, laneChannels } from './lane-channels.js';
import type { KernelVariant } from './variant.js';
import { type ChannelReach, weightRows } from './weight-facts.js';

const WORD_BYTES = 4;
const SUM_BYTES = 4;

/** What differs between the two arithmetics, for one pair of widths. */
interface LaneScheme {
  readonly groupLength: number;
  /** Of both columns. */
  readonly groupBytes: number;
  readonly tilePixels: number;
  readonly blockChannels: number;
  fits(reaches: readonly ChannelReach[]): boolean;
  pack(matrix: LaneMatrix, finish: LaneFinishKind): Uint32Array;
}

interface LaneVariant {
  readonly name: string;
  /** Undefined where the widths do not share lanes. */
  scheme(step: Conv2dStep, plan: DeployPlan): LaneScheme | undefined;
  /** The call's argument struct. */
  args(lanes: ArgumentRecord): ArgumentRecord;
}

const ends = (step: Conv2dStep, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

function columnOf(step: Conv2dStep, plan: DeployPlan, { groupLength }: LaneScheme): PackedColumn {
  const [input, output] = ends(step, plan);
  const wordLength = 32 / input.bits;
  return packedColumn(step.window, input, output, Math.max(1, groupLength / wordLength));
}

const laneBytes = (column: PackedColumn, input: PlanTensor, scheme: LaneScheme): number =>
  ((columnWords(column) * (32 / input.bits)) / scheme.groupLength) * scheme.groupBytes;

/** Tiles of fewer pixels or channels than the kernel's pass through it, and sums where the driver finishes. */
function tileBytes({ shape: [height, width, channels] }: PlanTensor, scheme: LaneScheme): number {
  const { tilePixels, blockChannels } = scheme;
  const whole = (height * width) % tilePixels === 0 && channels % blockChannels === 0;
  const blocks = Math.max(whole ? 0 : Math.ceil(channels / blockChannels), SUM_BYTES);
  return tilePixels * blockChannels * blocks;
}

/** Both pixels' pieces and one of padding. */
const copiedPieces = ({ inPlace, gathered }: PackedColumn): number => (inPlace ? 0 : gathered ? 2 : 3);

/**
 * The quickest finish that is exact: the kernel itself requantises when the clamp is the output's whole range and every
 * value fits int16 before it saturates.
 */
function laneFinish(step: Conv2dStep, plan: DeployPlan, channels: LaneChannels): LaneFinishKind {
  const [input, output] = ends(step, plan);
  const { activationMin, activationMax } = WIDTHS[output.bits];
  if (step.clamp.min !== activationMin || step.clamp.max !== activationMax) return 'accumulators';
  const zeroPoint = output.zeroPoint - activationMin;
  const { activationMin: least, activationMax: most } = WIDTHS[input.bits];
  const fits = channels.reaches.every(({ bias, positive, negative }, channel) => {
    const { multiplier, shift } = channels.multipliers[channel]!;
    const scale = 2 ** (shift - 32) * multiplier;
    const low = bias + least * positive - most * negative;
    const high = bias + most * positive - least * negative;
    return low * scale + zeroPoint - 1 >= -32768 && high * scale + zeroPoint + 1 <= 32767;
  });
  if (!fits) return 'accumulators';
  return channels.multipliers.some(({ shift }) => shift > 0) ? 'shifted' : 'scaled';
}

function finishArgs(
  step: Conv2dStep,
  { plan, constants, label }: BindContext,
  channels: LaneChannels,
  finish: LaneFinishKind,
): ArgumentRecord {
  const output = tensorOf(plan, step.output);
  const stage = stageArgs(output, step.clamp);
  if (finish !== 'accumulators')
    return { stage: { ...stage, zero_point: output.zeroPoint - WIDTHS[output.bits].activationMin } };
  // Sums come with their bias; `mulhi` needs no proof of a short form.
  const sums = channels.reaches.map(({ bias }) => ({ bias, weights: 0, magnitudes: 0 }));
  const packed = packChannels(plan.requantization, sums, channels.multipliers, 0, 0);
  return { stage, channels: constants.add(`${label}_channels`, 'struct qmcu_channel', packed) };
}

function laneVariant(variant: LaneVariant): KernelVariant<'conv2d'> {
  const schemeOf = (step: Conv2dStep, plan: DeployPlan): LaneScheme => variant.scheme(step, plan)!;
  return {
    name: variant.name,
    op: 'conv2d',
    feature: 'dsp',
    applies(step, plan) {
      const [input, output] = ends(step, plan);
      const scheme = variant.scheme(step, plan);
      if (scheme === undefined) return `not for a${input.bits}w${step.weightBits}`;
      if (plan.requantization !== 'mulhi') return `mode ${plan.requantization}`;
      if (step.weightZeroPoint !== 0) return 'weights have a zero point';
      if (output.shape[0] * output.shape[1] === 1) return 'a single pixel';
      return scheme.fits(laneChannels(step, plan).reaches) ? undefined : 'sums do not fit their fields';
    },
    memory(step, plan): StepMemory {
      const [input, output] = ends(step, plan);
      const scheme = schemeOf(step, plan);
      const column = columnOf(step, plan, scheme);
      const pieces = copiedPieces(column) * WORD_BYTES * column.pieceWords;
      return {
        scratchBytes: laneBytes(column, input, scheme) + tileBytes(output, scheme) + pieces,
        inPlaceInputs: conv2dInPlace(step, input, output) ? [0] : [],
        alias: false,
      };
    },
    bind(step, context) {
      const { plan, constants, label, target } = context;
      const input = inputTensor(step, context);
      const output = outputTensor(step, context);
      const scheme = schemeOf(step, plan);
      const column = columnOf(step, plan, scheme);
      const channels = laneChannels(step, plan);
      const finish = laneFinish(step, plan, channels);
      const taps = step.window.kernelHeight * step.window.kernelWidth;
      const order = packedOrder(column, taps, input);
      const matrix = { ...weightRows(step, plan), order, ...channels };
      const stream = scheme.pack(matrix, finish);
      const args = variant.args({
        input: shapeArgs(input),
        output: shapeArgs(output),
        window: windowArgs(step.window),
        column: packedColumnArgs(column, input),
        output_bits: output.bits,
        lane_bytes: laneBytes(column, input, scheme),
        tile_bytes: tileBytes(output, scheme),
        stream: constants.add(`${label}_stream`, 'uint32_t', new Uint8Array(stream.buffer)),
        stream_words: stream.length,
        ...finishArgs(step, context, channels, finish),
      });
      const parameters = {
        finish: LANE_FINISH.indexOf(finish),
        ...(finish === 'accumulators' ? {} : { out: output.bits }),
      };
      const kernel = kernelInstance(step.op, target.feature, input.bits, step.weightBits, {
        variant: variant.name,
        parameters,
      });
      return { calls: [{ kernel, args, inputs: [input.id] }] };
    },
  };
}

/** Two pixels per lane, tiles of four pixels. */
export const CONV2D_LANES = laneVariant({
  name: 'lanes',
  scheme(step, plan) {
    const lanes = pixelLanes(tensorOf(plan, step.inputs[0]!).bits, step.weightBits);
    return (
      lanes && {
        groupLength: GROUP_LENGTH,
        groupBytes: GROUP_BYTES,
        tilePixels: 4,
        blockChannels: TILE_CHANNELS,
        fits: (reaches) => fitsPixelLanes(reaches, lanes),
        pack: (matrix, finish) => packPixelLanes(matrix, lanes, finish),
      }
    );
  },
  args: (lanes) => lanes,
});

/** Two channels per weight lane, and with 2-bit inputs two pixels per lane as well. */
export const CONV2D_PAIRS = laneVariant({
  name: 'pairs',
  scheme(step, plan) {
    const lanes = pairLanes(tensorOf(plan, step.inputs[0]!).bits, step.weightBits);
    return (
      lanes && {
        groupLength: PAIR_GROUP_LENGTH,
        groupBytes: PAIR_GROUP_BYTES,
        tilePixels: 2 * lanes.pixelsPerColumn,
        blockChannels: PAIR_BLOCK_CHANNELS,
        fits: (reaches) => fitsPairLanes(reaches, lanes),
        pack: (matrix, finish) => packPairLanes(matrix, lanes, finish),
      }
    );
  },
  args: (lanes) => ({ lanes }),
});
