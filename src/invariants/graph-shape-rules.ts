/** Shape rule of every graph operator: what the output's shape must be, given inputs and attributes. */
import type {
  BinaryNode,
  ConcatenationNode,
  Conv2dNode,
  DepthwiseConv2dNode,
  Graph,
  GraphNode,
  GraphTensor,
  MeanNode,
  PadNode,
  Pool2dNode,
  TransposeNode,
  Window2d,
} from '../ir/graph.js';
import { kernelSpan, shapeElements, windowOutput } from '../ops/graph-shapes.js';

type Shape = readonly number[];

/** What is wrong with the node's shapes, or undefined. */
export function shapeProblem(node: GraphNode, graph: Graph): string | undefined {
  const tensors = node.inputs.map((id) => graph.tensors[id]);
  const shapes = tensors.map((tensor) => tensor?.shape ?? []);
  const output = graph.tensors[node.outputs[0]!]!.shape;
  switch (node.op) {
    case 'conv2d':
      return conv2d(node, shapes, output) ?? biasProblem(tensors[2], output);
    case 'depthwise_conv2d':
      return depthwise(node, shapes, output) ?? biasProblem(tensors[2], output);
    case 'fully_connected':
      return fullyConnected(shapes, output) ?? biasProblem(tensors[2], output);
    case 'add':
    case 'sub':
    case 'mul':
      return binary(node, shapes, output);
    case 'average_pool2d':
    case 'max_pool2d':
      return pool(node, shapes, output);
    case 'mean':
      return mean(node, shapes[0]!, output);
    case 'pad':
      return pad(node, shapes[0]!, output);
    case 'reshape':
      return shapeElements(shapes[0]!) === shapeElements(output) ? undefined : mismatch(shapes[0]!, output);
    case 'transpose':
      return transpose(node, shapes[0]!, output);
    case 'concatenation':
      return concatenation(node, shapes, output);
    case 'resize_nearest':
      return resize(shapes[0]!, output);
    case 'softmax':
    case 'logistic':
    case 'relu':
    case 'relu6':
    case 'hard_swish':
    case 'hard_sigmoid':
    case 'leaky_relu':
    case 'clip':
    case 'quantize':
    case 'dequantize':
      return expectShape(shapes[0]!, output);
  }
}

const text = (shape: Shape): string => `[${shape.join(', ')}]`;
const mismatch = (expected: Shape, found: Shape): string =>
  `output shape ${text(found)} does not follow from ${text(expected)}`;
const equal = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
const expectShape = (expected: Shape, found: Shape): string | undefined =>
  equal(expected, found) ? undefined : mismatch(expected, found);

function biasProblem(bias: GraphTensor | undefined, output: Shape): string | undefined {
  if (bias === undefined) return undefined;
  const count = shapeElements(bias.shape);
  return count === output.at(-1) ? undefined : `bias has ${count} values for ${output.at(-1)} channels`;
}

/** Spatial output size, and the padding in front, which must be shorter than the kernel. */
function windowProblem(window: Window2d, input: Shape, output: Shape): string | undefined {
  const { padding: p } = window;
  const axes = [
    [window.kernelHeight, window.strideHeight, window.dilationHeight, p.top, p.bottom, 1],
    [window.kernelWidth, window.strideWidth, window.dilationWidth, p.left, p.right, 2],
  ] as const;
  for (const [kernel, stride, dilation, before, after, axis] of axes) {
    if (
      before < 0 ||
      after < 0 ||
      before >= kernelSpan(kernel, dilation) ||
      after >= kernelSpan(kernel, dilation)
    )
      return `padding ${before}, ${after} does not fit a kernel of ${kernel} with dilation ${dilation}`;
    const expected = windowOutput({ input: input[axis]!, kernel, stride, dilation }, before, after);
    if (expected !== output[axis])
      return `output size along axis ${axis} is ${output[axis]}, the window gives ${expected}`;
  }
  return undefined;
}

const rank4 = (...shapes: readonly Shape[]): string | undefined =>
  shapes.every((shape) => shape.length === 4)
    ? undefined
    : `shapes ${shapes.map(text).join(', ')} are not 4-dimensional`;

