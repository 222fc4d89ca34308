/**
 * The Graph verifier, run after every importer. Invariants:
 *
 * 1. Tensor ids are their indices; node names are unique and not empty.
 * 2. Every tensor that a node touches has positive dimensions of at most 65536; a constant's data has as many
 *    elements as its shape says.
 * 3. Quantisation has as many zero points as scales: one, or one per index of its axis.
 * 4. Execution order: a node reads constants, network inputs and outputs of earlier nodes only; every tensor
 *    is written at most once, constants and network inputs never. There is at least one input and one output.
 * 5. Inputs in front of weights are activations; weights and bias, where present, are constants.
 * 6. Shapes follow the operator's rule (src/invariants/graph-shape-rules.ts); batch is 1.
 *
 * Lowering and calibration rely on all of these and do not check them again.
 */
import type { Graph, GraphNode, GraphTensor } from '../ir/graph.js';
import { shapeElements } from '../ops/graph-shapes.js';
import { shapeProblem } from './graph-shape-rules.js';

export const MAX_GRAPH_DIMENSION = 1 << 16;

/** Violated invariants, one sentence each, in the order met; empty for a sound graph. */
export function graphProblems(graph: Graph): string[] {
  const structure = [
    ...graph.tensors.flatMap((tensor, index) => tensorProblems(tensor, index)),
    ...orderProblems(graph),
  ];
  // Shape rules index into tensors, so they run on structurally sound graphs only.
  if (structure.length > 0) return structure;
  return graph.nodes.flatMap((node) => nodeProblems(node, graph));
}

function tensorProblems(tensor: GraphTensor, index: number): string[] {
  const problems: string[] = [];
  const label = `tensor ${index} (${tensor.name})`;
  if (tensor.id !== index) problems.push(`${label} has id ${tensor.id}`);
  if (tensor.data !== undefined && tensor.data.length !== shapeElements(tensor.shape))
    problems.push(`${label} has ${tensor.data.length} values for shape [${tensor.shape.join(', ')}]`);
  const q = tensor.quantization;
  if (q !== undefined) {
    if (q.scale.length === 0 || q.scale.length !== q.zeroPoint.length)
      problems.push(`${label} has ${q.scale.length} scales and ${q.zeroPoint.length} zero points`);
    else if (q.scale.length > 1 && q.scale.length !== tensor.shape[q.axis])
      problems.push(
        `${label} has ${q.scale.length} scales along axis ${q.axis} of shape [${tensor.shape.join(', ')}]`,
      );
  }
  return problems;
}

function orderProblems(graph: Graph): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const known = new Set<number>(graph.inputs);
  if (graph.inputs.length === 0) problems.push('the network has no input');
  if (graph.outputs.length === 0) problems.push('the network has no output');
  for (const id of graph.inputs)
    if (graph.tensors[id]?.data !== undefined || graph.tensors[id] === undefined)
      problems.push(`network input ${id} is a constant or does not exist`);
  for (const node of graph.nodes) {
    if (node.name === '' || names.has(node.name)) problems.push(`layer name '${node.name}' is not unique`);
    names.add(node.name);
    for (const id of node.inputs) {
      if (id === -1 || known.has(id) || graph.tensors[id]?.data !== undefined) continue;
      problems.push(`${node.name} (${node.op}) reads tensor ${id} before anything computes it`);
    }
    for (const id of node.outputs) {
      const tensor = graph.tensors[id];
      if (tensor === undefined || tensor.data !== undefined || known.has(id))
        problems.push(`${node.name} (${node.op}) writes tensor ${id}, which is already defined or missing`);
      known.add(id);
    }
  }
  for (const id of graph.outputs)
    if (!known.has(id))
      problems.push(`network output ${id} (${graph.tensors[id]?.name ?? '?'}) is not computed`);
  return problems;
}

function nodeProblems(node: GraphNode, graph: Graph): string[] {
  const where = `${node.name} (${node.op})`;
  const touched = [...node.inputs, ...node.outputs].filter((id) => id >= 0).map((id) => graph.tensors[id]!);
  for (const tensor of touched)
    if (tensor.shape.some((size) => !Number.isInteger(size) || size < 1 || size > MAX_GRAPH_DIMENSION))
      return [
        `${where}: tensor ${tensor.name} has shape [${tensor.shape.join(', ')}], dimensions must be 1…65536`,
      ];
  const operands = operandProblem(node, graph);
  const problem = operands ?? shapeProblem(node, graph);
  return problem === undefined ? [] : [`${where}: ${problem}`];
}

const WEIGHTED = new Set(['conv2d', 'depthwise_conv2d', 'fully_connected']);

function operandProblem(node: GraphNode, graph: Graph): string | undefined {
  if (node.outputs.length !== 1) return `has ${node.outputs.length} outputs instead of 1`;
  if (!WEIGHTED.has(node.op)) return node.inputs.includes(-1) ? 'lacks an input' : undefined;
  const [x, weights, bias] = node.inputs;
  if (node.inputs.length !== 3 || x === -1 || weights === -1) return 'needs an input, weights and bias or −1';
  if (graph.tensors[weights!]!.data === undefined) return 'its weights are not constant';
  if (bias !== -1 && graph.tensors[bias!]!.data === undefined) return 'its bias is not constant';
  return undefined;
}
