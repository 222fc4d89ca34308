/** A drafted network between the passes over it: nodes in execution order, and which tensors leave it. */
import type { Draft, DraftNode } from '../draft.js';

export interface Network {
  readonly draft: Draft;
  readonly nodes: readonly DraftNode[];
  readonly inputs: readonly NetworkInput[];
  readonly outputs: readonly NetworkOutput[];
}

export interface NetworkInput {
  readonly tensor: number;
  /** The file takes stored integers here instead of real numbers. */
  readonly stored: boolean;
}

export interface NetworkOutput {
  readonly tensor: number;
  readonly name: string;
  /** The file gives stored integers here instead of real numbers. */
  readonly stored: boolean;
}

/** How often each tensor is read; leaving the network counts. */
export function countUses(network: Network): Map<number, number> {
  const uses = new Map<number, number>();
  const count = (tensor: number) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  for (const node of network.nodes) node.inputs.forEach(count);
  for (const output of network.outputs) count(output.tensor);
  return uses;
}

/** Without the nodes that no output depends on. */
export function withoutDeadNodes(network: Network): Network {
  const needed = new Set(network.outputs.map((output) => output.tensor));
  const kept: DraftNode[] = [];
  for (const node of [...network.nodes].reverse()) {
    if (!node.outputs.some((tensor) => needed.has(tensor))) continue;
    for (const tensor of node.inputs) needed.add(tensor);
    kept.push(node);
  }
  return { ...network, nodes: kept.reverse() };
}
