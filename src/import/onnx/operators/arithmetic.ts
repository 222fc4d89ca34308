/** Arithmetic on constants alone: the shape computations that exporters leave in a network. */
import { shapeElements } from '../../../ops/graph-shapes.js';
import {
  allocate,
  broadcastStrides,
  type Constant,
  forEachIndex,
  gatherStrided,
  integerConstant,
  numbersOf,
  rowMajorStrides,
} from '../constant.js';
import { constantValue, type OperatorContext, type OperatorReader, type Value } from '../context.js';
import { DATA_TYPES, type ElementType, typeName } from '../schema.js';
import { broadcast } from './elementwise.js';

export const constant: OperatorReader = (c) => {
  const a = c.node.attributes;
  const tensor = a.get('value')?.tensor;
  if (tensor?.problem !== undefined) return c.refuse(`its value ${tensor.problem}`);
  if (tensor?.constant !== undefined) return constantValue(tensor.constant);
  const scalar = (type: ElementType, values: readonly number[], dims: readonly number[]): Value => {
    const data = allocate(type, values.length);
    data.set(values);
    return constantValue({ dims, type, data });
  };
  const [f, i] = [a.get('value_float')?.float, a.get('value_int')?.int];
  if (f !== undefined) return scalar('float32', [f], []);
  if (i !== undefined) return scalar('int64', [i], []);
  const [floats, ints] = [a.get('value_floats')?.floats, a.get('value_ints')?.ints];
  if (floats !== undefined) return scalar('float32', floats, [floats.length]);
  if (ints !== undefined) return scalar('int64', ints, [ints.length]);
  return c.refuse('its value is neither a tensor nor numbers');
};

export const shapeOf: OperatorReader = (c) => {
  const value = c.inputs[0]?.kind === 'stored input' ? c.inputs[0] : c.value(0);
  const dims = value.kind === 'constant' ? value.constant.dims : value.view.dims;
  return constantValue(integerConstant(dims.slice(c.int('start', 0), c.int('end', dims.length))));
};

export const sizeOf: OperatorReader = (c) => {
  const value = c.value(0);
  const dims = value.kind === 'constant' ? value.constant.dims : value.view.dims;
  return constantValue(integerConstant([shapeElements(dims)], []));
};

/** Element-wise on two constants, or another reader where one of them is computed at run time. */
export const foldingBinary =
  (
    apply: (a: number, b: number, integer: boolean) => number,
    otherwise: OperatorReader,
    type?: ElementType,
  ): OperatorReader =>
  (c) => {
    const [a, b] = [c.value(0), c.value(1)];
    if (a.kind !== 'constant' || b.kind !== 'constant' || c.inputs.length !== 2) return otherwise(c);
    return constantValue(combine(c, a.constant, b.constant, apply, type));
  };

function combine(
  c: OperatorContext,
  a: Constant,
  b: Constant,
  apply: (a: number, b: number, integer: boolean) => number,
  type: ElementType = a.type,
): Constant {
  const dims = broadcast(c, a.dims, b.dims);
  const data = allocate(type, shapeElements(dims));
  c.draft.charge(data.length, c.label);
  const second = gatherStrided(b.data, b.type, dims, broadcastStrides(b.dims, dims.length));
  const integer = a.type !== 'float32';
  forEachIndex(dims, broadcastStrides(a.dims, dims.length), (index, source) => {
    data[index] = apply(a.data[source]!, second[index]!, integer);
  });
  return { dims, type, data };
}

export const foldingUnary =
  (apply: (x: number) => number, otherwise?: OperatorReader): OperatorReader =>
  (c) => {
    const value = c.value(0);
    if (value.kind !== 'constant') return otherwise?.(c) ?? c.refuse('it is read only on constants');
    const { dims, type, data } = value.constant;
    c.draft.charge(data.length, c.label);
    return constantValue({ dims, type, data: data.map(apply) });
  };

/** Of an activation only between float types, where it changes nothing. */
export const cast: OperatorReader = (c) => {
  const to = c.int('to', 0);
  const type = DATA_TYPES[to]?.type;
  if (type === undefined) return c.refuse(`it casts to ${typeName(to)}`);
  const value = c.value(0);
  if (value.kind !== 'constant')
    return type === 'float32' && value.stored === undefined
      ? value
      : c.refuse(`it casts to ${typeName(to)} at run time`);
  const source = value.constant;
  if (source.type === type) return value;
  c.draft.charge(source.data.length, c.label);
  const data = allocate(type, source.data.length);
  const convert =
    type === 'bool' ? (x: number) => Number(x !== 0) : type === 'float32' ? (x: number) => x : Math.trunc;
  for (let i = 0; i < data.length; i++) data[i] = convert(source.data[i]!);
  return constantValue({ dims: source.dims, type, data });
};

export const constantOfShape: OperatorReader = (c) => {
  const dims = c.integers(0, 'shape') ?? [];
  const count = shapeElements(dims);
  if (dims.some((size) => !Number.isInteger(size) || size < 0))
    throw c.malformed('has an invalid shape', `[${dims.join(', ')}]`);
  c.draft.charge(count, c.label);
  const fill = c.node.attributes.get('value')?.tensor?.constant;
  const type = fill?.type ?? 'float32';
  return constantValue({ dims, type, data: allocate(type, count).fill(fill?.data[0] ?? 0) });
};

