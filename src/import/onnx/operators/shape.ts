/** Operators that move values without changing them, on constants and views alike. */
import { shapeElements } from '../../../ops/graph-shapes.js';
import { allocate, broadcastStrides, type Constant, forEachIndex, transposeConstant } from '../constant.js';
import {
  activation,
  constantValue,
  type OperatorContext,
  type OperatorReader,
  type Value,
} from '../context.js';
import { commonOrder, transposeView, viewOf } from '../view.js';

/** Reads the same values under another shape. */
function reshaped(c: OperatorContext, dims: readonly number[]): Value {
  const value = c.value(0);
  if (value.kind === 'constant') return constantValue(c.reshapedConstant(value.constant, dims));
  return { ...value, view: c.reshaped(value.view, dims) };
}

function inputDims(c: OperatorContext): readonly number[] {
  const value = c.value(0);
  return value.kind === 'constant' ? value.constant.dims : value.view.dims;
}

export const identity: OperatorReader = (c) => c.value(0);

export const dropout: OperatorReader = (c) => {
  if (c.has(2) && (c.scalar(2, 'training_mode') ?? 0) !== 0)
    return c.refuse('it is in training mode; export the network for inference');
  return [c.value(0), { kind: 'unknown' }];
};

export const reshape: OperatorReader = (c) => {
  const dims = inputDims(c);
  const wanted = c.integers(1, 'shape');
  if (wanted === undefined) throw c.malformed('lacks its shape');
  const copyZero = c.int('allowzero', 0) === 0;
  const sizes = wanted.map((size, axis) => (size === 0 && copyZero ? (dims[axis] ?? 0) : size));
  const open = sizes.filter((size) => size === -1).length;
  const rest = shapeElements(sizes.filter((size) => size !== -1));
  if (open > 1 || sizes.some((size) => size < -1) || (open === 1 && shapeElements(dims) % rest !== 0))
    throw c.malformed('cannot take the shape asked for', `[${dims.join(', ')}] to [${wanted.join(', ')}]`);
  return reshaped(
    c,
    sizes.map((size) => (size === -1 ? shapeElements(dims) / rest : size)),
  );
};

export const flatten: OperatorReader = (c) => {
  const dims = inputDims(c);
  const axis = c.int('axis', 1);
  const split = axis === dims.length ? axis : c.axis(axis, dims.length);
  return reshaped(c, [shapeElements(dims.slice(0, split)), shapeElements(dims.slice(split))]);
};

export const squeeze: OperatorReader = (c) => {
  const dims = inputDims(c);
  const axes = c.axes(1, dims.length);
  const bad = axes?.find((axis) => dims[axis] !== 1);
  if (bad !== undefined) throw c.malformed(`removes axis ${bad} of [${dims.join(', ')}]`);
  return reshaped(
    c,
    dims.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))),
  );
};

export const unsqueeze: OperatorReader = (c) => {
  const dims = inputDims(c);
  const raw = c.ints('axes') ?? c.integers(1, 'axes') ?? [];
  const rank = dims.length + raw.length;
  const axes = new Set(raw.map((axis) => c.axis(axis, rank)));
  if (axes.size !== raw.length) throw c.malformed('inserts an axis twice', `[${raw.join(', ')}]`);
  let next = 0;
  return reshaped(
    c,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : dims[next++]!)),
  );
};

export const transpose: OperatorReader = (c) => {
  const value = c.value(0);
  const rank = inputDims(c).length;
  const permutation = c.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (permutation.length !== rank || [...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i))
    throw c.malformed('has an invalid perm', `[${permutation.slice(0, 8).join(', ')}]`);
  if (value.kind === 'activation') return { ...value, view: transposeView(value.view, permutation) };
  c.draft.charge(value.constant.data.length, c.label);
  return constantValue(transposeConstant(value.constant, permutation));
};

export const concat: OperatorReader = (c) => {
  const values = c.inputs.map((_, index) => c.value(index));
  const constants = values.flatMap((value) => (value.kind === 'constant' ? [value.constant] : []));
  if (constants.length === values.length) return constantValue(concatConstants(c, constants));
  const views = values.map((value, index) =>
    value.kind === 'activation' ? c.view(index) : c.refuse('one of its inputs is a constant'),
  );
  const rank = views[0]!.dims.length;
  const axis = c.axis(c.int('axis', 0), rank);
  checkConcat(c, views, axis);
  const order = commonOrder(views);
  const inputs = views.map((view, i) => c.draft.materialize(view, order, c.node.inputs[i]!));
  const total = views.reduce((sum, view) => sum + view.dims[axis]!, 0);
  const shape = order.map((a) => (a === axis ? total : views[0]!.dims[a]!));
  const output = c.draft.addNode(
    { op: 'concatenation', inputs, axis: order.indexOf(axis), activation: 'none' },
    c.name,
    shape,
  );
  return activation(viewOf(output, shape, order));
};

