/** How generated matrix kernels lay out columns: how many pairs of k they hold, how many one turn of the loop takes. */
import type { Width } from '../../numeric/widths.js';
import { columnOrder } from '../column-order.js';

/** Pairs that one turn may take; the code grows by 46 bytes for each. */
const MOST_UNROLL = 16;
const LEAST_UNROLL = 8;
/** Cycles of a pair and of the end of a turn. */
const PAIR_CYCLES = 15;
const TURN_CYCLES = 6;

export interface ColumnLayout {
  /** Pairs of k, zeros at the end included. */
  readonly pairs: number;
  readonly unroll: number;
}

/** The layout that costs least for columns of `length` elements. */
export function columnLayout(length: number): ColumnLayout {
  const needed = Math.ceil(length / 2);
  if (needed <= MOST_UNROLL) return { pairs: needed, unroll: needed };
  const cost = (unroll: number): number => Math.ceil(needed / unroll) * (unroll * PAIR_CYCLES + TURN_CYCLES);
  let unroll = MOST_UNROLL;
  for (let u = MOST_UNROLL - 1; u >= LEAST_UNROLL; u--) if (cost(u) < cost(unroll)) unroll = u;
  return { pairs: Math.ceil(needed / unroll) * unroll, unroll };
}

/** columnOrder, filled up to the layout's pairs. */
export function layoutOrder(
  length: number,
  channels: number,
  inputBits: Width,
  { pairs }: ColumnLayout,
): Int32Array {
  const order = new Int32Array(2 * pairs).fill(-1);
  order.set(columnOrder(length, channels, inputBits, 8));
  return order;
}
