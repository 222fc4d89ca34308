/**
 * The arithmetic of "pixel lanes": two output pixels share a 16-bit activation lane, so that one SMLAD multiplies two k
 * of two pixels. Shared by what packs the weights (bind) and what generates the kernels (codegen).
 *
 *   lane = 2^fieldBits · (aB − highOffset) + aA,   aA, aB the unsigned values of pixels A and B
 *   accumulator = 2^fieldBits · Σ w·(aB − highOffset) + Σ w·aA
 *
 * A tile is four pixels (pairs 0|1 and 2|3) times four channels: eight accumulators; or, where memory is short, one pair
 * of pixels. One weight word serves several
 * channels by nesting: an accumulator whose operand still holds the narrower fields below its own ("nested") contains
 * the next accumulator, and their difference is its own sum times 2^shift.
 */
import type { Width } from '../numeric/widths.js';

export interface LaneAccumulator {
  /** Output channel of the block of four. */
  readonly channel: number;
  /** Its sum stands shifted by this much. More than 0: it contains the accumulator after it. */
  readonly shift: number;
  /** Weights are stored with this added; Σ lanes times this is taken off again. */
  readonly weightOffset: number;
}

export interface PixelLanes {
  readonly inputBits: 4 | 2;
  readonly weightBits: Width;
  /** Bits of the low field. */
  readonly fieldBits: number;
  readonly highOffset: number;
  /** In the order of their registers. */
  readonly accumulators: readonly LaneAccumulator[];
}

/** k per group: four words of lanes per column, and a word for the sum of all its lanes up to there. */
export const GROUP_LENGTH = 8;
/** Steps of two k: one word of lanes per column. */
export const STEPS_PER_GROUP = GROUP_LENGTH / 2;
/** Bytes of a group of one column of lanes: a pair of pixels. */
export const COLUMN_GROUP_BYTES = 4 * STEPS_PER_GROUP + 4;
/** Groups that one turn of the inner loop covers. */
export const GROUPS_PER_TURN = 4;
export const TILE_CHANNELS = 4;

/**
 * What becomes of the sums, by the instance's parameter `finish`. `scaled`: requantised by M alone and saturated to the
 * output width; `shifted`: by M and L; `accumulators`: handed to the driver, which finishes them in any way.
 */
export const LANE_FINISH = ['scaled', 'shifted', 'accumulators'] as const;
export type LaneFinishKind = (typeof LANE_FINISH)[number];

const accumulator = (channel: number, shift: number, weightOffset: number): LaneAccumulator => ({
  channel,
  shift,
  weightOffset,
});

const ACCUMULATORS: Readonly<Record<Width, readonly LaneAccumulator[]>> = {
  8: [0, 1, 2, 3].map((channel) => accumulator(channel, 0, 0)),
  4: [accumulator(1, 4, 0), accumulator(0, 0, 8), accumulator(3, 4, 0), accumulator(2, 0, 8)],
  2: [accumulator(3, 6, 0), accumulator(2, 4, 2), accumulator(1, 2, 2), accumulator(0, 0, 2)],
};

/** The layout for a pair of widths, or undefined where two pixels do not fit a lane usefully. */
export function pixelLanes(inputBits: Width, weightBits: Width): PixelLanes | undefined {
  if (inputBits === 8 || (inputBits === 4 && weightBits === 8)) return undefined;
  const wide = weightBits === 8;
  return {
    inputBits,
    weightBits,
    fieldBits: wide ? 14 : 12,
    // Without it 15 · 2^12 and 3 · 2^14 would pass int16.
    highOffset: inputBits === 4 ? 8 : wide ? 2 : 0,
    accumulators: ACCUMULATORS[weightBits],
  };
}

/** Bytes of weights of four channels per group. */
export const groupWeightBytes = (weightBits: Width): number =>
  (GROUP_LENGTH * TILE_CHANNELS * weightBits) / 8;

/** k held by one word of packed input. */
export const wordLength = (inputBits: Width): number => 32 / inputBits;
