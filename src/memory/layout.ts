/**
 * Offsets for blocks that conflict: first-fit in several orders, improved by seeded random changes and, where few
 * blocks decide, by an exhaustive search that is cut off after so many nodes.
 *
 * Blocks that never meet much else are light: they are placed last, and the search is over the heavy ones.
 */
import { createRandom } from '../support/random.js';
import type { Conflict } from './conflicts.js';

/** Every offset is a multiple of this: kernels read whole words. */
export const ARENA_ALIGNMENT = 4;

/** What is placed: its bytes, when they are needed, and the most bytes that are live at one of these times. */
export interface Block {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  readonly pressure: number;
}

export interface Layout {
  readonly bytes: number;
  /** Offset per block. */
  readonly offsets: Int32Array;
}

export interface LayoutProblem {
  readonly blocks: readonly Block[];
  readonly conflicts: readonly (readonly Conflict[])[];
  /** No layout is smaller: the search ends when it is met. */
  readonly bound: number;
}

/** Random changes without gain after which the search gives up. */
const PATIENCE = 150;
const SEARCH_NODES = 6000;
/** Heavy blocks up to which the exhaustive search is tried. */
const SEARCH_BLOCKS = 40;
/** Blocks are heavy when so much of the bound is live with them. */
const HEAVY = 0.75;

/** Orders in which first-fit does well: large first, long-lived first, area first, by time. */
const ORDERS: readonly ((a: Block, b: Block) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1),
  (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
  (a, b) => b.last - a.last || b.bytes - a.bytes,
];

/** The best layout found; deterministic. `thorough: false` is several times faster and a few percent worse. */
export function bestLayout(problem: LayoutProblem, thorough = true): Layout {
  const { blocks, bound } = problem;
  const placer = new Placer(problem);
  const indices = blocks.map((_, i) => i);
  const isHeavy = (index: number): boolean => blocks[index]!.pressure >= HEAVY * bound;
  let best: Layout = { bytes: Number.POSITIVE_INFINITY, offsets: new Int32Array(blocks.length) };
  let bestOrder: readonly number[] = indices;
  for (const compare of ORDERS) {
    const order = [...indices].sort((a, b) => compare(blocks[a]!, blocks[b]!) || a - b);
    const split = [...order.filter(isHeavy), ...order.filter((index) => !isHeavy(index))];
    for (const candidate of [order, split]) {
      const layout = placer.place(candidate);
      if (layout.bytes < best.bytes) [best, bestOrder] = [layout, candidate];
      if (best.bytes <= bound) return best;
    }
  }
  if (!thorough) return best;
  const heavy = bestOrder.filter(isHeavy);
  const light = bestOrder.filter((index) => !isHeavy(index));
  best = improve(placer, [...heavy, ...light], heavy.length, best);
  return best.bytes > bound && heavy.length <= SEARCH_BLOCKS ? search(placer, heavy, light, best) : best;
}

/** Moves a random block, rather one that stands too high, earlier in the order and keeps what is not worse. */
function improve(placer: Placer, start: readonly number[], movable: number, found: Layout): Layout {
  const { blocks, bound } = placer.problem;
  const random = createRandom(1);
  let [order, best, current] = [start, found, Number.POSITIVE_INFINITY];
  for (let idle = 0; idle < PATIENCE && best.bytes > bound && movable > 1; idle++) {
    const high = order.flatMap((index, at) =>
      at > 0 && at < movable && best.offsets[index]! + blocks[index]!.bytes > bound ? [at] : [],
    );
    const from =
      high.length > 0 && random.integer(0, 1) === 0 ? random.pick(high) : random.integer(1, movable - 1);
    const to = random.integer(0, from - 1);
    const changed = [...order];
    changed.splice(to, 0, ...changed.splice(from, 1));
    const candidate = placer.place(changed);
    if (candidate.bytes > current) continue;
    [order, current] = [changed, candidate.bytes];
    if (candidate.bytes < best.bytes) [best, idle] = [candidate, 0];
  }
  return best;
}

const alignUp = (value: number): number => Math.ceil(value / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;

/** First fit, with the conflicts in flat arrays. */
class Placer {
  private readonly others: readonly Int32Array[];
  private readonly below: readonly Int32Array[];
  private readonly above: readonly Int32Array[];

  constructor(readonly problem: LayoutProblem) {
    const { conflicts } = problem;
    this.others = conflicts.map((list) => Int32Array.from(list, (c) => c.other));
    this.below = conflicts.map((list) => Int32Array.from(list, (c) => c.below));
    this.above = conflicts.map((list) => Int32Array.from(list, (c) => c.above));
  }

  /** Places all blocks in the given order, after what `offsets` already holds (−1: no place). */
  place(order: readonly number[], offsets = new Int32Array(this.problem.blocks.length).fill(-1)): Layout {
    const { blocks } = this.problem;
    let bytes = 0;
    for (const index of order) {
      const offset = this.lowestFit(index, offsets, 0);
      offsets[index] = offset;
      bytes = Math.max(bytes, offset + blocks[index]!.bytes);
    }
    return { bytes, offsets };
  }

  /** Lowest offset from `from` on that no placed neighbour forbids: each forbidden range pushes it on. */
  lowestFit(index: number, offsets: Int32Array, from: number): number {
    const [others, below, above] = [this.others[index]!, this.below[index]!, this.above[index]!];
    let offset = from;
    for (let moved = true; moved; ) {
      moved = false;
      for (let i = 0; i < others.length; i++) {
        const at = offsets[others[i]!]!;
        if (at < 0 || offset <= at - below[i]! || offset >= at + above[i]!) continue;
        offset = alignUp(at + above[i]!);
        moved = true;
      }
    }
    return offset;
  }
}

/**
 * Places the heavy blocks in ascending order of their offsets, each as low as it goes: every layout can be pushed
 * together into one of these, so the search is exhaustive over them unless it runs out of nodes.
 */
function search(placer: Placer, heavy: readonly number[], light: readonly number[], start: Layout): Layout {
  const { blocks, bound } = placer.problem;
  const offsets = new Int32Array(blocks.length).fill(-1);
  let best = start;
  let nodes = SEARCH_NODES;
  const descend = (placed: number, floor: number, height: number): void => {
    if (nodes-- <= 0 || best.bytes <= bound) return;
    if (placed === heavy.length) {
      const rest = placer.place(light, offsets.slice());
      const bytes = Math.max(height, rest.bytes);
      if (bytes < best.bytes) best = { bytes, offsets: rest.offsets };
      return;
    }
    const open: { index: number; offset: number; end: number }[] = [];
    for (const index of heavy) {
      if (offsets[index]! >= 0) continue;
      const offset = placer.lowestFit(index, offsets, floor);
      const end = offset + blocks[index]!.bytes;
      if (end >= best.bytes) return;
      open.push({ index, offset, end });
    }
    // Whatever starts behind the first possible end could be placed after that block.
    const firstEnd = open.reduce((least, { end }) => Math.min(least, end), Number.POSITIVE_INFINITY);
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
