/** A block of channels' weights in the order in which kernels read lanes, and how k is cut into segments. */
import type { FixedMultiplier } from '../numeric/requantize.js';
import type { ChannelReach } from './variants/weight-facts.js';

/** What the weight streams of lanes are packed from. */
export interface LaneMatrix {
  /** Rows of `length` weights, one per channel, in canonical order. */
  readonly weights: Int32Array;
  readonly length: number;
  /** Position in the packed column → index in the row; −1 for lanes that hold no value. */
  readonly order: Int32Array;
  /** Per channel; one with sums of 0 has no weights, whatever `weights` says. */
  readonly reaches: readonly ChannelReach[];
  readonly multipliers: readonly FixedMultiplier[];
}

/** Place of a value of a packed column in its lanes: the step of two k and the half of the lane word. */
export interface LanePlace {
  readonly step: number;
  readonly half: 0 | 1;
}

/** Words are spread by masks, so that values j and j + L/2 of the L in a word share a step. */
export function lanePlace(position: number, inputBits: number): LanePlace {
  const length = 32 / inputBits;
  const within = position % length;
  const step = Math.floor(position / length) * (length / 2) + (within % (length / 2));
  return { step, half: within < length / 2 ? 0 : 1 };
}

/** Σ of positive weights and Σ |w| of negative ones. */
export type WeightSums = Pick<ChannelReach, 'positive' | 'negative'>;

const NO_MULTIPLIER: FixedMultiplier = { multiplier: 0, shift: 0 };

/** Channels `first` … `first + count − 1`; those that are missing have no weights. */
export class LaneRows {
  readonly groups: number;
  private readonly rows: readonly Int32Array[];

  constructor(
    private readonly matrix: LaneMatrix,
    private readonly first: number,
    count: number,
    inputBits: number,
    /** Steps of two k per group. */
    private readonly groupSteps: number,
  ) {
    this.groups = Math.ceil(matrix.order.length / (2 * groupSteps));
    this.rows = Array.from({ length: count }, (_, c) => this.row(first + c, inputBits));
  }

  private row(channel: number, inputBits: number): Int32Array {
    const { order, weights, length, reaches } = this.matrix;
    const row = new Int32Array(this.groups * 2 * this.groupSteps);
    // Channels that never vary have no weights left.
    const reach = reaches[channel];
    if (reach === undefined || reach.positive + reach.negative === 0) return row;
    for (let position = 0; position < order.length; position++) {
      const { step, half } = lanePlace(position, inputBits);
      const index = order[position]!;
      if (index >= 0) row[2 * step + half] = weights[channel * length + index]!;
    }
    return row;
  }

  weight(channel: number, step: number, half: number): number {
    return this.rows[channel]![2 * step + half]!;
  }

  bias(channel: number): number {
    return this.matrix.reaches[this.first + channel]?.bias ?? 0;
  }

  multiplier(channel: number): FixedMultiplier {
    return this.matrix.multipliers[this.first + channel] ?? NO_MULTIPLIER;
  }

  /** Of groups `from` … `to − 1`. */
  sums(channel: number, from = 0, to = this.groups): WeightSums {
    let [positive, negative] = [0, 0];
    const row = this.rows[channel]!;
    for (let i = from * 2 * this.groupSteps; i < to * 2 * this.groupSteps; i++) {
      if (row[i]! > 0) positive += row[i]!;
      else negative -= row[i]!;
    }
    return { positive, negative };
  }

  /** First group of every segment, and the end: as few as keep Σ |w| of every channel at `most`. One group must fit. */
  segments(most: number): readonly number[] {
    const cuts = [0];
    const fits = (from: number, to: number): boolean =>
      this.rows.every((_, channel) => {
        const { positive, negative } = this.sums(channel, from, to);
        return positive + negative <= most;
      });
    for (let group = 1; group < this.groups; group++) if (!fits(cuts.at(-1)!, group + 1)) cuts.push(group);
    return [...cuts, this.groups];
  }
}

/** A word as the kernels' registers hold it: modulo 2^32. Exact for sums below 2^53. */
export const wrapped = (value: number): number => Number(BigInt.asUintN(32, BigInt(value)));