function conv2d(node: Conv2dNode, [x, w]: readonly Shape[], output: Shape): string | undefined {
  const rank = rank4(x!, w!, output);
  if (rank !== undefined) return rank;
  const { kernelHeight, kernelWidth } = node.window;
  if (w![1] !== kernelHeight || w![2] !== kernelWidth) return `weights ${text(w!)} do not match the window`;
  if (x![0] !== output[0] || w![0] !== output[3]) return mismatch(w!, output);
  if (x![3]! % w![3]! !== 0 || w![0]! % (x![3]! / w![3]!) !== 0)
    return `weights ${text(w!)} do not divide ${x![3]} input channels into groups`;
  return windowProblem(node.window, x!, output);
}

function depthwise(node: DepthwiseConv2dNode, [x, w]: readonly Shape[], output: Shape): string | undefined {
  const rank = rank4(x!, w!, output);
  if (rank !== undefined) return rank;
  const expected = [1, node.window.kernelHeight, node.window.kernelWidth, x![3]! * node.depthMultiplier];
  if (!equal(w!, expected)) return `weights have shape ${text(w!)}, expected ${text(expected)}`;
  if (x![0] !== output[0] || w![3] !== output[3]) return mismatch(w!, output);
  return windowProblem(node.window, x!, output);
}

function fullyConnected([x, w]: readonly Shape[], output: Shape): string | undefined {
  if (w!.length !== 2) return `weights have shape ${text(w!)}, expected [out, in]`;
  const batches = shapeElements(x!) / w![1]!;
  if (!Number.isInteger(batches)) return `input ${text(x!)} does not divide into rows of ${w![1]}`;
  if (output.at(-1) !== w![0] || shapeElements(output) !== batches * w![0]!) return mismatch(w!, output);
  return undefined;
}

/** Numpy broadcasting, aligned at the last axis. */
function binary(_node: BinaryNode, [a, b]: readonly Shape[], output: Shape): string | undefined {
  const rank = Math.max(a!.length, b!.length);
  const at = (shape: Shape, axis: number) => shape[axis - (rank - shape.length)] ?? 1;
  const expected = Array.from({ length: rank }, (_, axis) => Math.max(at(a!, axis), at(b!, axis)));
  const fits = (shape: Shape) => expected.every((n, axis) => at(shape, axis) === n || at(shape, axis) === 1);
  if (!fits(a!) || !fits(b!)) return `shapes ${text(a!)} and ${text(b!)} do not broadcast`;
  return expectShape(expected, output);
}

function pool(node: Pool2dNode, [x]: readonly Shape[], output: Shape): string | undefined {
  const rank = rank4(x!, output);
  if (rank !== undefined) return rank;
  if (x![0] !== output[0] || x![3] !== output[3]) return mismatch(x!, output);
  return windowProblem(node.window, x!, output);
}

function mean(node: MeanNode, x: Shape, output: Shape): string | undefined {
  const expected = node.keepDims
    ? x.map((n, axis) => (node.axes.includes(axis) ? 1 : n))
    : x.filter((_, axis) => !node.axes.includes(axis));
  return expectShape(expected, output);
}

function pad(node: PadNode, x: Shape, output: Shape): string | undefined {
  if (node.before.length !== x.length || node.after.length !== x.length)
    return 'its paddings do not match its rank';
  return expectShape(
    x.map((n, axis) => n + node.before[axis]! + node.after[axis]!),
    output,
  );
}

function transpose(node: TransposeNode, x: Shape, output: Shape): string | undefined {
  return expectShape(
    node.permutation.map((axis) => x[axis]!),
    output,
  );
}

function concatenation(node: ConcatenationNode, shapes: readonly Shape[], output: Shape): string | undefined {
  const first = shapes[0]!;
  const sum = shapes.reduce((total, shape) => total + (shape[node.axis] ?? 0), 0);
  const expected = first.map((n, axis) => (axis === node.axis ? sum : n));
  for (const shape of shapes)
    if (shape.length !== first.length || shape.some((n, axis) => axis !== node.axis && n !== first[axis]))
      return `inputs ${text(first)} and ${text(shape)} differ outside axis ${node.axis}`;
  return expectShape(expected, output);
}

function resize(x: Shape, output: Shape): string | undefined {
  const rank = rank4(x, output);
  if (rank !== undefined) return rank;
  return x[0] === output[0] && x[3] === output[3] ? undefined : mismatch(x, output);
}
