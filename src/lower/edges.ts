/**
 * The model's edges: QUANTIZE behind an input and DEQUANTIZE or QUANTIZE in front of an output become the
 * port's element type, where they change no stored value (numeric contract, "Storage").
 */
import type { PlanPort } from '../ir/deploy-plan.js';
import type { Graph, GraphNode, GraphTensor } from '../ir/graph.js';
import { unsupported } from '../support/errors.js';

export interface ModelEdge {
  readonly name: string;
  readonly dtype: PlanPort['dtype'];
  /** Graph tensor that is stored as int8. */
  readonly stored: number;
  /** Further graph tensors with the same stored values. */
  readonly aliases: readonly number[];
}

export interface ModelEdges {
  readonly inputs: readonly ModelEdge[];
  readonly outputs: readonly ModelEdge[];
  /** The nodes that remain to be lowered. */
  readonly nodes: readonly GraphNode[];
}

export function findEdges(graph: Graph): ModelEdges {
  const folded = new Set<GraphNode>();
  const names = portNames(graph);
  const inputs = graph.inputs.map((id, i) => inputEdge(graph, id, names.inputs[i]!, folded));
  const outputs = graph.outputs.map((id, i) => outputEdge(graph, id, names.outputs[i]!, folded));
  return { inputs, outputs, nodes: graph.nodes.filter((node) => !folded.has(node)) };
}

const storedDtype = (tensor: GraphTensor): PlanPort['dtype'] => (tensor.wasUint8 === true ? 'uint8' : 'int8');

function inputEdge(graph: Graph, id: number, name: string, folded: Set<GraphNode>): ModelEdge {
  const tensor = graph.tensors[id]!;
  const consumers = graph.nodes.filter((node) => node.inputs.includes(id));
  const quantizers = consumers.filter((node) => node.op === 'quantize');
  if (tensor.dtype !== 'float32') {
    const same = quantizers.filter(
      (node) => keepsValues(graph, node) && !graph.outputs.includes(node.outputs[0]!),
    );
    for (const node of same) folded.add(node);
    return { name, dtype: storedDtype(tensor), stored: id, aliases: same.map((node) => node.outputs[0]!) };
  }
  const stored = quantizers[0]?.outputs[0];
  const agrees = (node: GraphNode) => sameStorage(graph.tensors[stored!]!, graph.tensors[node.outputs[0]!]!);
  if (stored === undefined || quantizers.length !== consumers.length || !quantizers.every(agrees))
    throw floatEdge(graph, tensor, 'input');
  for (const node of quantizers) folded.add(node);
  return {
    name,
    dtype: 'float32',
    stored,
    aliases: quantizers.slice(1).map((node) => node.outputs[0]!),
  };
}

function outputEdge(graph: Graph, id: number, name: string, folded: Set<GraphNode>): ModelEdge {
  const tensor = graph.tensors[id]!;
  const producer = graph.nodes.find((node) => node.outputs[0] === id);
  const readAgain = graph.nodes.some((node) => node.inputs.includes(id));
  if (tensor.dtype !== 'float32') {
    const foldable =
      producer?.op === 'quantize' && !readAgain && !folded.has(producer) && keepsValues(graph, producer);
    if (foldable) folded.add(producer);
    return { name, dtype: storedDtype(tensor), stored: foldable ? producer.inputs[0]! : id, aliases: [] };
  }
  const source = producer?.op === 'dequantize' ? graph.tensors[producer.inputs[0]!]! : undefined;
  if (producer === undefined || source === undefined || source.data !== undefined || readAgain)
    throw floatEdge(graph, tensor, 'output');
  folded.add(producer);
  return { name, dtype: 'float32', stored: source.id, aliases: [] };
}

/** A QUANTIZE from an activation whose stored values it does not change. */
function keepsValues(graph: Graph, node: GraphNode): boolean {
  const [from, to] = [graph.tensors[node.inputs[0]!]!, graph.tensors[node.outputs[0]!]!];
  return from.data === undefined && sameStorage(from, to);
}

function sameStorage(a: GraphTensor, b: GraphTensor): boolean {
  const [qa, qb] = [a.quantization, b.quantization];
  if (qa === undefined || qb === undefined || a.dtype !== 'int8' || b.dtype !== 'int8') return false;
  return qa.scale[0] === qb.scale[0] && qa.zeroPoint[0] === qb.zeroPoint[0];
}

const floatEdge = (graph: Graph, tensor: GraphTensor, side: 'input' | 'output'): Error =>
  unsupported(
    'lower/not-quantised',
    `${side} ${tensor.name} is float32 without a QUANTIZE or DEQUANTIZE step`,
    {
      where: graph.source.file ?? graph.name,
      fix: 'Only 8-bit quantised networks can be lowered as they are; quantise the model first.',
    },
  );

/** Port names: the file's, made unique among inputs and outputs. */
function portNames(graph: Graph): { readonly inputs: string[]; readonly outputs: string[] } {
  const taken = new Set<string>();
  const unique = (id: number, fallback: string): string => {
    const base = graph.tensors[id]!.name || fallback;
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    return name;
  };
  return {
    inputs: graph.inputs.map((id, i) => unique(id, `input_${i}`)),
    outputs: graph.outputs.map((id, i) => unique(id, `output_${i}`)),
  };
}
