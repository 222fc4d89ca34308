/** CONV_2D (grouped ones too), DEPTHWISE_CONV_2D and FULLY_CONNECTED → layers with weights in the plan's order. */
import type { Conv2dNode, DepthwiseConv2dNode, FullyConnectedNode } from '../../ir/graph.js';
import { shapeElements } from '../../ops/graph-shapes.js';
import { unsupported } from '../../support/errors.js';
import { realBias, realValues } from './constants.js';
import { ACTIVATION_BOUNDS, type NetworkReader, POINT, stepWindow } from './network-reader.js';

export function readConv(reader: NetworkReader, node: Conv2dNode): void {
  const { graph } = reader;
  const [oc, kh, kw, depth] = graph.tensors[node.inputs[1]!]!.shape as [number, number, number, number];
  const input = reader.at(node.inputs[0]!);
  const channels = reader.shape(input)[2];
  const values = realValues(graph.tensors[node.inputs[1]!]!, node.name);
  const common = {
    name: node.name,
    inputs: [input],
    output: reader.output(node),
    bounds: ACTIVATION_BOUNDS[node.activation],
    bias: realBias(graph, node.inputs, oc, node.name),
    window: stepWindow(node.window),
  };
  if (depth === 1 && channels > 1) {
    const taps = kh * kw;
    const weights = new Float32Array(values.length);
    for (let c = 0; c < oc; c++) for (let t = 0; t < taps; t++) weights[t * oc + c] = values[c * taps + t]!;
    reader.layers.push({ ...common, op: 'depthwise_conv2d', depthMultiplier: oc / channels, weights });
    return;
  }
  const weights = depth === channels ? values : spreadGroups(values, [oc, kh * kw, depth], channels);
  reader.layers.push({ ...common, op: 'conv2d', weights });
}

/** Grouped convolution as a dense one: zero weights towards the other groups' channels. */
function spreadGroups(
  values: Float32Array,
  [oc, taps, depth]: readonly [number, number, number],
  channels: number,
): Float32Array {
  const perGroup = oc / (channels / depth);
  const weights = new Float32Array(oc * taps * channels);
  for (let row = 0; row < oc * taps; row++) {
    const first = Math.floor(Math.floor(row / taps) / perGroup) * depth;
    weights.set(values.subarray(row * depth, (row + 1) * depth), row * channels + first);
  }
  return weights;
}

export function readDepthwise(reader: NetworkReader, node: DepthwiseConv2dNode): void {
  const { graph } = reader;
  const weights = graph.tensors[node.inputs[1]!]!;
  reader.layers.push({
    op: 'depthwise_conv2d',
    name: node.name,
    inputs: [reader.at(node.inputs[0]!)],
    output: reader.output(node),
    bounds: ACTIVATION_BOUNDS[node.activation],
    weights: realValues(weights, node.name),
    bias: realBias(graph, node.inputs, weights.shape[3]!, node.name),
    window: stepWindow(node.window),
    depthMultiplier: node.depthMultiplier,
  });
}

/** One row is a fully connected layer; several are a 1×1 convolution. */
export function readFullyConnected(reader: NetworkReader, node: FullyConnectedNode): void {
  const { graph } = reader;
  const weights = graph.tensors[node.inputs[1]!]!;
  const [out, width] = weights.shape as [number, number];
  const input = reader.at(node.inputs[0]!);
  const output = reader.output(node);
  const common = {
    name: node.name,
    inputs: [input],
    output,
    bounds: ACTIVATION_BOUNDS[node.activation],
    weights: realValues(weights, node.name),
    bias: realBias(graph, node.inputs, out, node.name),
  };
  if (shapeElements(reader.shape(output)) === out) {
    reader.layers.push({ ...common, op: 'fully_connected' });
    return;
  }
  if (reader.shape(input)[2] !== width)
    throw unsupported('network/rows', 'a fully connected layer regroups its input into several rows', {
      where: node.name,
    });
  reader.layers.push({ ...common, op: 'conv2d', window: POINT });
}
