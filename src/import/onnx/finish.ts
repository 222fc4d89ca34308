/** Draft → Graph: only what is used, numbered in order of appearance, with unique readable names. */
import type { ConstantData, Graph, GraphNode, GraphTensor } from '../../ir/graph.js';
import { bug } from '../../support/errors.js';
import { createUniqueNames, shortenName } from '../names.js';
import type { Constant } from './constant.js';
import type { DraftNode } from './draft.js';
import type { Network } from './passes/network.js';
import type { StoredTensors } from './passes/quantize.js';

export function finishGraph(network: Network, stored: StoredTensors, fileName: string): Graph {
  const tensors: GraphTensor[] = [];
  const ids = new Map<number, number>();
  const outputNames = new Map(network.outputs.map((output) => [output.tensor, output.name]));
  const idOf = (draftId: number): number => {
    if (draftId < 0) return -1;
    const known = ids.get(draftId);
    if (known !== undefined) return known;
    const { name, shape, constant } = network.draft.tensors[draftId]!;
    const integers = stored.get(draftId);
    const data = integers?.data ?? (constant === undefined ? undefined : plainData(constant));
    tensors.push({
      id: tensors.length,
      name: outputNames.get(draftId) ?? name,
      shape,
      dtype: integers?.dtype ?? 'float32',
      ...(integers === undefined ? {} : { quantization: integers.quantization }),
      ...(integers?.wasUint8 === true ? { wasUint8: true } : {}),
      ...(data === undefined ? {} : { data }),
    });
    ids.set(draftId, tensors.length - 1);
    return tensors.length - 1;
  };
  const inputs = network.inputs.map((input) => idOf(input.tensor));
  const uniqueName = createUniqueNames();
  const nodes = network.nodes.map((node, index): GraphNode => {
    const name = outputNames.get(node.outputs[0]!) ?? network.draft.tensors[node.outputs[0]!]!.name;
    return {
      ...graphNode(node),
      name: uniqueName(shortenName(withoutPort(name)), `${node.op}_${index}`),
      inputs: node.inputs.map(idOf),
      outputs: node.outputs.map(idOf),
    } as GraphNode;
  });
  return {
    name: modelName(fileName),
    source: { format: 'onnx', file: fileName },
    tensors,
    nodes,
    inputs,
    outputs: network.outputs.map((output) => idOf(output.tensor)),
  };
}

/** TensorFlow counts an operator's outputs: `model/conv/Relu:0`. */
const withoutPort = (name: string): string => name.replace(/:\d+$/, '');

function graphNode(node: DraftNode): DraftNode {
  if (node.op === 'affine' || node.op === 'fake_quantize')
    throw bug('onnx/pass', `a ${node.op} node is left over after the passes`);
  return node;
}

/** Constants of float operators; other element types occur only while shapes are computed. */
const plainData = (constant: Constant): ConstantData =>
  constant.data instanceof Float32Array ? constant.data : Float32Array.from(constant.data);

const modelName = (fileName: string): string =>
  fileName
    .replace(/^.*[\\/]/, '')
    .replace(/\.[A-Za-z0-9]+$/, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '_') || 'model';
