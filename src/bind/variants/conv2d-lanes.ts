/**
 * Variants of conv2d and fully_connected whose operands share 16-bit lanes: `pairs` (src/ir/pair-lanes.ts) and `lanes`
 * (src/ir/pixel-lanes.ts). Files: firmware-templates/kernels/conv2d_<name>.c and .h, lane_driver.h; src/codegen/asm.
 */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { DeployPlan, PlanTensor, StepWindow } from '../../ir/deploy-plan.js';
import {
  PAIR_BLOCK_CHANNELS,
  PAIR_COLUMN_GROUP_BYTES,
  PAIR_GROUP_LENGTH,
  pairLanes,
} from '../../ir/pair-lanes.js';
import {
  COLUMN_GROUP_BYTES,
  GROUP_LENGTH,
  LANE_FINISH,
  type LaneFinishKind,
  pixelLanes,
  TILE_CHANNELS,
} from '../../ir/pixel-lanes.js';
import type { StepMemory } from '../../memory/lifetimes.js';
import { pixelBytes, WIDTHS } from '../../numeric/widths.js';
import { tensorOf } from '../../ops/plan-access.js';
import type { KernelFeature } from '../../targets/target.js';
import { type BindContext, inputTensor, outputTensor, type StepCalls } from '../bound-op.js';
import { packChannels } from '../channel-constants.js';
import { kernelInstance } from '../kernel-instance.js';
import type { LaneMatrix } from '../lane-rows.js';
import {
  columnWords,
  copiedBytes,
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
import { type ChannelReach, type MatrixStep, weightRows } from './weight-facts.js';

const WORD_BYTES = 4;
const SUM_BYTES = 4;

/** What differs between the two arithmetics, for one pair of widths. */
interface LaneScheme {
  readonly groupLength: number;
  /** Of one column. */
  readonly groupBytes: number;
  readonly columnPixels: number;
  readonly blockChannels: number;
  fits(reaches: readonly ChannelReach[]): boolean;
  pack(matrix: LaneMatrix, finish: LaneFinishKind): Uint32Array;
}

interface LaneVariant {
  /** The C file's and the assembly's. */
  readonly file: 'lanes' | 'pairs';
  /** Columns of lanes in a tile: two, or one where two would not fit the arena. */
  readonly columns: 1 | 2;
  /** Undefined where the widths do not share lanes. */
  scheme(step: MatrixStep, plan: DeployPlan): LaneScheme | undefined;
  /** The call's argument struct. */
  args(lanes: ArgumentRecord): ArgumentRecord;
}

const ends = (step: MatrixStep, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

/** A fully connected step is the convolution whose window is its whole input. */
function windowOf(step: MatrixStep, [input]: readonly [PlanTensor, PlanTensor]): StepWindow {
  if (step.op === 'conv2d') return step.window;
  const [kernelHeight, kernelWidth] = input.shape;
  const [strides, dilations] = [
    { strideHeight: 1, strideWidth: 1 },
    { dilationHeight: 1, dilationWidth: 1 },
  ];
  return { kernelHeight, kernelWidth, ...strides, ...dilations, padTop: 0, padLeft: 0 };
}

function columnOf(step: MatrixStep, plan: DeployPlan, { groupLength }: LaneScheme): PackedColumn {
  const [input, output] = ends(step, plan);
  const wordLength = 32 / input.bits;
  const window = windowOf(step, [input, output]);
  return packedColumn(window, input, output, Math.max(1, groupLength / wordLength));
}

/**
 * The quickest finish that is exact: the kernel itself requantises when the clamp is the output's whole range and every
 * value fits int16 before it saturates.
 */
function laneFinish(step: MatrixStep, plan: DeployPlan, channels: LaneChannels): LaneFinishKind {
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
  step: MatrixStep,
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

/** How a step is laid out in scratch. */
interface LaneLayout {
  readonly scheme: LaneScheme;
  readonly column: PackedColumn;
  readonly channels: LaneChannels;
  readonly finish: LaneFinishKind;
  readonly laneBytes: number;
  /** Tiles of fewer pixels or channels than the kernel's pass through it, or sums where the driver finishes. */
  readonly tileBytes: number;
}

function laneLayout(
  step: MatrixStep,
  plan: DeployPlan,
  { columns, scheme: schemeOf }: LaneVariant,
): LaneLayout {
  const [input, output] = ends(step, plan);
  const scheme = schemeOf(step, plan)!;
  const column = columnOf(step, plan, scheme);
  const channels = laneChannels(step, plan);
  const finish = laneFinish(step, plan, channels);
  const groups = (columnWords(column) * (32 / input.bits)) / scheme.groupLength;
  const tilePixels = columns * scheme.columnPixels;
  const blocked = Math.ceil(output.shape[2] / scheme.blockChannels) * scheme.blockChannels;
  const whole = (output.shape[0] * output.shape[1]) % tilePixels === 0 && blocked === output.shape[2];
  const partBytes = whole ? 0 : tilePixels * pixelBytes(blocked, output.bits);
  const sumBytes = SUM_BYTES * tilePixels * scheme.blockChannels;
  return {
    scheme,
    column,
    channels,
    finish,
    laneBytes: groups * scheme.groupBytes * columns,
    tileBytes: WORD_BYTES * Math.ceil((finish === 'accumulators' ? sumBytes : partBytes) / WORD_BYTES),
  };
}

/** A variant for either operator. */
interface LaneKernel {
  readonly name: string;
  readonly feature: KernelFeature;
  applies(step: MatrixStep, plan: DeployPlan): string | undefined;
  memory(step: MatrixStep, plan: DeployPlan): StepMemory;
  bind(step: MatrixStep, context: BindContext): StepCalls;
}

function laneKernel(variant: LaneVariant): LaneKernel {
  return {
    name: variant.columns === 2 ? variant.file : `${variant.file}1`,
    feature: 'dsp',
    applies(step, plan) {
      const [input, output] = ends(step, plan);
      const scheme = variant.scheme(step, plan);
      if (scheme === undefined) return `not for a${input.bits}w${step.weightBits}`;
      if (plan.requantization !== 'mulhi') return `mode ${plan.requantization}`;
      if (step.weightZeroPoint !== 0) return 'weights have a zero point';
      const tilePixels = variant.columns * scheme.columnPixels;
      if (variant.columns === 2 && 2 * output.shape[0] * output.shape[1] <= tilePixels) return 'few pixels';
      return scheme.fits(laneChannels(step, plan).reaches) ? undefined : 'sums do not fit their fields';
    },
    memory(step, plan): StepMemory {
      const { laneBytes, tileBytes, column } = laneLayout(step, plan, variant);
      return {
        scratchBytes: laneBytes + tileBytes + copiedBytes(column),
        inPlaceInputs: step.op === 'conv2d' && conv2dInPlace(step, ...ends(step, plan)) ? [0] : [],
        alias: false,
      };
    },
    bind(step, context) {
      const { plan, constants, label, target } = context;
      const input = inputTensor(step, context);
      const output = outputTensor(step, context);
      const { scheme, column, channels, finish, laneBytes, tileBytes } = laneLayout(step, plan, variant);
      const order = packedOrder(column, input);
      const stream = scheme.pack({ ...weightRows(step, plan), order, ...channels }, finish);
      const args = variant.args({
        input: shapeArgs(input),
        output: shapeArgs(output),
        window: windowArgs(windowOf(step, [input, output])),
        column: packedColumnArgs(column, input),
        output_bits: output.bits,
        lane_bytes: laneBytes,
        tile_bytes: tileBytes,
        stream: constants.add(`${label}_stream`, 'uint32_t', new Uint8Array(stream.buffer)),
        stream_words: stream.length,
        ...finishArgs(step, context, channels, finish),
      });
      const parameters = {
        columns: variant.columns,
        finish: LANE_FINISH.indexOf(finish),
        ...(finish === 'accumulators' ? {} : { out: output.bits }),
      };
      // Both operators run the same instance.
      const kernel = kernelInstance('conv2d', target.feature, input.bits, step.weightBits, {
        variant: variant.file,
        parameters,
      });
      return { calls: [{ kernel, args, inputs: [input.id] }] };
    },
  };
}

/** Two pixels per lane. */
const LANES: Omit<LaneVariant, 'columns'> = {
  file: 'lanes',
  scheme(step, plan) {
    const lanes = pixelLanes(tensorOf(plan, step.inputs[0]!).bits, step.weightBits);
    return (
      lanes && {
        groupLength: GROUP_LENGTH,
        groupBytes: COLUMN_GROUP_BYTES,
        columnPixels: 2,
        blockChannels: TILE_CHANNELS,
        fits: (reaches) => fitsPixelLanes(reaches, lanes),
        pack: (matrix, finish) => packPixelLanes(matrix, lanes, finish),
      }
    );
  },
  args: (lanes) => lanes,
};

/** Two channels per weight lane, and with 2-bit inputs two pixels per lane as well. */
const PAIRS: Omit<LaneVariant, 'columns'> = {
  file: 'pairs',
  scheme(step, plan) {
    const lanes = pairLanes(tensorOf(plan, step.inputs[0]!).bits, step.weightBits);
    return (
      lanes && {
        groupLength: PAIR_GROUP_LENGTH,
        groupBytes: PAIR_COLUMN_GROUP_BYTES,
        columnPixels: lanes.pixelsPerColumn,
        blockChannels: PAIR_BLOCK_CHANNELS,
        fits: (reaches) => fitsPairLanes(reaches, lanes),
        pack: (matrix, finish) => packPairLanes(matrix, lanes, finish),
      }
    );
  },
  args: (lanes) => ({ lanes }),
};

/** In order of preference; those of one column where two would raise the arena. */
export const CONV2D_LANE_VARIANTS: readonly KernelVariant<'conv2d'>[] = [
  { op: 'conv2d', ...laneKernel({ ...PAIRS, columns: 2 }) },
  { op: 'conv2d', ...laneKernel({ ...LANES, columns: 2 }) },
  { op: 'conv2d', ...laneKernel({ ...PAIRS, columns: 1 }) },
  { op: 'conv2d', ...laneKernel({ ...LANES, columns: 1 }) },
];

/** A fully connected step is a single pixel. */
export const FULLY_CONNECTED_LANE_VARIANTS: readonly KernelVariant<'fully_connected'>[] = [
  { op: 'fully_connected', ...laneKernel({ ...PAIRS, columns: 1 }) },
  { op: 'fully_connected', ...laneKernel({ ...LANES, columns: 1 }) },
];
