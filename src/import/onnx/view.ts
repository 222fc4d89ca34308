/**
 * Lazy transposes and reshapes: an ONNX value as a view of a tensor of the Graph.
 *
 * A tensor's memory is cut into atoms, sizes greater than 1 in memory order; each axis of the ONNX value is a list
 * of atoms, slowest first. Transposing permutes the lists and reshaping regroups them, so that NCHW↔NHWC
 * conversions, flattening and channel shuffles cost nothing until an operator needs a definite order, and cancel
 * where they are undone before that.
 */
import { shapeElements } from '../../ops/graph-shapes.js';

export interface View {
  /** Id of the tensor that holds the values. */
  readonly tensor: number;
  /** Sizes greater than 1, in the tensor's memory order; their product is the element count. */
  readonly atoms: readonly number[];
  /** The ONNX shape. */
  readonly dims: readonly number[];
  /** Per ONNX axis its atoms, slowest first; empty for an axis of size 1. */
  readonly axes: readonly (readonly number[])[];
  /** The order of ONNX axes in which the tensor's shape was meant; lost by reshapes. */
  readonly order?: readonly number[];
}

/** The order of NCHW axes that makes NHWC. */
export const NHWC: readonly number[] = [0, 2, 3, 1];

export const identityOrder = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);

/** A whole tensor whose dimension i holds ONNX axis order[i]. */
export function viewOf(tensor: number, shape: readonly number[], order: readonly number[]): View {
  const dims = new Array<number>(shape.length);
  const axes: number[][] = shape.map(() => []);
  const atoms: number[] = [];
  for (const [position, axis] of order.entries()) {
    dims[axis] = shape[position]!;
    if (shape[position]! !== 1) axes[axis] = [atoms.push(shape[position]!) - 1];
  }
  return { tensor, atoms, dims, axes, order };
}

/** Output axis i is input axis permutation[i]. */
export function transposeView(view: View, permutation: readonly number[]): View {
  const { order, ...rest } = view;
  const moved = {
    ...rest,
    dims: permutation.map((axis) => view.dims[axis]!),
    axes: permutation.map((axis) => view.axes[axis]!),
  };
  return order === undefined ? moved : { ...moved, order: order.map((axis) => permutation.indexOf(axis)) };
}

/** A maximal range of atoms that follow one another in memory, in the order asked for. */
interface Run {
  readonly first: number;
  readonly size: number;
}

function runsOf(view: View, flat: readonly number[]): Run[] {
  const runs: { first: number; last: number; size: number }[] = [];
  for (const atom of flat) {
    const open = runs.at(-1);
    if (open !== undefined && atom === open.last + 1) {
      open.last = atom;
      open.size *= view.atoms[atom]!;
    } else runs.push({ first: atom, last: atom, size: view.atoms[atom]! });
  }
  return runs;
}

/**
 * The same values, read in ONNX's order, under another shape of as many elements; undefined when a new dimension
 * would cut across two pieces of memory.
 */
export function reshapeView(view: View, dims: readonly number[]): View | undefined {
  if (sameShape(view.dims, dims)) return view;
  const runs = runsOf(view, view.axes.flat());
  const pieces: { readonly first: number; readonly part: number; readonly size: number }[] = [];
  const grouped: number[][] = [];
  let run = 0;
  let part = 0;
  let rest = runs[0]?.size ?? 1;
  for (const size of dims) {
    const group: number[] = [];
    for (let missing = size; missing > 1; ) {
      const take = Math.min(missing, rest);
      if (runs[run] === undefined || missing % take !== 0 || rest % take !== 0) return undefined;
      group.push(pieces.push({ first: runs[run]!.first, part, size: take }) - 1);
      missing /= take;
      rest /= take;
      part++;
      if (rest === 1) {
        run++;
        part = 0;
        rest = runs[run]?.size ?? 1;
      }
    }
    grouped.push(group);
  }
  const memory = pieces
    .map((piece, index) => ({ ...piece, index }))
    .sort((a, b) => a.first - b.first || a.part - b.part);
  const place = new Map(memory.map((piece, position) => [piece.index, position]));
  return {
    tensor: view.tensor,
    atoms: memory.map((piece) => piece.size),
    dims,
    axes: grouped.map((group) => group.map((index) => place.get(index)!)),
  };
}

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

