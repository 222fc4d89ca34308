/**
 * Packs the weight stream of pair lanes (src/ir/pair-lanes.ts; its order is drawn in src/codegen/asm/pair-lanes.ts) and
 * proves from the real weights that no field overflows.
 *
 * Bounds, per channel, for activations a…A: a field starts at −min Σ w·x of its segment and stays in 0…(A − a) · Σ|w|,
 * which segments are cut to keep below 2^fieldBits. The highest field is never moved away. With bytes it ends as the
 * high channel's accumulator, bias included, in 18 signed bits; with 2-bit values as all segments' offsets and Σ w·x, at
 * most 3 · Σ|w|, in 11 unsigned ones. Weights of −2 do not fit their lanes.
 */

import {
  PAIR_BLOCK_CHANNELS,
  PAIR_GROUP_STEPS,
  PAIR_GROUP_WEIGHT_BYTES,
  PAIR_SHIFT,
  type PairLanes,
} from '../ir/pair-lanes.js';
import type { LaneFinishKind } from '../ir/pixel-lanes.js';
import { WIDTHS } from '../numeric/widths.js';
import { type LaneMatrix, LaneRows, type WeightSums, wrapped } from './lane-rows.js';
import type { ChannelReach } from './variants/weight-facts.js';

/** What the highest field of 2-bit values must stay below: 11 unsigned bits. */
const HIGHEST_LIMIT = 2 ** (32 - 21);

/** True when every channel fits the highest field and no weight is −2. */
export function fitsPairLanes(reaches: readonly ChannelReach[], lanes: PairLanes): boolean {
  const { activationMin, activationMax } = WIDTHS[lanes.inputBits];
  const limit = 2 ** (31 - PAIR_SHIFT);
  return reaches.every(({ bias, positive, negative, lowest }) => {
    if (lowest < -1) return false;
    if (lanes.pixelsPerColumn === 2) return activationMax * (positive + negative) < HIGHEST_LIMIT;
    const low = bias + activationMin * positive - activationMax * negative;
    const high = bias + activationMax * positive - activationMin * negative;
    return low >= -limit && high < limit;
  });
}

/** The stream of all blocks of a matrix that fits. */
export function packPairLanes(matrix: LaneMatrix, lanes: PairLanes, finish: LaneFinishKind): Uint32Array {
  const words: number[] = [];
  for (let first = 0; first < matrix.reaches.length; first += PAIR_BLOCK_CHANNELS) {
    const rows = new LaneRows(matrix, first, PAIR_BLOCK_CHANNELS, lanes.inputBits, PAIR_GROUP_STEPS);
    writeBlock(words, rows, lanes, finish);
  }
  return Uint32Array.from(words, (word) => word >>> 0);
}

function writeBlock(words: number[], rows: LaneRows, lanes: PairLanes, finish: LaneFinishKind): void {
  const { activationMin, activationMax } = WIDTHS[lanes.inputBits];
  const offset = ({ positive, negative }: WeightSums): number =>
    activationMax * negative - activationMin * positive;
  const cuts = rows.segments(Math.floor((2 ** lanes.fieldBits - 1) / (activationMax - activationMin)));
  const starts = new Array<number>(PAIR_BLOCK_CHANNELS).fill(0);
  for (let segment = 0; segment + 1 < cuts.length; segment++) {
    const [from, to] = [cuts[segment]!, cuts[segment + 1]!];
    const own = starts.map((_, channel) => offset(rows.sums(channel, from, to)));
    own.forEach((value, channel) => {
      starts[channel]! += value;
    });
    // The second segment's mark: fields of the first are the first to be moved to the stack.
    words.push((to - from) * PAIR_GROUP_WEIGHT_BYTES + (segment === 1 ? 2 : 0));
    for (const [low, high] of lanes.channels) {
      if (lanes.pixelsPerColumn === 2)
        words.push(wrapped(own[low]! * (1 + 2 ** 7) + own[high]! * (2 ** 14 + 2 ** 21)));
      else words.push(wrapped(own[low]! + (segment === 0 ? 2 ** PAIR_SHIFT * rows.bias(high) : 0)));
    }
    for (let step = from * PAIR_GROUP_STEPS; step < to * PAIR_GROUP_STEPS; step++)
      words.push(stepWord(rows, lanes, step));
  }
  words.push(cuts.length === 2 ? 0 : 1);
  for (const pair of lanes.channels) {
    const addends = pair.map((channel) => rows.bias(channel) - starts[channel]!);
    words.push(...pairConstants(pair, addends, rows, lanes, finish));
  }
}

/** What finishes a pair. With bytes the high field has the bias from its start and no offset, so it needs no addend. */
function pairConstants(
  pair: readonly [number, number],
  addends: readonly number[],
  rows: LaneRows,
  lanes: PairLanes,
  finish: LaneFinishKind,
): number[] {
  const constants = pair.map((channel) => rows.multiplier(channel));
  const [low, high] = constants;
  if (lanes.pixelsPerColumn === 1) {
    if (finish === 'accumulators') return [addends[0]!];
    const shifts = finish === 'shifted' ? [low!.shift, high!.shift] : [];
    return [low!.multiplier, addends[0]!, high!.multiplier, ...shifts];
  }
  if (finish === 'accumulators') return [...addends];
  return constants.flatMap(({ multiplier, shift }, i) => [
    multiplier,
    addends[i]!,
    ...(finish === 'shifted' ? [shift] : []),
  ]);
}

/** Two k of eight channels: after rotation by 4j, w0 + 1 in bits 0–1 and w1 in bits 14–15 of each half. */
function stepWord(rows: LaneRows, { channels }: PairLanes, step: number): number {
  let word = 0;
  channels.forEach(([low, high], pair) => {
    for (const half of [0, 1]) {
      const bit = 16 * half + 4 * pair;
      word |= (rows.weight(low, step, half) + 1) << bit;
      word |= (rows.weight(high, step, half) & 3) << ((bit + PAIR_SHIFT) % 32);
    }
  });
  return word >>> 0;
}
