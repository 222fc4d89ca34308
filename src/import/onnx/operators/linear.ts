/** Gemm and MatMul with constant weights. Semantics: onnx/onnx, docs/Operators.md. */
import { shapeElements } from '../../../ops/graph-shapes.js';
import { type Constant, floatConstant, transposeConstant } from '../constant.js';
import { activation, type OperatorContext, type OperatorReader } from '../context.js';
import { identityOrder, transposeView, type View, viewOf } from '../view.js';
import { addBinary } from './elementwise.js';

export const gemm: OperatorReader = (c) => {
  const raw = c.view(0);
  if (raw.dims.length !== 2)
    throw c.malformed(`has a first input of ${raw.dims.length} dimensions`, undefined, '2');
  const view = c.int('transA', 0) !== 0 ? transposeView(raw, [1, 0]) : raw;
  const weights = c.constant(1, 'second matrix');
  if (weights.dims.length !== 2)
    throw c.malformed(`has weights of ${weights.dims.length} dimensions`, undefined, '2');
  const oriented = c.int('transB', 0) !== 0 ? transposeConstant(weights, [1, 0]) : weights;
  const scaled = scaledBy(c, oriented, c.float('alpha', 1), 'alpha');
  const third = c.has(2) ? c.value(2) : undefined;
  const beta = c.float('beta', 1);
  if (third === undefined || beta === 0) return addProduct(c, view, scaled, -1);
  if (third.kind === 'activation') {
    if (beta !== 1) return c.refuse('its beta scales a value computed at run time');
    return addBinary(c, 'add', addProduct(c, view, scaled, -1), third);
  }
  const bias = biasRow(c, scaledBy(c, third.constant, beta, 'beta'), oriented.dims[1]!);
  return addProduct(c, view, scaled, c.draft.addConstant(c.node.inputs[2]!, bias));
};

function scaledBy(c: OperatorContext, constant: Constant, factor: number, what: string): Constant {
  if (factor === 1) return constant;
  if (constant.stored !== undefined) return c.refuse(`its ${what} scales quantised values`);
  return { ...constant, data: Float32Array.from(constant.data, (value) => value * factor) };
}

/** A constant of shape [N], [1, N], [1] or [] as N values. */
function biasRow(c: OperatorContext, bias: Constant, columns: number): Constant {
  const count = bias.data.length;
  if (count === columns) return c.reshapedConstant(bias, [columns]);
  if (count === 1) return floatConstant(new Float32Array(columns).fill(bias.data[0]!));
  return c.refuse(`its third input has shape [${bias.dims.join(', ')}]`);
}

export const matMul: OperatorReader = (c) => {
  const [first, second] = [c.value(0), c.value(1)];
  if (first.kind === 'activation' && second.kind === 'activation')
    return c.refuse('both operands are computed at run time');
  if (first.kind === 'constant') return constantFirst(c, first.constant);
  const weights = c.constant(1, 'second operand');
  const view = c.view(0);
  if (weights.dims.length !== 2 || view.dims.length < 2)
    return c.refuse(`it multiplies [${view.dims.join(', ')}] by [${weights.dims.join(', ')}]`);
  return addProduct(c, view, weights, -1);
};

/** W · x = (xᵀ · Wᵀ)ᵀ for matrices. */
function constantFirst(c: OperatorContext, weights: Constant) {
  const view = c.view(1);
  if (weights.dims.length !== 2 || view.dims.length !== 2)
    return c.refuse(`it multiplies [${weights.dims.join(', ')}] by [${view.dims.join(', ')}]`);
  const product = addProduct(c, transposeView(view, [1, 0]), transposeConstant(weights, [1, 0]), -1);
  return activation(transposeView(product.view, [1, 0]));
}

/** view [..., K] · weights [K, M] + bias. */
function addProduct(c: OperatorContext, view: View, weights: Constant, bias: number) {
  const [depth, columns] = weights.dims as [number, number];
  const rank = view.dims.length;
  if (view.dims[rank - 1] !== depth)
    throw c.malformed(`multiplies [${view.dims.join(', ')}] by [${weights.dims.join(', ')}]`);
  const dims = [...view.dims.slice(0, -1), columns];
  const rows = shapeElements(dims) / columns;
  const result = rows === 1 ? addRow(c, view, weights, bias) : addRows(c, view, weights, bias, rows);
  return activation(c.reshaped(result, dims));
}

/**
 * One row: fully connected. Instead of bringing the input into ONNX's order, the weights follow the order in which
 * its elements stand in memory; so a flattened feature map needs no transpose.
 */
function addRow(c: OperatorContext, view: View, weights: Constant, bias: number): View {
  const [depth, columns] = weights.dims as [number, number];
  const atoms = view.axes.at(-1)!;
  const split = c.reshapedConstant(weights, [...atoms.map((atom) => view.atoms[atom]!), columns]);
  const inMemory = [...atoms.keys()].sort((a, b) => atoms[a]! - atoms[b]!);
  const permuted = c.reshapedConstant(transposeConstant(split, [atoms.length, ...inMemory]), [
    columns,
    depth,
  ]);
  // A view whose only axis stands in memory order is the tensor's elements as they are.
  const flat: View = {
    tensor: view.tensor,
    atoms: [depth],
    dims: [1, depth],
    axes: [[], depth === 1 ? [] : [0]],
  };
  const inOrder = inMemory.every((atom, position) => atom === position);
  const name = inOrder ? c.node.inputs[0]! : `${c.node.inputs[0]!}/in_memory_order`;
  const input = c.draft.materialize(depth === 1 ? { ...flat, atoms: [] } : flat, [0, 1], name);
  const output = c.draft.addNode(
    {
      op: 'fully_connected',
      inputs: [input, c.draft.addConstant(c.node.inputs[1]!, permuted), bias],
      activation: 'none',
    },
    c.name,
    [1, columns],
  );
  return viewOf(output, [1, columns], [0, 1]);
}

/** Several rows: a convolution of 1×1 over an image one row high. */
function addRows(c: OperatorContext, view: View, weights: Constant, bias: number, rows: number): View {
  const [depth, columns] = weights.dims as [number, number];
  const tensor = c.draft.materialize(
    c.reshaped(view, [1, 1, rows, depth]),
    identityOrder(4),
    c.node.inputs[0]!,
  );
  const kernel = c.reshapedConstant(transposeConstant(weights, [1, 0]), [columns, 1, 1, depth]);
  const shape = [1, 1, rows, columns];
  const window = {
    kernelHeight: 1,
    kernelWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padding: { top: 0, bottom: 0, left: 0, right: 0 },
  };
  const output = c.draft.addNode(
    {
      op: 'conv2d',
      inputs: [tensor, c.draft.addConstant(c.node.inputs[1]!, kernel), bias],
      window,
      activation: 'none',
    },
    c.name,
    shape,
  );
  return viewOf(output, shape, identityOrder(4));
}
