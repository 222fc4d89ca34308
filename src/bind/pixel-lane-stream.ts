/**
 * Packs the weight stream of pixel lanes (src/ir/pixel-lanes.ts; its order is drawn in src/codegen/asm/pixel-lanes.ts)
 * and proves from the real weights that no field overflows.
 *
 * Bounds, per channel, for activations 0…A: a low field starts at A · Σ(negative |w|) of its segment and stays in
 * 0…A · Σ|w|, which segments are cut to keep below 2^fieldBits. The high field starts at the same of all k and ends in
 * 0…A · Σ|w|, which must fit the bits above the low field. The bias is added to both afterwards. What passes in the
 * fields on the way does no harm: sums are kept modulo 2^32.
 */
import {
  groupWeightBytes,
  type LaneAccumulator,
  type LaneFinishKind,
  type PixelLanes,
  STEPS_PER_GROUP,
  TILE_CHANNELS,
} from '../ir/pixel-lanes.js';
import { WIDTHS } from '../numeric/widths.js';
import { type LaneMatrix, LaneRows, wrapped } from './lane-rows.js';
import type { ChannelReach } from './variants/weight-facts.js';

/** True when every channel's sums fit the bits above the low field. */
export function fitsPixelLanes(reaches: readonly ChannelReach[], lanes: PixelLanes): boolean {
  const { activationMax } = WIDTHS[lanes.inputBits];
  return reaches.every(({ positive, negative }, index) => {
    const { shift } = lanes.accumulators.find(({ channel }) => channel === index % TILE_CHANNELS)!;
    return activationMax * (positive + negative) < 2 ** (32 - lanes.fieldBits - shift);
  });
}

/** The stream of all blocks of a matrix that fits. */
export function packPixelLanes(matrix: LaneMatrix, lanes: PixelLanes, finish: LaneFinishKind): Uint32Array {
  const words: number[] = [];
  for (let first = 0; first < matrix.reaches.length; first += TILE_CHANNELS) {
    const rows = new LaneRows(matrix, first, TILE_CHANNELS, lanes.inputBits, STEPS_PER_GROUP);
    writeBlock(words, rows, lanes, finish);
  }
  return Uint32Array.from(words, (word) => word >>> 0);
}

function writeBlock(words: number[], rows: LaneRows, lanes: PixelLanes, finish: LaneFinishKind): void {
  const { accumulators, weightBits, inputBits, fieldBits } = lanes;
  const { activationMax } = WIDTHS[inputBits];
  const cuts = rows.segments(Math.floor((2 ** fieldBits - 1) / activationMax));
  const starts = new Array<number>(TILE_CHANNELS).fill(0);
  for (let segment = 0; segment + 1 < cuts.length; segment++) {
    const [from, to] = [cuts[segment]!, cuts[segment + 1]!];
    const offsets = accumulators.map(({ channel }) => activationMax * rows.sums(channel, from, to).negative);
    accumulators.forEach(({ channel }, i) => {
      starts[channel]! += offsets[i]!;
    });
    words.push((to - from) * groupWeightBytes(weightBits));
    words.push(...(segment === 0 ? startValues(rows, lanes, offsets) : offsets));
    for (let group = from; group < to; group++) words.push(...groupWords(rows, lanes, group));
  }
  words.push(cuts.length === 2 ? 0 : 1);
  for (let channel = 0; channel < TILE_CHANNELS; channel++) {
    const addend = rows.bias(channel) - starts[channel]!;
    const { multiplier, shift } = rows.multiplier(channel);
    if (finish === 'accumulators') words.push(addend);
    else words.push(multiplier, addend, ...(finish === 'shifted' ? [shift] : []));
  }
}

/** Of the accumulators, in the order of their registers; nested ones contain the next. */
function startValues(rows: LaneRows, lanes: PixelLanes, offsets: readonly number[]): number[] {
  const { fieldBits, highOffset, inputBits } = lanes;
  const { activationMax } = WIDTHS[inputBits];
  const own = lanes.accumulators.map(({ channel, shift }: LaneAccumulator, i) => {
    const { positive, negative } = rows.sums(channel);
    const high = activationMax * negative + highOffset * (positive - negative);
    return (offsets[i]! + 2 ** fieldBits * high) * 2 ** shift;
  });
  for (let i = own.length - 2; i >= 0; i--) if (lanes.accumulators[i]!.shift > 0) own[i]! += own[i + 1]!;
  return own.map(wrapped);
}

/** The weights of a group; per step of two k: two words at w8, one at w4, half a word at w2. */
function groupWords(rows: LaneRows, { weightBits, accumulators }: PixelLanes, group: number): number[] {
  const words = new Array<number>(groupWeightBytes(weightBits) / 4).fill(0);
  const mask = (1 << weightBits) - 1;
  for (let step = 0; step < STEPS_PER_GROUP; step++) {
    for (const half of [0, 1]) {
      for (const { channel, weightOffset } of accumulators) {
        const weight = rows.weight(channel, group * STEPS_PER_GROUP + step, half) + weightOffset;
        // Bits of both halves: the channels of a step in a row, bytes at w8 two to a word.
        const bit = ((step * TILE_CHANNELS + channel) * weightBits) % 16;
        const word = Math.floor(((step * TILE_CHANNELS + channel) * weightBits) / 16);
        words[word]! |= (weight & mask) << (bit + 16 * half);
      }
    }
  }
  return words;
}
