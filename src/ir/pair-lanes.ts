/**
 * The arithmetic of "pair lanes": ternary weights of two output channels share a 16-bit lane, and 2-bit activations of two
 * pixels do as well, so that one SMLAD multiplies two k of two or four outputs. Shared by what packs the weights (bind)
 * and what generates the kernels (codegen).
 *
 *   weight lane = 2^14 · w1 + (w0 + 1)              channels 0 and 1 of a pair
 *   a8: lane = a           accumulator = 2^14 · Σ w1·a + Σ w0·a + Σ lanes
 *   a2: lane = aA + 2^7·aB accumulator = 2^21 · Σ w1·aB + 2^14 · Σ w1·aA + 2^7 · Σ w0·aB + Σ w0·aA + Σ lanes
 *
 * A tile is two columns of lanes, of one pixel (a8) or two (a2), times eight channels: eight accumulators; or, where
 * memory is short, one column. A word of weights holds one step, two k of eight channels; rotated by 4j and masked it gives the lanes of pair j.
 */
import type { Width } from '../numeric/widths.js';

export interface PairLanes {
  readonly inputBits: 8 | 2;
  /** Bits of every field but the highest. */
  readonly fieldBits: 14 | 7;
  readonly pixelsPerColumn: 1 | 2;
  /** Low and high channel of the pair j in a block of eight: what packs outputs with the fewest instructions. */
  readonly channels: readonly (readonly [low: number, high: number])[];
}

/** Distance of the two channels in a weight lane, and its mask. */
export const PAIR_SHIFT = 14;
export const PAIR_MASK = 0xc003c003;

/** Steps of two k per group; a group ends with the sums of both columns' lanes up to there. */
export const PAIR_GROUP_STEPS = 8;
export const PAIR_GROUP_LENGTH = 2 * PAIR_GROUP_STEPS;
/** Bytes of a group, per column: a word of lanes per step, then their sum; words of two columns alternate. */
export const PAIR_COLUMN_GROUP_BYTES = 4 * PAIR_GROUP_STEPS + 4;
export const PAIR_GROUP_WEIGHT_BYTES = 4 * PAIR_GROUP_STEPS;
export const PAIR_BLOCK_CHANNELS = 8;

const LAYOUTS: Readonly<Record<8 | 2, PairLanes>> = {
  8: {
    inputBits: 8,
    fieldBits: 14,
    pixelsPerColumn: 1,
    channels: [
      [0, 2],
      [1, 3],
      [4, 6],
      [5, 7],
    ],
  },
  2: {
    inputBits: 2,
    fieldBits: 7,
    pixelsPerColumn: 2,
    channels: [
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ],
  },
};

/** The layout for a pair of widths, or undefined where channels do not share lanes. */
export const pairLanes = (inputBits: Width, weightBits: Width): PairLanes | undefined =>
  weightBits === 2 && inputBits !== 4 ? LAYOUTS[inputBits] : undefined;
