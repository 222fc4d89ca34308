/**
 * Feature maps that must share one scale and width: what moves values without changing them (max pooling,
 * padding, reshape, transpose, resize) cannot change how they are stored; and the operands of a concatenation that
 * nothing else reads are best stored as their result is.
 */
import type { FloatLayer, FloatNetwork } from '../ir/float-network.js';

const KEEPS_STORAGE: ReadonlySet<FloatLayer['op']> = new Set([
  'max_pool2d',
  'pad',
  'reshape',
  'transpose',
  'resize_nearest',
]);

/** The result holds the very values of its input. */
const KEEPS_VALUES: ReadonlySet<FloatLayer['op']> = new Set([
  'pad',
  'reshape',
  'transpose',
  'resize_nearest',
]);

/** Tensor ids of every group, in order of computation; groups ordered by their first tensor. */
export function tensorGroups(network: FloatNetwork): readonly (readonly number[])[] {
  const parent = network.tensors.map((tensor) => tensor.id);
  const root = (id: number): number => {
    let at = id;
    while (parent[at] !== at) at = parent[at]!;
    return at;
  };
  const join = (a: number, b: number): void => {
    const [low, high] = [root(a), root(b)].sort((x, y) => x - y) as [number, number];
    parent[high] = low;
  };
  for (const layer of network.layers) {
    if (KEEPS_STORAGE.has(layer.op)) join(layer.inputs[0]!, layer.output);
    if (layer.op === 'concatenation')
      for (const id of layer.inputs) if (mayShare(network, id)) join(id, layer.output);
  }
  const groups = new Map<number, number[]>();
  for (const { id } of network.tensors) groups.set(root(id), [...(groups.get(root(id)) ?? []), id]);
  return [...groups.values()];
}

/** Tensors of the group whose values count: copies of another member's values do not. */
export function distinctTensors(network: FloatNetwork, group: readonly number[]): readonly number[] {
  const copies = new Set(network.layers.filter((l) => KEEPS_VALUES.has(l.op)).map((l) => l.output));
  return group.filter((id) => !copies.has(id));
}

/** Read by nothing but the concatenation, and free to choose its scale. */
function mayShare(network: FloatNetwork, id: number): boolean {
  const readers = network.layers.filter((layer) => layer.inputs.includes(id)).length;
  const edge = [...network.inputs, ...network.outputs].some((port) => port.tensor === id);
  const source = network.layers.find((layer) => layer.output === id);
  return readers === 1 && !edge && source?.op !== 'softmax' && source?.op !== 'pointwise';
}
