/** How generated matrix kernels lay out columns: how many pairs of k they hold, how many one turn of the loop takes. */
import type { StepWindow } from '../../ir/deploy-plan.js';
import type { Width } from '../../numeric/widths.js';
import { columnOrder } from '../column-order.js';

/** Pairs that one turn may take; the code grows by 46 bytes for each. */
const MOST_UNROLL = 24;
const LEAST_UNROLL = 8;
/** Cycles of a pair and of the end of a turn. */
const PAIR_CYCLES = 15;
const TURN_CYCLES = 6;

export interface ColumnLayout {
  /** Pairs of k, zeros at the end included. */
  readonly pairs: number;
  readonly unroll: number;
}

/** The layout that costs least for columns of `needed` pairs. */
export function columnLayout(needed: number): ColumnLayout {
  if (needed <= MOST_UNROLL) return { pairs: needed, unroll: needed };
  const cost = (unroll: number): number => Math.ceil(needed / unroll) * (unroll * PAIR_CYCLES + TURN_CYCLES);
  let unroll = MOST_UNROLL;
  for (let u = MOST_UNROLL - 1; u >= LEAST_UNROLL; u--) if (cost(u) < cost(unroll)) unroll = u;
  return { pairs: Math.ceil(needed / unroll) * unroll, unroll };
}

/** Runs of the column of an 8-bit input: firmware-templates/kernels/run_column.h. */
export interface ColumnRuns {
  readonly count: number;
  /** Elements of one, which are bytes. */
  readonly length: number;
}

export function columnRuns(window: StepWindow, channels: number): ColumnRuns {
  const { kernelHeight, kernelWidth, dilationWidth } = window;
  return dilationWidth === 1
    ? { count: kernelHeight, length: kernelWidth * channels }
    : { count: kernelHeight * kernelWidth, length: channels };
}

/** Positions of one run, −1 where nothing stands: words as (0, 2), (1, 3), then the rest in order. */
export function runOrder(length: number): number[] {
  const order: number[] = [];
  const whole = length - (length % 4);
  for (let at = 0; at < whole; at += 4) order.push(at, at + 2, at + 1, at + 3);
  for (let at = whole; at < length; at++) order.push(at);
  return order.length % 2 === 0 ? order : [...order, -1];
}

/** Position in the column → index in the window, (tap, channel); −1 is nothing. */
export function matrixOrder(window: StepWindow, channels: number, inputBits: Width): readonly number[] {
  const { count, length } = columnRuns(window, channels);
  if (inputBits !== 8) return [...columnOrder(count * length, channels, inputBits, 8)];
  const run = runOrder(length);
  return Array.from({ length: count }, (_, r) => run.map((at) => (at < 0 ? -1 : r * length + at))).flat();
}

/** `order`, filled up to the layout's pairs. */
export function layoutOrder(order: readonly number[], { pairs }: ColumnLayout): Int32Array {
  const filled = new Int32Array(2 * pairs).fill(-1);
  filled.set(order);
  return filled;
}

/** Runs of so many bytes are widened by straight-line code: an instance for each length and number of runs. */
const SHORT_RUN = 16;

/** Parameters `r`, the bytes of a run, and `h`, their number, where they are few; 0 where loops find out. */
export function shortRun(window: StepWindow, channels: number, inputBits: Width): { r: number; h: number } {
  const { count, length } = columnRuns(window, channels);
  const isShort = inputBits === 8 && length <= SHORT_RUN;
  return isShort ? { r: length, h: count } : { r: 0, h: 0 };
}
