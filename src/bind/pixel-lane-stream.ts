/**
 * Packs the weight stream of pixel lanes (src/ir/pixel-lanes.ts; its order is drawn in src/codegen/asm/pixel-lanes.ts)
 * and proves from the real weights that no field overflows.
 *
 * Bounds, per channel, for activations 0…A: a low field starts at A · Σ(negative |w|) of its segment and stays in
 * 0…A · Σ|w|, which segments are cut to keep below 2^fieldBits; the high field ends as the accumulator of pixel B,
 * which must fit the bits above the low field. What passes there on the way does no harm: sums are kept modulo 2^32.
 */
import {
  GROUP_LENGTH,
  groupWeightBytes,
  type LaneAccumulator,
  type LaneFinishKind,
  lanePlace,
  type PixelLanes,
  TILE_CHANNELS,
} from '../ir/pixel-lanes.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { WIDTHS } from '../numeric/widths.js';
import type { ChannelReach } from './variants/weight-facts.js';

export interface LaneMatrix {
  /** Rows of `length` weights, one per channel, in canonical order. */
  readonly weights: Int32Array;
  readonly length: number;
  /** Position in the packed column → index in the row; −1 for lanes that hold no value. */
  readonly order: Int32Array;
  /** Per channel. */
  readonly reaches: readonly ChannelReach[];
  readonly multipliers: readonly FixedMultiplier[];
}

/** True when every channel's accumulator fits the bits above the low field. */
export function fitsFields(reaches: readonly ChannelReach[], lanes: PixelLanes): boolean {
  const { activationMax } = WIDTHS[lanes.inputBits];
  return reaches.every(({ bias, positive, negative }, index) => {
    const { shift } = lanes.accumulators.find(({ channel }) => channel === index % TILE_CHANNELS)!;
    const limit = 2 ** (31 - lanes.fieldBits - shift);
    return bias - activationMax * negative >= -limit && bias + activationMax * positive < limit;
  });
}

/** The stream of all blocks of a matrix that fits its fields. */
export function packPixelLanes(matrix: LaneMatrix, lanes: PixelLanes, finish: LaneFinishKind): Uint32Array {
  const words: number[] = [];
  for (let first = 0; first < matrix.multipliers.length; first += TILE_CHANNELS)
    new Block(matrix, lanes, first).write(words, finish);
  return Uint32Array.from(words, (word) => word >>> 0);
}

/** Four channels; those that are missing have no weights. */
class Block {
  private readonly groups: number;
  private readonly activationMax: number;
  /** Weights of a channel in the order of lanes: [group][word][half]. */
  private readonly rows: readonly Int32Array[];
  private readonly bias: readonly number[];

  constructor(
    private readonly matrix: LaneMatrix,
    private readonly lanes: PixelLanes,
    private readonly first: number,
  ) {
    const { order, reaches } = matrix;
    this.groups = Math.ceil(order.length / GROUP_LENGTH);
    this.activationMax = WIDTHS[lanes.inputBits].activationMax;
    const block = Array.from({ length: TILE_CHANNELS }, (_, c) => first + c);
    this.rows = block.map((channel) => this.laneRow(channel));
    this.bias = block.map((channel) => reaches[channel]?.bias ?? 0);
  }

  private laneRow(channel: number): Int32Array {
    const { order, weights, length, multipliers } = this.matrix;
    const row = new Int32Array(this.groups * GROUP_LENGTH);
    if (channel >= multipliers.length) return row;
    for (let position = 0; position < order.length; position++) {
      const { group, word, half } = lanePlace(position, this.lanes.inputBits);
      const index = order[position]!;
      if (index >= 0) row[group * GROUP_LENGTH + 2 * word + half] = weights[channel * length + index]!;
    }
    return row;
  }

  /** Σ of positive weights and Σ |w| of negative ones in a range of groups. */
  private reach(channel: number, from: number, to: number): Pick<ChannelReach, 'positive' | 'negative'> {
    let [positive, negative] = [0, 0];
    const row = this.rows[channel]!;
    for (let i = from * GROUP_LENGTH; i < to * GROUP_LENGTH; i++) {
      if (row[i]! > 0) positive += row[i]!;
      else negative -= row[i]!;
    }
    return { positive, negative };
  }

