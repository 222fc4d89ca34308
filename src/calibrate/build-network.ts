/**
 * Graph → FloatNetwork: the trained network in real numbers, ready to be observed and quantised.
 *
 * Float graphs keep their values; int8 and uint8 graphs are de-quantised (weights, biases and constants by their
 * scales, activations are real numbers then), so that they can be quantised again at other widths.
 */
import type { FloatNetwork, FloatPort } from '../ir/float-network.js';
import type { Graph, GraphTensor } from '../ir/graph.js';
import { unsupported } from '../support/errors.js';
import { NetworkReader, shape3 } from './network/network-reader.js';
import { readNode } from './network/read-nodes.js';
import { simplifyReductions } from './network/reductions.js';
import { simplify } from './network/rewrites.js';

/** Errors: `unsupported`, naming the layer, for what a plan cannot express. */
export function buildFloatNetwork(graph: Graph): FloatNetwork {
  const raw = readNetwork(simplifyReductions(graph));
  const network = simplify(raw);
  const direct = network.outputs.find((port) => network.inputs.some((input) => input.tensor === port.tensor));
  if (direct !== undefined || network.layers.length === 0)
    throw unsupported('network/empty', 'an output is an input: nothing is computed', { where: graph.name });
  return network;
}

function readNetwork(graph: Graph): FloatNetwork {
  const reader = new NetworkReader(graph);
  const inputs = graph.inputs.map((id): FloatPort => {
    const tensor = graph.tensors[id]!;
    if (tensor.shape.length >= 2 && tensor.shape[0] !== 1)
      throw unsupported('network/batch', `input ${tensor.name} has batch size ${tensor.shape[0]}`, {
        where: graph.name,
        fix: 'Export the network with batch size 1.',
      });
    return port(tensor, reader.tensor(tensor.name, shape3(graph, id), id));
  });
  for (const node of graph.nodes) readNode(reader, node);
  const outputs = graph.outputs.map((id) => port(graph.tensors[id]!, reader.at(id)));
  return { name: graph.name, tensors: reader.tensors, layers: reader.layers, inputs, outputs };
}

function port(tensor: GraphTensor, id: number): FloatPort {
  const quantization = tensor.quantization;
  if (tensor.dtype === 'float32' || quantization === undefined)
    return { name: tensor.name, tensor: id, dtype: 'float32' };
  return {
    name: tensor.name,
    tensor: id,
    dtype: tensor.wasUint8 === true ? 'uint8' : 'int8',
    quantization: { scale: quantization.scale[0]!, zeroPoint: quantization.zeroPoint[0]! },
  };
}
