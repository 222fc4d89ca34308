/** Pointwise operators on one or two values. Semantics: onnx/onnx, docs/Operators.md. */
import { dropLeadingOnes, shapeElements } from '../../../ops/graph-shapes.js';
import { type Constant, transposeConstant } from '../constant.js';
import {
  type ActivationValue,
  activation,
  type ConstantValue,
  type OperatorContext,
  type OperatorReader,
  type Value,
} from '../context.js';
import type { DraftNode } from '../draft.js';
import { commonOrder, orderedShape, type View, viewOf } from '../view.js';

type Pointwise<N = DraftNode> = N extends DraftNode ? Omit<N, 'inputs' | 'outputs'> : never;

/** A function of each element: it works on the tensor behind the view, whatever its order. */
export function addPointwise(c: OperatorContext, view: View, fields: Pointwise): ActivationValue {
  const shape = c.draft.tensors[view.tensor]!.shape;
  const tensor = c.draft.addNode({ ...fields, inputs: [view.tensor] }, c.name, shape);
  return activation({ ...view, tensor });
}

export const unary =
  (op: 'relu' | 'logistic' | 'hard_swish'): OperatorReader =>
  (c) =>
    addPointwise(c, c.view(0), { op });

export const leakyRelu: OperatorReader = (c) =>
  addPointwise(c, c.view(0), { op: 'leaky_relu', alpha: c.float('alpha', 0.01) });

export const hardSigmoid: OperatorReader = (c) =>
  addPointwise(c, c.view(0), {
    op: 'hard_sigmoid',
    alpha: c.float('alpha', 0.2),
    beta: c.float('beta', 0.5),
  });

export const clip: OperatorReader = (c) => {
  const bound = (name: string, index: number, fallback: number) =>
    c.scalar(index, `a ${name} bound`) ?? c.float(name, fallback);
  const min = bound('min', 1, Number.NEGATIVE_INFINITY);
  const max = bound('max', 2, Number.POSITIVE_INFINITY);
  return addClip(c, c.view(0), min, max);
};

function addClip(c: OperatorContext, view: View, min: number, max: number): ActivationValue {
  if (!(min <= max)) return c.refuse(`its bounds ${min}…${max} are empty`);
  // Exporters write the largest float for "no bound".
  const open = (value: number) =>
    Math.abs(value) >= 3.4e38 ? Math.sign(value) * Number.POSITIVE_INFINITY : value;
  return addPointwise(c, view, { op: 'clip', min: open(min), max: open(max) });
}

/** Max or Min of a value and a scalar constant is a clip. */
export const extremum =
  (which: 'min' | 'max'): OperatorReader =>
  (c) => {
    const values = [c.value(0), c.value(1)];
    const view = values.find((value) => value.kind === 'activation');
    const constant = values.find((value) => value.kind === 'constant')?.constant;
    if (c.inputs.length !== 2 || view === undefined || constant?.data.length !== 1)
      return c.refuse('it is read only as the bound of one value by a constant scalar');
    const bound = constant.data[0]!;
    return which === 'max'
      ? addClip(c, view.view, bound, Number.POSITIVE_INFINITY)
      : addClip(c, view.view, Number.NEGATIVE_INFINITY, bound);
  };

type BinaryOp = 'add' | 'sub' | 'mul';

export const binary =
  (op: BinaryOp): OperatorReader =>
  (c) =>
    addBinary(c, op, c.value(0), c.value(1));

/** Division by a constant is a multiplication by its inverse. */
export const div: OperatorReader = (c) => {
  const divisor = c.constant(1, 'divisor');
  if (divisor.stored !== undefined && divisor.data.length !== 1)
    return c.refuse('it divides by quantised constants');
  if (divisor.data.some((value) => value === 0)) return c.refuse('it divides by zero');
  const inverse: Constant = {
    dims: divisor.dims,
    type: 'float32',
    data: Float32Array.from(divisor.data, (v) => 1 / v),
  };
  return addBinary(c, 'mul', c.value(0), { kind: 'constant', constant: inverse });
};