function checkConcat(
  c: OperatorContext,
  parts: readonly { readonly dims: readonly number[] }[],
  axis: number,
): void {
  const first = parts[0]!.dims;
  const odd = parts.find(
    ({ dims }) => dims.length !== first.length || dims.some((size, a) => a !== axis && size !== first[a]),
  );
  if (odd !== undefined)
    throw c.malformed('joins shapes that do not match', `[${first.join(', ')}] and [${odd.dims.join(', ')}]`);
}

function concatConstants(c: OperatorContext, parts: readonly Constant[]): Constant {
  const first = parts[0]!;
  const axis = c.axis(c.int('axis', 0), first.dims.length);
  checkConcat(c, parts, axis);
  if (parts.some((part) => part.type !== first.type)) throw c.malformed('joins constants of different types');
  const dims = first.dims.map((size, a) =>
    a === axis ? parts.reduce((sum, part) => sum + part.dims[a]!, 0) : size,
  );
  const data = allocate(first.type, shapeElements(dims));
  c.draft.charge(data.length, c.label);
  const outer = shapeElements(dims.slice(0, axis));
  const row = data.length / Math.max(1, outer);
  let offset = 0;
  for (const part of parts) {
    const length = part.data.length / Math.max(1, outer);
    for (let i = 0; i < outer; i++)
      data.set(part.data.subarray(i * length, (i + 1) * length), i * row + offset);
    offset += length;
  }
  return { dims, type: first.type, data };
}

/** Zeros around a value; pads as an attribute in very old operator sets, as an input since 11. */
export const pad: OperatorReader = (c) => {
  const view = c.view(0);
  const mode = c.text('mode', 'constant');
  if (mode !== 'constant') return c.refuse(`it pads in mode ${mode}`);
  const value = c.scalar(2, 'padding value') ?? c.float('value', 0);
  const { before, after } = padAmounts(c, view.dims.length);
  if ([...before, ...after].every((n) => n === 0)) return activation(view);
  if (value !== 0) return c.refuse(`it pads with ${value} instead of zero`);
  if ([...before, ...after].some((n) => n < 0)) return c.refuse('its pads are negative');
  const order = commonOrder([view]);
  const tensor = c.draft.materialize(view, order, c.node.inputs[0]!);
  const inOrder = (amounts: readonly number[]) => order.map((axis) => amounts[axis]!);
  const shape = order.map((axis) => view.dims[axis]! + before[axis]! + after[axis]!);
  const output = c.draft.addNode(
    { op: 'pad', inputs: [tensor], before: inOrder(before), after: inOrder(after) },
    c.name,
    shape,
  );
  return activation(viewOf(output, shape, order));
};

function padAmounts(c: OperatorContext, rank: number): { before: number[]; after: number[] } {
  const pads = c.integers(1, 'pads') ?? c.ints('pads') ?? [];
  const axes = c.integers(3, 'axes')?.map((axis) => c.axis(axis, rank)) ?? [...new Array(rank).keys()];
  if (pads.length !== 2 * axes.length || pads.some((n) => !Number.isInteger(n) || Math.abs(n) > 1 << 16))
    throw c.malformed('has invalid pads', `[${pads.slice(0, 16).join(', ')}]`);
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  for (const [i, axis] of axes.entries()) {
    before[axis] = pads[i]!;
    after[axis] = pads[i + axes.length]!;
  }
  return { before, after };
}

/** A constant repeated along axes of size 1. */
export const expand: OperatorReader = (c) => {
  const value = c.value(0);
  const wanted = c.integers(1, 'shape') ?? [];
  const dims = inputDims(c);
  const rank = Math.max(dims.length, wanted.length);
  const at = (list: readonly number[], axis: number) => list[axis - rank + list.length] ?? 1;
  const target = Array.from({ length: rank }, (_, axis) => Math.max(at(dims, axis), at(wanted, axis)));
  if (target.join() === dims.join()) return value;
  if (value.kind !== 'constant') return c.refuse('it repeats a value computed at run time');
  c.draft.charge(shapeElements(target), c.label);
  const data = allocate(value.constant.type, shapeElements(target));
  forEachIndex(target, broadcastStrides(dims, rank), (index, source) => {
    data[index] = value.constant.data[source]!;
  });
  return constantValue({ dims: target, type: value.constant.type, data });
};
