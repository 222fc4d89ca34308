/**
 * Packs a weighted step's constants as the kernels read them: int16 weights by groups of eight output
 * channels, and one channel group record each (assembly/memory/channel-group.ts).
 */
import type { PlanTensor } from '../ir/deploy-plan.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { widthRange } from '../ops/plan-access.js';
import type { BindContext } from './wasm-call.js';
import { type ChannelScaling, groupConstants, type StageBounds } from './wasm-requantize.js';

export const GROUP_CHANNELS = 8;

/** Weights of a step with the zero point taken off: `channels` rows of `taps`. */
export interface WeightMatrix {
  readonly channels: number;
  readonly taps: number;
  /** w − zero point of output channel `channel`, tap `tap`. */
  at(channel: number, tap: number): number;
}

/** First channel of every group; the last group overlaps its neighbour when the count is no multiple of 8. */
export function groupStarts(channels: number): number[] {
  const last = Math.max(0, channels - GROUP_CHANNELS);
  return Array.from({ length: Math.ceil(channels / GROUP_CHANNELS) }, (_, g) =>
    Math.min(g * GROUP_CHANNELS, last),
  );
}

/** Factor of a group's lane on its weights (wasm-float.ts), by group · GROUP_CHANNELS + lane. */
export type LaneFactors = Float64Array;

/** [group][tap pair][8 channels][2 taps]; taps rounded up to 8 with zeros. */
export function packTapPairs(matrix: WeightMatrix, factors: LaneFactors): Int16Array {
  const taps = Math.ceil(matrix.taps / 8) * 8;
  const starts = groupStarts(matrix.channels);
  const packed = new Int16Array(starts.length * taps * GROUP_CHANNELS);
  starts.forEach((start, group) => {
    const lanes = Math.min(GROUP_CHANNELS, matrix.channels - start);
    const base = group * taps * GROUP_CHANNELS;
    for (let lane = 0; lane < lanes; lane++) {
      const factor = factors[group * GROUP_CHANNELS + lane]!;
      for (let tap = 0; tap < matrix.taps; tap++) {
        packed[base + (tap >> 1) * 16 + lane * 2 + (tap & 1)] = factor * matrix.at(start + lane, tap);
      }
    }
  });
  return packed;
}

/** [group][tap][8 channels] */
export function packTaps(matrix: WeightMatrix, factors: LaneFactors): Int16Array {
  const starts = groupStarts(matrix.channels);
  const packed = new Int16Array(starts.length * matrix.taps * GROUP_CHANNELS);
  starts.forEach((start, group) => {
    const lanes = Math.min(GROUP_CHANNELS, matrix.channels - start);
    for (let tap = 0; tap < matrix.taps; tap++) {
      const base = (group * matrix.taps + tap) * GROUP_CHANNELS;
      for (let lane = 0; lane < lanes; lane++)
        packed[base + lane] = factors[group * GROUP_CHANNELS + lane]! * matrix.at(start + lane, tap);
    }
  });
  return packed;
}

/** [half group of 4 channels][2 parities][2 row pairs][3 columns][4 channels][2 rows], 3×3 windows only. */
export function packRowPairs(matrix: WeightMatrix, factors: LaneFactors): Int16Array {
  const starts = groupStarts(matrix.channels);
  const packed = new Int16Array(starts.length * 2 * 2 * 2 * 3 * 4 * 2);
  let at = 0;
  for (let half = 0; half < 2 * starts.length; half++) {
    const firstLane = half * 4;
    const firstChannel = starts[half >> 1]! + (half & 1) * 4;
    for (let parity = 0; parity < 2; parity++) {
      for (let slot = 0; slot < 2 * 3 * 4 * 2; slot++) {
        const row = Math.floor(slot / 24) * 2 + (slot & 1) - parity;
        const column = Math.floor(slot / 8) % 3;
        const lane = Math.floor(slot / 2) % 4;
        const inside = row >= 0 && row < 3;
        const weight = inside ? matrix.at(firstChannel + lane, row * 3 + column) : 0;
        packed[at++] = factors[firstLane + lane]! * weight;
      }
    }
  }
  return packed;
}

interface ChannelConstants extends ChannelScaling {
  /** bias − zero point · Σ weights: what an accumulator of raw q starts from. */
  readonly start: number;
}

function channelConstants(
  matrix: WeightMatrix,
  channel: number,
  bias: number,
  multiplier: FixedMultiplier,
  input: PlanTensor,
): ChannelConstants {
  const { min, max } = widthRange(input.bits);
  const below = Math.min(0, min - input.zeroPoint);
  const above = Math.max(0, max - input.zeroPoint);
  let positive = 0;
  let negative = 0;
  let weightMax = 0;
  for (let tap = 0; tap < matrix.taps; tap++) {
    const w = matrix.at(channel, tap);
    if (w > 0) positive += w;
    else negative += w;
    weightMax = Math.max(weightMax, Math.abs(w));
  }
  return {
    ...multiplier,
    accMin: bias + positive * below + negative * above,
    accMax: bias + positive * above + negative * below,
    weightMax,
    start: bias - input.zeroPoint * (positive + negative),
  };
}

export interface PackedGroups {
  /** All channel groups of a step, in the module's layout. */
  readonly bytes: Uint8Array;
  readonly factors: LaneFactors;
}

/** Per output channel of a step. */
export interface StepConstants {
  readonly bias: Int32Array;
  readonly multipliers: readonly FixedMultiplier[];
  readonly stage: StageBounds;
}

export function packGroups(
  { plan, group: layout, shortForm }: Pick<BindContext, 'plan' | 'group' | 'shortForm'>,
  matrix: WeightMatrix,
  step: StepConstants,
  input: PlanTensor,
): PackedGroups {
  const starts = groupStarts(matrix.channels);
  const bytes = new Uint8Array(starts.length * layout.bytes);
  const factors = new Float64Array(starts.length * GROUP_CHANNELS).fill(1);
  starts.forEach((start, group) => {
    const view = new DataView(bytes.buffer, group * layout.bytes, layout.bytes);
    const channels = Array.from({ length: GROUP_CHANNELS }, (_, lane) => {
      const c = start + lane;
      if (c >= matrix.channels) return undefined;
      return channelConstants(matrix, c, step.bias[c]!, step.multipliers[c]!, input);
    });
    const constants = groupConstants(plan.requantization, channels, shortForm ? step.stage : undefined);
    channels.forEach((channel, lane) => {
      const fast = constants.lanes[lane]!;
      const short = constants.floatLanes?.[lane] ?? { factor: 1, offset: 0, scale: 0 };
      factors[group * GROUP_CHANNELS + lane] = short.factor;
      // Modulo 2^32: only the accumulator with its products lies within int32.
      view.setInt32(layout.bias + 4 * lane, short.factor * (channel?.start ?? 0) + short.offset, true);
      view.setFloat32(layout.floatScale + 4 * lane, short.scale, true);
      view.setInt32(layout.multiplier + 4 * lane, fast.multiplier, true);
      view.setUint32(layout.scale + 4 * lane, fast.scale, true);
      view.setBigInt64(layout.rounding + 8 * lane, fast.rounding, true);
      view.setInt32(layout.shift + 4 * lane, channel?.shift ?? 0, true);
    });
    view.setInt32(layout.totalShift, constants.totalShift, true);
    view.setInt32(layout.first, start, true);
  });
  return { bytes, factors };
}