export const neg: OperatorReader = (c) =>
  addBinary(c, 'mul', c.value(0), {
    kind: 'constant',
    constant: { dims: [], type: 'float32', data: Float32Array.of(-1) },
  });

/** Any number of operands, added from left to right. */
export const sum: OperatorReader = (c) =>
  c.inputs
    .slice(1)
    .reduce<Value>((total, _, i) => addBinary(c, 'add', known(c, total), c.value(i + 1)), c.value(0));

function known(c: OperatorContext, value: Value): ActivationValue | ConstantValue {
  return value.kind === 'activation' || value.kind === 'constant'
    ? value
    : c.refuse('an input is not supported');
}

export function addBinary(
  c: OperatorContext,
  op: BinaryOp,
  first: ActivationValue | ConstantValue,
  second: ActivationValue | ConstantValue,
): ActivationValue {
  for (const value of [first, second])
    if (value.kind === 'activation' && value.stored !== undefined)
      return c.refuse('it works on stored integers');
  const dims = broadcast(c, dimsOf(first), dimsOf(second));
  const views = [first, second].flatMap((value) =>
    value.kind === 'activation' ? [expand(c, value.view, dims.length)] : [],
  );
  if (views.length === 0) return c.refuse('both operands are constants');
  const order = commonOrder(views);
  let next = 0;
  const inputs = [first, second].map((value, i) =>
    value.kind === 'activation'
      ? c.draft.materialize(views[next++]!, order, c.node.inputs[i] ?? c.name)
      : c.draft.addConstant(c.node.inputs[i] ?? c.name, constantOperand(c, value.constant, order)),
  );
  const shape = order.map((axis) => dims[axis]!);
  const output = c.draft.addNode({ op, inputs, activation: 'none' }, c.name, shape);
  return activation(viewOf(output, shape, order));
}

const dimsOf = (value: ActivationValue | ConstantValue): readonly number[] =>
  value.kind === 'activation' ? value.view.dims : value.constant.dims;

export function broadcast(c: OperatorContext, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (m !== n && m !== 1 && n !== 1)
      throw c.malformed('has operands that do not broadcast', `[${a.join(', ')}] and [${b.join(', ')}]`);
    return m === 1 ? n : m;
  });
}

const expand = (c: OperatorContext, view: View, rank: number): View =>
  c.reshaped(view, [...new Array<number>(rank - view.dims.length).fill(1), ...view.dims]);

/** The constant with its axes in `order`, without leading dimensions of size 1. */
function constantOperand(c: OperatorContext, constant: Constant, order: readonly number[]): Constant {
  const padded = new Array<number>(order.length - constant.dims.length).fill(1);
  const full = c.reshapedConstant(constant, [...padded, ...constant.dims]);
  const ordered = transposeConstant(full, order);
  return c.reshapedConstant(ordered, dropLeadingOnes(ordered.dims));
}

/** Over one axis; before opset 13 over all axes from `axis` on. */
export const softmax: OperatorReader = (c) => {
  const view = c.view(0);
  const axis = c.axis(c.int('axis', c.opset >= 13 ? -1 : 1), view.dims.length);
  if (c.opset >= 13) return addSoftmax(c, view, axis);
  const rows = shapeElements(view.dims.slice(0, axis));
  const matrix = c.reshaped(view, [rows, shapeElements(view.dims) / rows]);
  const result = addSoftmax(
    c,
    axis === view.dims.length - 1 ? view : matrix,
    axis === view.dims.length - 1 ? axis : 1,
  );
  return activation(c.reshaped(result.view, view.dims));
};

/** The Graph's softmax runs over the last dimension. */
function addSoftmax(c: OperatorContext, view: View, axis: number): ActivationValue {
  const common = commonOrder([view]);
  const order =
    common.at(-1) === axis ? common : [...view.dims.keys()].filter((a) => a !== axis).concat(axis);
  const tensor = c.draft.materialize(view, order, c.node.inputs[0]!);
  const shape = orderedShape(view, order);
  const output = c.draft.addNode({ op: 'softmax', inputs: [tensor], beta: 1 }, c.name, shape);
  return activation(viewOf(output, shape, order));
}
