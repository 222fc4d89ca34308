/**
 * Offsets for groups that conflict: first-fit in several orders, improved by seeded random changes and, where few
 * groups are left, by an exhaustive search that is cut off after so many nodes.
 */
import { createRandom } from '../support/random.js';
import type { Conflict } from './conflicts.js';

/** Every offset is a multiple of this: kernels read whole words. */
export const ARENA_ALIGNMENT = 4;

/** What is placed: its bytes and when they are needed. */
export interface Block {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Layout {
  readonly bytes: number;
  /** Offset per block. */
  readonly offsets: readonly number[];
}

export interface LayoutProblem {
  readonly blocks: readonly Block[];
  readonly conflicts: readonly (readonly Conflict[])[];
  /** No layout is smaller: the search ends when it is met. */
  readonly bound: number;
}

const IMPROVEMENT_TRIES = 400;
const SEARCH_NODES = 6000;
/** Blocks up to which the exhaustive search is tried. */
const SEARCH_BLOCKS = 40;

/** Orders in which first-fit does well: large first, long-lived first, area first, by time. */
const ORDERS: readonly ((a: Block, b: Block) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1),
  (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
  (a, b) => b.last - a.last || b.bytes - a.bytes,
];

/** The best layout found; deterministic. */
export function bestLayout(problem: LayoutProblem): Layout {
  const { blocks, bound } = problem;
  const indices = blocks.map((_, i) => i);
  let best: Layout | undefined;
  let bestOrder: readonly number[] = indices;
  for (const compare of ORDERS) {
    const order = [...indices].sort((a, b) => compare(blocks[a]!, blocks[b]!) || a - b);
    const layout = place(problem, order);
    if (best === undefined || layout.bytes < best.bytes) [best, bestOrder] = [layout, order];
    if (best.bytes <= bound) return best;
  }
  const improved = improve(problem, bestOrder, best ?? { bytes: 0, offsets: [] });
  return improved.bytes > bound && blocks.length <= SEARCH_BLOCKS ? search(problem, improved) : improved;
}

/** Moves a random block earlier in the order and keeps what is not worse. */
function improve(problem: LayoutProblem, start: readonly number[], layout: Layout): Layout {
  const random = createRandom(1);
  let [order, best] = [start, layout];
  for (let n = 0; n < IMPROVEMENT_TRIES && best.bytes > problem.bound && order.length > 1; n++) {
    const from = random.integer(1, order.length - 1);
    const to = random.integer(0, from - 1);
    const changed = [...order];
    changed.splice(to, 0, ...changed.splice(from, 1));
    const candidate = place(problem, changed);
    if (candidate.bytes <= best.bytes) [order, best] = [changed, candidate];
  }
  return best;
}

const alignUp = (value: number): number => Math.ceil(value / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;

/** First fit in the given order. */
function place({ blocks, conflicts }: LayoutProblem, order: readonly number[]): Layout {
  const offsets: number[] = blocks.map(() => -1);
  let bytes = 0;
  for (const index of order) {
    const offset = lowestFit(conflicts[index]!, offsets);
    offsets[index] = offset;
    bytes = Math.max(bytes, offset + blocks[index]!.bytes);
  }
  return { bytes, offsets };
}

/** Lowest offset, from `from` on, that no placed neighbour forbids; −1 marks blocks without a place. */
function lowestFit(conflicts: readonly Conflict[], offsets: readonly number[], from = 0): number {
  const forbidden: { from: number; to: number }[] = [];
  for (const { other, below, above } of conflicts) {
    const at = offsets[other]!;
    if (at >= 0) forbidden.push({ from: at - below, to: at + above });
  }
  forbidden.sort((a, b) => a.from - b.from);
  let offset = from;
  for (const range of forbidden) if (offset > range.from && offset < range.to) offset = alignUp(range.to);
  return offset;
}

/**
 * Places blocks in ascending order of their offsets, each as low as it goes: every layout can be pushed together
 * into one of these, so the search is exhaustive unless it runs out of nodes.
 */
function search(problem: LayoutProblem, start: Layout): Layout {
  const { blocks, conflicts, bound } = problem;
  const offsets: number[] = blocks.map(() => -1);
  let best = start;
  let nodes = SEARCH_NODES;
  const descend = (placed: number, floor: number, height: number): void => {
    if (placed === blocks.length) {
      if (height < best.bytes) best = { bytes: height, offsets: [...offsets] };
      return;
    }
    if (nodes-- <= 0 || best.bytes <= bound) return;
    const open: { index: number; offset: number; end: number }[] = [];
    for (let index = 0; index < blocks.length; index++) {
      if (offsets[index]! >= 0) continue;
      const offset = lowestFit(conflicts[index]!, offsets, floor);
      const end = offset + blocks[index]!.bytes;
      if (end >= best.bytes) return;
      open.push({ index, offset, end });
    }
    // Whatever starts behind the first possible end could be placed after that block.
    const firstEnd = Math.min(...open.map(({ end }) => end));
    const candidates = open.filter(({ offset }) => offset < firstEnd);
    candidates.sort((a, b) => a.offset - b.offset || blocks[b.index]!.bytes - blocks[a.index]!.bytes);
    for (const { index, offset, end } of candidates) {
      offsets[index] = offset;
      descend(placed + 1, offset, Math.max(height, end));
      offsets[index] = -1;
      if (nodes <= 0 || best.bytes <= bound) return;
    }
  };
  descend(0, 0, 0);
  return best;
}
