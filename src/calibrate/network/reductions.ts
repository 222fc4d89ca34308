/**
 * Graph → Graph: moves transposes behind the means that follow them and merges means of means, so that the
 * "transpose, mean, mean" of exported global poolings becomes one mean over height and width.
 */
import type { Graph, GraphNode, GraphTensor, MeanNode, TransposeNode } from '../../ir/graph.js';

interface Draft {
  readonly tensors: GraphTensor[];
  nodes: GraphNode[];
  readonly outputs: readonly number[];
}

export function simplifyReductions(graph: Graph): Graph {
  const draft: Draft = { tensors: [...graph.tensors], nodes: [...graph.nodes], outputs: graph.outputs };
  while (draft.nodes.some((node) => node.op === 'mean' && simplifyMean(draft, node)));
  return { ...graph, tensors: draft.tensors, nodes: draft.nodes };
}

/** True when the list of nodes changed. */
function simplifyMean(draft: Draft, mean: MeanNode): boolean {
  const source = soleProducer(draft, mean.inputs[0]!);
  if (source?.op === 'transpose') return moveBehind(draft, source, mean);
  if (source?.op === 'mean') return merge(draft, source, mean);
  return false;
}

/** The node that computes a tensor which nothing else reads. */
function soleProducer(draft: Draft, tensor: number): GraphNode | undefined {
  const readers = draft.nodes.filter((node) => node.inputs.includes(tensor)).length;
  if (readers !== 1 || draft.outputs.includes(tensor)) return undefined;
  return draft.nodes.find((node) => node.outputs[0] === tensor);
}

function moveBehind(draft: Draft, transpose: TransposeNode, mean: MeanNode): boolean {
  const axes = mean.axes.map((axis) => transpose.permutation[axis]!).sort((a, b) => a - b);
  const input = transpose.inputs[0]!;
  const kept = transpose.permutation.filter((axis) => !axes.includes(axis));
  const ordered = [...kept].sort((a, b) => a - b);
  const shape = draft.tensors[input]!.shape;
  const reduced = addTensor(
    draft,
    mean.outputs[0]!,
    `${mean.name}_reduced`,
    ordered.map((axis) => shape[axis]!),
  );
  const { name } = mean;
  const permutation = kept.map((axis) => ordered.indexOf(axis));
  const moved = withShape(
    draft,
    mean,
    kept.map((axis) => shape[axis]!),
  );
  replace(
    draft,
    [transpose, mean],
    [
      { op: 'mean', name, inputs: [input], outputs: [reduced], axes, keepDims: false },
      { op: 'transpose', name: `${name}_back`, inputs: [reduced], outputs: [moved.tensor], permutation },
      ...moved.reshape,
    ],
  );
  return true;
}

function merge(draft: Draft, first: MeanNode, second: MeanNode): boolean {
  const rank = draft.tensors[first.inputs[0]!]!.shape.length;
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const between = first.keepDims ? all : all.filter((axis) => !first.axes.includes(axis));
  const axes = [...new Set([...first.axes, ...second.axes.map((axis) => between[axis]!)])].sort(
    (a, b) => a - b,
  );
  const shape = draft.tensors[first.inputs[0]!]!.shape.filter((_, axis) => !axes.includes(axis));
  const reduced = withShape(draft, second, shape);
  replace(
    draft,
    [first, second],
    [
      {
        op: 'mean',
        name: second.name,
        inputs: first.inputs,
        outputs: [reduced.tensor],
        axes,
        keepDims: false,
      },
      ...reduced.reshape,
    ],
  );
  return true;
}

/** Where a result without its reduced axes goes: the mean's output, or a tensor to be reshaped into it. */
function withShape(draft: Draft, mean: MeanNode, shape: readonly number[]) {
  if (!mean.keepDims) return { tensor: mean.outputs[0]!, reshape: [] };
  const tensor = addTensor(draft, mean.outputs[0]!, `${mean.name}_flat`, shape);
  const reshape: GraphNode = {
    op: 'reshape',
    name: `${mean.name}_shape`,
    inputs: [tensor],
    outputs: mean.outputs,
  };
  return { tensor, reshape: [reshape] };
}

/** A new tensor like `model`, but for its shape. */
function addTensor(draft: Draft, model: number, name: string, shape: readonly number[]): number {
  const id = draft.tensors.length;
  draft.tensors.push({ ...draft.tensors[model]!, id, name, shape });
  return id;
}

/** The new nodes stand where the last of the old ones stood. Identity moves are dropped later. */
function replace(draft: Draft, old: readonly GraphNode[], fresh: readonly GraphNode[]): void {
  draft.nodes = draft.nodes.flatMap((node) => {
    if (node === old.at(-1)) return fresh;
    return old.includes(node) ? [] : [node];
  });
}
