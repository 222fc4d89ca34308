/** Runs a float Graph slowly and obviously in doubles: every tensor's values, for comparison with other runtimes. */
import type { Activation, Graph, GraphNode, Window2d } from '../../src/ir/graph.js';

type Values = Float64Array;
interface Tensor {
  readonly shape: readonly number[];
  readonly data: Values;
}

export function runGraph(graph: Graph, inputs: readonly Float32Array[]): Map<number, Values> {
  const values = new Map<number, Values>();
  graph.inputs.forEach((id, i) => {
    values.set(id, Float64Array.from(inputs[i]!));
  });
  for (const tensor of graph.tensors)
    if (tensor.data !== undefined) values.set(tensor.id, Float64Array.from(tensor.data as Float32Array));
  const at = (id: number): Tensor => ({ shape: graph.tensors[id]!.shape, data: values.get(id)! });
  for (const node of graph.nodes) {
    const output = node.outputs[0]!;
    const operands = node.inputs.map((id) => (id < 0 ? undefined : at(id)));
    values.set(output, compute(node, operands, graph.tensors[output]!.shape));
  }
  return values;
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const clampTo = (activation: Activation, value: number): number =>
  activation === 'none'
    ? value
    : activation === 'relu'
      ? Math.max(0, value)
      : Math.min(activation === 'relu6' ? 6 : 1, Math.max(activation === 'relu6' ? 0 : -1, value));

/** Index per axis of a flat position. */
function unravel(position: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1, rest = position; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}
const ravel = (index: readonly number[], shape: readonly number[]): number =>
  shape.reduce((position, size, axis) => position * size + index[axis]!, 0);

function fill(shape: readonly number[], value: (index: number[]) => number): Values {
  return Float64Array.from({ length: count(shape) }, (_, position) => value(unravel(position, shape)));
}

function compute(
  node: GraphNode,
  operands: readonly (Tensor | undefined)[],
  shape: readonly number[],
): Values {
  const x = operands[0]!;
  const map = (f: (value: number) => number) => x.data.map(f);
  switch (node.op) {
    case 'conv2d':
    case 'depthwise_conv2d':
      return convolution(node, x, operands[1]!, operands[2], shape);
    case 'fully_connected':
      return fullyConnected(node.activation, x, operands[1]!, operands[2], shape);
    case 'add':
    case 'sub':
    case 'mul':
      return binary(node, x, operands[1]!, shape);
    case 'average_pool2d':
    case 'max_pool2d':
      return pool(node, x, shape);
    case 'mean':
      return mean(node.axes, node.keepDims, x, shape);
    case 'pad':
      return fill(shape, (index) => {
        const source = index.map((i, axis) => i - node.before[axis]!);
        const inside = source.every((i, axis) => i >= 0 && i < x.shape[axis]!);
        return inside ? x.data[ravel(source, x.shape)]! : 0;
      });
    case 'reshape':
      return x.data;
    case 'transpose':
      return fill(shape, (index) => {
        const source = new Array<number>(index.length);
        node.permutation.forEach((axis, position) => {
          source[axis] = index[position]!;
        });
        return x.data[ravel(source, x.shape)]!;
      });
    case 'concatenation':
      return concatenation(node.axis, operands as Tensor[], shape);
    case 'softmax':
      return softmax(x, shape.at(-1)!, node.beta);
    case 'resize_nearest':
      return resize(node.alignCorners, node.halfPixelCenters, x, shape);
    case 'logistic':
      return map((v) => 1 / (1 + Math.exp(-v)));
    case 'relu':
    case 'relu6':
      return map((v) => clampTo(node.op as Activation, v));
    case 'hard_swish':
      return map((v) => (v * Math.min(6, Math.max(0, v + 3))) / 6);
    case 'hard_sigmoid':
      return map((v) => Math.min(1, Math.max(0, node.alpha * v + node.beta)));
    case 'leaky_relu':
      return map((v) => (v < 0 ? node.alpha * v : v));
    case 'clip':
      return map((v) => Math.min(node.max, Math.max(node.min, v)));
    default:
      throw new Error(`run-graph has no ${node.op}`);
  }
}

/** Calls `visit(row, column, tap row, tap column)` for the positions of a window inside the image. */
function forEachTap(
  w: Window2d,
  input: readonly number[],
  y: number,
  x: number,
  visit: (row: number, column: number, kh: number, kw: number) => void,
): void {
  for (let kh = 0; kh < w.kernelHeight; kh++)
    for (let kw = 0; kw < w.kernelWidth; kw++) {
      const row = y * w.strideHeight + kh * w.dilationHeight - w.padding.top;
      const column = x * w.strideWidth + kw * w.dilationWidth - w.padding.left;
      if (row >= 0 && column >= 0 && row < input[1]! && column < input[2]!) visit(row, column, kh, kw);
    }
}

function convolution(
  node: Extract<GraphNode, { op: 'conv2d' | 'depthwise_conv2d' }>,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  shape: readonly number[],
): Values {
  const inputChannels = x.shape[3]!;
  return fill(shape, ([n, y, column, oc]) => {
    let sum = bias?.data[oc!] ?? 0;
    forEachTap(node.window, x.shape, y!, column!, (row, col, kh, kw) => {
      if (node.op === 'depthwise_conv2d') {
        const ic = Math.floor(oc! / node.depthMultiplier);
        sum += x.data[ravel([n!, row, col, ic], x.shape)]! * w.data[ravel([0, kh, kw, oc!], w.shape)]!;
      } else
        for (let ic = 0; ic < inputChannels; ic++)
          sum += x.data[ravel([n!, row, col, ic], x.shape)]! * w.data[ravel([oc!, kh, kw, ic], w.shape)]!;
    });
    return clampTo(node.activation, sum);
  });
}

function fullyConnected(
  activation: Activation,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  shape: readonly number[],
): Values {
  const [out, depth] = w.shape as [number, number];
  return Float64Array.from({ length: count(shape) }, (_, i) => {
    let sum = bias?.data[i % out] ?? 0;
    for (let k = 0; k < depth; k++)
      sum += x.data[Math.floor(i / out) * depth + k]! * w.data[(i % out) * depth + k]!;
    return clampTo(activation, sum);
  });
}

function binary(
  node: Extract<GraphNode, { op: 'add' | 'sub' | 'mul' }>,
  a: Tensor,
  b: Tensor,
  shape: readonly number[],
): Values {
  const read = ({ shape: own, data }: Tensor, index: readonly number[]): number =>
    data[
      ravel(
        own.map((size, axis) => (size === 1 ? 0 : index[axis + index.length - own.length]!)),
        own,
      )
    ]!;
  return fill(shape, (index) => {
    const [p, q] = [read(a, index), read(b, index)];
    return clampTo(node.activation, node.op === 'add' ? p + q : node.op === 'sub' ? p - q : p * q);
  });
}

function pool(
  node: Extract<GraphNode, { op: 'average_pool2d' | 'max_pool2d' }>,
  x: Tensor,
  shape: readonly number[],
): Values {
  return fill(shape, ([n, y, column, c]) => {
    const seen: number[] = [];
    forEachTap(node.window, x.shape, y!, column!, (row, col) => {
      seen.push(x.data[ravel([n!, row, col, c!], x.shape)]!);
    });
    const value =
      node.op === 'max_pool2d' ? Math.max(...seen) : seen.reduce((p, q) => p + q, 0) / seen.length;
    return clampTo(node.activation, value);
  });
}

function mean(axes: readonly number[], keepDims: boolean, x: Tensor, shape: readonly number[]): Values {
  const sums = new Float64Array(count(shape));
  for (let i = 0; i < x.data.length; i++) {
    const index = unravel(i, x.shape);
    const target = keepDims
      ? index.map((k, axis) => (axes.includes(axis) ? 0 : k))
      : index.filter((_, axis) => !axes.includes(axis));
    sums[ravel(target, shape)]! += x.data[i]!;
  }
  return sums.map((sum) => (sum * sums.length) / x.data.length);
}

function concatenation(axis: number, parts: readonly Tensor[], shape: readonly number[]): Values {
  return fill(shape, (index) => {
    let at = index[axis]!;
    const part = parts.find((candidate) => {
      if (at < candidate.shape[axis]!) return true;
      at -= candidate.shape[axis]!;
      return false;
    })!;
    return part.data[
      ravel(
        index.map((i, a) => (a === axis ? at : i)),
        part.shape,
      )
    ]!;
  });
}

function softmax(x: Tensor, row: number, beta: number): Values {
  const out = new Float64Array(x.data.length);
  for (let start = 0; start < out.length; start += row) {
    const values = x.data.subarray(start, start + row);
    const top = Math.max(...values);
    const powers = values.map((v) => Math.exp(beta * (v - top)));
    const total = powers.reduce((a, b) => a + b, 0);
    out.set(
      powers.map((v) => v / total),
      start,
    );
  }
  return out;
}

function resize(alignCorners: boolean, halfPixel: boolean, x: Tensor, shape: readonly number[]): Values {
  const source = (i: number, from: number, to: number): number => {
    const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
    const position = (i + (halfPixel ? 0.5 : 0)) * scale;
    return Math.min(from - 1, alignCorners ? Math.round(position) : Math.floor(position));
  };
  return fill(shape, ([n, y, column, c]) => {
    const row = source(y!, x.shape[1]!, shape[1]!);
    return x.data[ravel([n!, row, source(column!, x.shape[2]!, shape[2]!), c!], x.shape)]!;
  });
}
