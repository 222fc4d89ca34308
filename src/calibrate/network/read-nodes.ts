/**
 * Graph nodes → float layers, one for one and without any folding: shapes become [h, w, c], constants real
 * values in the plan's order, constant operands a 1×1 depthwise convolution.
 */
import type { FloatPointwise, RealBounds } from '../../ir/float-network.js';
import type { GraphNode, GraphOp, Pool2dNode } from '../../ir/graph.js';
import { ACTIVATION_BOUNDS, type NetworkReader, push, stepWindow } from './network-reader.js';
import { readBinary } from './read-binary.js';
import { readMean } from './read-mean.js';
import { readConcatenation, readPad, readResize, readTranspose } from './read-moves.js';
import { readConv, readDepthwise, readFullyConnected } from './read-weighted.js';

/** The node type that carries operator K; several operators may share one. */
type NodeOf<K extends GraphOp> = GraphNode extends infer N
  ? N extends { readonly op: infer O }
    ? [Extract<K, O>] extends [never]
      ? never
      : N
    : never
  : never;
type Read<K extends GraphOp> = (reader: NetworkReader, node: NodeOf<K>) => void;

/** THE list of graph operators that a float network takes. */
const READERS: { readonly [K in GraphOp]: Read<K> } = {
  quantize: passThrough,
  dequantize: passThrough,
  conv2d: readConv,
  depthwise_conv2d: readDepthwise,
  fully_connected: readFullyConnected,
  add: readBinary,
  sub: readBinary,
  mul: readBinary,
  average_pool2d: readPool,
  max_pool2d: readPool,
  mean: readMean,
  pad: readPad,
  reshape: (reader, node) =>
    push(reader, node, (inputs, output) => ({ op: 'reshape', name: node.name, inputs, output })),
  transpose: readTranspose,
  concatenation: readConcatenation,
  softmax: (reader, node) =>
    push(reader, node, (inputs, output) => ({
      op: 'softmax',
      name: node.name,
      inputs,
      output,
      beta: node.beta,
    })),
  relu: (reader, node) => readClip(reader, node, ACTIVATION_BOUNDS.relu),
  relu6: (reader, node) => readClip(reader, node, ACTIVATION_BOUNDS.relu6),
  clip: (reader, node) => readClip(reader, node, { min: node.min, max: node.max }),
  logistic: (reader, node) => readFunction(reader, node, 'logistic', 0, 0),
  hard_swish: (reader, node) => readFunction(reader, node, 'hard_swish', 0, 0),
  leaky_relu: (reader, node) => readFunction(reader, node, 'leaky_relu', node.alpha, 0),
  hard_sigmoid: (reader, node) => readFunction(reader, node, 'hard_sigmoid', node.alpha, node.beta),
  resize_nearest: readResize,
};

export function readNode(reader: NetworkReader, node: GraphNode): void {
  (READERS[node.op] as (reader: NetworkReader, node: GraphNode) => void)(reader, node);
  keepSaturation(reader, node);
}

/** A change of element type keeps the real value. */
function passThrough(reader: NetworkReader, node: GraphNode): void {
  reader.alias(node.outputs[0]!, reader.at(node.inputs[0]!));
}

/** Operators whose values lie where their inputs' values lie. */
const KEEPS_RANGE: ReadonlySet<GraphOp> = new Set([
  'dequantize',
  'reshape',
  'transpose',
  'pad',
  'resize_nearest',
  'softmax',
  'logistic',
]);
const LOWEST = -128;
const RELU6_TOLERANCE = 0.01;

/**
 * Quantised models drop a ReLU that saturation does anyway: stored values that start at 0 mean one, and ones that
 * end at 6 a ReLU6. De-quantised, the network needs it back. It fuses away where the operator has its own.
 */
function keepSaturation(reader: NetworkReader, node: GraphNode): void {
  const { dtype, quantization } = reader.graph.tensors[node.outputs[0]!]!;
  if (dtype !== 'int8' || quantization === undefined || quantization.zeroPoint[0] !== LOWEST) return;
  const source = reader.at(node.outputs[0]!);
  const producer = reader.layers.find((layer) => layer.output === source);
  if (KEEPS_RANGE.has(node.op) || producer === undefined || producer.op === 'softmax') return;
  const top = 255 * quantization.scale[0]!;
  const bounds = Math.abs(top / 6 - 1) < RELU6_TOLERANCE ? ACTIVATION_BOUNDS.relu6 : ACTIVATION_BOUNDS.relu;
  const output = reader.tensor(`${node.name}_saturated`, reader.shape(source), node.outputs[0]!);
  reader.layers.push({ op: 'clip', name: `${node.name}_saturated`, inputs: [source], output, bounds });
}

function readClip(reader: NetworkReader, node: GraphNode, bounds: RealBounds): void {
  push(reader, node, (inputs, output) => ({ op: 'clip', name: node.name, inputs, output, bounds }));
}

function readFunction(
  reader: NetworkReader,
  node: GraphNode,
  fn: FloatPointwise['function'],
  alpha: number,
  beta: number,
): void {
  push(reader, node, (inputs, output) => ({
    op: 'pointwise',
    name: node.name,
    inputs,
    output,
    function: fn,
    alpha,
    beta,
  }));
}

function readPool(reader: NetworkReader, node: Pool2dNode): void {
  push(reader, node, (inputs, output) => ({
    op: node.op,
    name: node.name,
    inputs,
    output,
    window: stepWindow(node.window),
    bounds: ACTIVATION_BOUNDS[node.activation],
  }));
}