const flatAtoms = (view: View, order: readonly number[]): number[] =>
  order.flatMap((axis) => [...view.axes[axis]!]);

/** True when the tensor's memory already has the axes in this order. */
export const isFree = (view: View, order: readonly number[]): boolean =>
  flatAtoms(view, order).every((atom, position) => atom === position);

/** The shape of the value with its axes in this order. */
export const orderedShape = (view: View, order: readonly number[]): number[] =>
  order.map((axis) => view.dims[axis]!);

/** ONNX axes sorted by where they stand in memory; axes of size 1 keep to the front. */
export function memoryOrder(view: View): number[] {
  const key = (axis: number) => view.axes[axis]![0] ?? -1;
  return identityOrder(view.dims.length).sort((a, b) => key(a) - key(b) || a - b);
}

/** Orders tried; more than a few occur only in contrived files. */
const MAX_CANDIDATES = 8;

/** The cheapest order for several values at once: the first of those that need the fewest transposes. */
export function commonOrder(views: readonly View[]): readonly number[] {
  const rank = views[0]!.dims.length;
  const all = [
    ...views.flatMap((view) => (view.order === undefined ? [] : [view.order])),
    ...(rank === 4 ? [NHWC] : []),
    identityOrder(rank),
    ...views.map(memoryOrder),
  ];
  const distinct = new Map(all.map((order) => [order.join(), order]));
  const candidates = [...distinct.values()].slice(0, MAX_CANDIDATES);
  const cost = (order: readonly number[]) => views.filter((view) => !isFree(view, order)).length;
  return candidates.reduce((best, order) => (cost(order) < cost(best) ? order : best));
}

/** How to get the value with its axes in `order`: reshape to `from`, transpose, reshape to `to`. */
export interface MovePlan {
  readonly from: readonly number[];
  readonly permutation: readonly number[];
  readonly moved: readonly number[];
  readonly to: readonly number[];
}

/** Reshape and transpose that bring the tensor of `shape` into `order`. */
export function planMove(view: View, order: readonly number[], shape: readonly number[]): MovePlan {
  const to = orderedShape(view, order);
  const direct = directPermutation(view, order, shape);
  if (direct !== undefined) return { from: shape, permutation: direct, moved: to, to };
  const runs = runsOf(view, flatAtoms(view, order));
  const byMemory = [...runs].sort((a, b) => a.first - b.first);
  // A leading 1 stands for the batch.
  const from = [1, ...byMemory.map((run) => run.size)];
  const permutation = [0, ...runs.map((run) => byMemory.indexOf(run) + 1)];
  return { from, permutation, moved: permutation.map((axis) => from[axis]!), to };
}

/** The one transpose that does, when each dimension of the tensor is one axis of the value. */
function directPermutation(
  view: View,
  order: readonly number[],
  shape: readonly number[],
): number[] | undefined {
  if (shape.length !== order.length) return undefined;
  const big = shape.flatMap((size, position) => (size > 1 ? [position] : []));
  const sources = memoryOrder(view).filter((axis) => view.dims[axis]! > 1);
  if (big.length !== sources.length || big.some((position, i) => shape[position] !== view.dims[sources[i]!]))
    return undefined;
  const inOneRun = (axis: number) =>
    view.axes[axis]!.every((atom, i, list) => i === 0 || atom === list[i - 1]! + 1);
  if (!sources.every(inOneRun)) return undefined;
  const ones = shape.flatMap((size, position) => (size > 1 ? [] : [position]));
  return order.map((axis) => (view.dims[axis]! > 1 ? big[sources.indexOf(axis)]! : ones.shift()!));
}

/** Elements of a view; the same as its tensor's. */
export const viewElements = (view: View): number => shapeElements(view.dims);