  /** First group of every segment, and the end; as few as the bound of low fields allows. One group always fits. */
  private segments(): readonly number[] {
    const cuts = [0];
    const limit = 2 ** this.lanes.fieldBits - 1;
    const fits = (from: number, to: number): boolean =>
      this.rows.every((_, channel) => {
        const { positive, negative } = this.reach(channel, from, to);
        return this.activationMax * (positive + negative) <= limit;
      });
    for (let group = 1; group < this.groups; group++) if (!fits(cuts.at(-1)!, group + 1)) cuts.push(group);
    return [...cuts, this.groups];
  }

  write(words: number[], finish: LaneFinishKind): void {
    const cuts = this.segments();
    const { accumulators, weightBits } = this.lanes;
    const count = cuts.length - 1;
    const lowStarts = Array.from({ length: TILE_CHANNELS }, () => 0);
    for (let segment = 0; segment < count; segment++) {
      const [from, to] = [cuts[segment]!, cuts[segment + 1]!];
      const offset = ({ channel }: LaneAccumulator): number =>
        this.activationMax * this.reach(channel, from, to).negative;
      for (const accumulator of accumulators) lowStarts[accumulator.channel]! += offset(accumulator);
      words.push((to - from) * groupWeightBytes(weightBits));
      words.push(...(segment === 0 ? this.starts(offset) : accumulators.map(offset)));
      for (let group = from; group < to; group++) words.push(...this.groupWords(group));
    }
    words.push(count === 1 ? 0 : 1);
    for (let channel = 0; channel < TILE_CHANNELS; channel++) {
      const lowAddend = this.bias[channel]! - lowStarts[channel]!;
      const { multiplier, shift } = this.matrix.multipliers[this.first + channel] ?? {
        multiplier: 0,
        shift: 0,
      };
      if (finish === 'accumulators') words.push(lowAddend);
      else words.push(multiplier, lowAddend, ...(finish === 'shifted' ? [shift] : []));
    }
  }

  /** Start values of the accumulators, in the order of their registers; nested ones contain the next. */
  private starts(offset: (accumulator: LaneAccumulator) => number): number[] {
    const { accumulators, fieldBits, highOffset } = this.lanes;
    const starts: number[] = [];
    for (const accumulator of [...accumulators].reverse()) {
      const { positive, negative } = this.reach(accumulator.channel, 0, this.groups);
      const high = this.bias[accumulator.channel]! + highOffset * (positive - negative);
      const own = (offset(accumulator) + 2 ** fieldBits * high) * 2 ** accumulator.shift;
      starts.unshift(accumulator.shift > 0 ? own + starts[0]! : own);
    }
    // Exact below 2^53; the kernel's registers hold them modulo 2^32.
    return starts.map((value) => Number(BigInt.asUintN(32, BigInt(value))));
  }

  /** The weights of a group; per step of two k: two words at w8, one at w4, half a word at w2. */
  private groupWords(group: number): number[] {
    const words = new Array<number>(groupWeightBytes(this.lanes.weightBits) / 4).fill(0);
    for (let word = 0; word < 4; word++) {
      for (const half of [0, 1]) {
        for (let channel = 0; channel < TILE_CHANNELS; channel++) {
          const weight = this.rows[channel]![group * GROUP_LENGTH + 2 * word + half]!;
          const { at, bit } = this.weightPlace(word, channel);
          words[at]! |= this.stored(channel, weight) << (bit + 16 * half);
        }
      }
    }
    return words;
  }

  private stored(channel: number, weight: number): number {
    const { accumulators, weightBits } = this.lanes;
    const { weightOffset } = accumulators.find((accumulator) => accumulator.channel === channel)!;
    return (weight + weightOffset) & ((1 << weightBits) - 1);
  }

  private weightPlace(word: number, channel: number): { at: number; bit: number } {
    switch (this.lanes.weightBits) {
      case 8:
        return { at: 2 * word + (channel >> 1), bit: 8 * (channel & 1) };
      case 4:
        return { at: word, bit: 4 * channel };
      case 2:
        return { at: word >> 1, bit: 8 * (word & 1) + 2 * channel };
    }
  }
}