export const range: OperatorReader = (c) => {
  const start = c.constant(0, 'start');
  const [from, limit, step] = [start.data[0], c.scalar(1, 'limit'), c.scalar(2, 'step')];
  if (from === undefined || limit === undefined || step === undefined || step === 0)
    throw c.malformed('has no valid bounds');
  const count = Math.max(0, Math.ceil((limit - from) / step));
  c.draft.charge(count, c.label);
  const data = allocate(start.type, count);
  for (let i = 0; i < count; i++) data[i] = from + i * step;
  return constantValue({ dims: [count], type: start.type, data });
};

export const gather: OperatorReader = (c) => {
  const source = c.constant(0, 'data');
  const indices = c.constant(1, 'index');
  const axis = c.axis(c.int('axis', 0), source.dims.length);
  const size = source.dims[axis]!;
  const chosen = numbersOf(indices).map((index) => (index < 0 ? index + size : index));
  if (chosen.some((index) => !Number.isInteger(index) || index < 0 || index >= size))
    throw c.malformed('has an index outside its data', undefined, `below ${size}`);
  const inner = shapeElements(source.dims.slice(axis + 1));
  const outer = shapeElements(source.dims.slice(0, axis));
  const data = allocate(source.type, outer * chosen.length * inner);
  c.draft.charge(data.length, c.label);
  for (let o = 0; o < outer; o++)
    for (const [i, index] of chosen.entries()) {
      const from = (o * size + index) * inner;
      data.set(source.data.subarray(from, from + inner), (o * chosen.length + i) * inner);
    }
  const dims = [...source.dims.slice(0, axis), ...indices.dims, ...source.dims.slice(axis + 1)];
  return constantValue({ dims, type: source.type, data });
};

/** Bounds as inputs (opset 10 and later). A slice that keeps everything passes an activation through. */
export const slice: OperatorReader = (c) => {
  const value = c.value(0);
  const dims = value.kind === 'constant' ? value.constant.dims : value.view.dims;
  const [starts, ends] = [c.integers(1, 'starts'), c.integers(2, 'ends')];
  if (starts === undefined || ends === undefined || starts.length !== ends.length)
    throw c.malformed('has no valid bounds');
  const axes =
    c.integers(3, 'axes')?.map((axis) => c.axis(axis, dims.length)) ?? starts.map((_, axis) => axis);
  const steps = c.integers(4, 'steps') ?? starts.map(() => 1);
  if (
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    axes.some((axis) => axis >= dims.length)
  )
    throw c.malformed('has bounds that do not match its axes');
  const strides = rowMajorStrides(dims);
  const out = [...dims];
  let offset = 0;
  for (const [i, axis] of axes.entries()) {
    const { first, count } = sliceAxis(c, dims[axis]!, starts[i]!, ends[i]!, steps[i]!);
    offset += first * strides[axis]!;
    strides[axis] = strides[axis]! * steps[i]!;
    out[axis] = count;
  }
  if (value.kind !== 'constant')
    return offset === 0 && out.join() === dims.join() && steps.every((step) => step === 1)
      ? value
      : c.refuse('it cuts a value computed at run time');
  const { type, data } = value.constant;
  c.draft.charge(shapeElements(out), c.label);
  return constantValue({ dims: out, type, data: gatherStrided(data, type, out, strides, offset) });
};

function sliceAxis(c: OperatorContext, size: number, start: number, end: number, step: number) {
  if (!Number.isInteger(step) || step === 0)
    throw c.malformed('has a step that is not a whole number', String(step));
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const bounded = (index: number) => Math.min(high, Math.max(low, index < 0 ? index + size : index));
  const first = Math.max(step > 0 ? 0 : -1, bounded(start));
  const count = Math.max(0, Math.ceil((bounded(end) - first) / step));
  return { first: count === 0 ? 0 : first, count };
}

export const reduceProd: OperatorReader = (c) => {
  const source = c.constant(0, 'data');
  const axes = c.axes(1, source.dims.length) ?? source.dims.map((_, axis) => axis);
  if (axes.length !== source.dims.length) return c.refuse('it reduces some axes only');
  const product = numbersOf(source).reduce((a, b) => a * b, 1);
  const data = allocate(source.type, 1);
  data[0] = product;
  return constantValue({
    dims: c.int('keepdims', 1) === 0 ? [] : source.dims.map(() => 1),
    type: source.type,
    data,
  });
};

export const where: OperatorReader = (c) => {
  const [test, yes, no] = [c.constant(0, 'condition'), c.constant(1, 'first'), c.constant(2, 'second')];
  const dims = broadcast(c, broadcast(c, test.dims, yes.dims), no.dims);
  c.draft.charge(3 * shapeElements(dims), c.label);
  const spread = (source: Constant) =>
    gatherStrided(source.data, source.type, dims, broadcastStrides(source.dims, dims.length));
  const [condition, a, b] = [spread(test), spread(yes), spread(no)];
  const data = allocate(yes.type, shapeElements(dims));
  for (let i = 0; i < data.length; i++) data[i] = condition[i] === 0 ? b[i]! : a[i]!;
  return constantValue({ dims, type: yes.type, data });
};
