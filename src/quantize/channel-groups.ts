/**
 * Feature maps whose channels may be scaled one by one, and which of them must be scaled alike.
 *
 * A positive factor per channel passes through every operator that treats channels apart and is homogeneous:
 * weighted layers absorb it on either side in their weights; additions and poolings hand it on. So channels of
 * small range can use the whole grid of a narrow width at no cost on the device. Edges of the network and
 * operators that mix channels or are not homogeneous pin their maps to factor 1.
 */
import type { FloatLayer, FloatNetwork, RealBounds } from '../ir/float-network.js';
import { isWeighted } from '../ir/float-network.js';

/** Groups of tensors that share their factors (up to one number per tensor); pinned tensors are in none. */
export function channelGroups(network: FloatNetwork): readonly (readonly number[])[] {
  const pinned = new Set([...network.inputs, ...network.outputs].map((port) => port.tensor));
  const parent = network.tensors.map((tensor) => tensor.id);
  const root = (id: number): number => {
    let at = id;
    while (parent[at] !== at) at = parent[at]!;
    return at;
  };
  for (const layer of network.layers) {
    const role = channelRole(network, layer);
    if (role === 'absorbs') continue;
    const touched = [...layer.inputs, layer.output];
    if (role === 'pins') for (const id of touched) pinned.add(id);
    for (const id of touched)
      parent[Math.max(root(id), root(touched[0]!))] = Math.min(root(id), root(touched[0]!));
  }
  const groups = new Map<number, number[]>();
  for (const { id } of network.tensors) groups.set(root(id), [...(groups.get(root(id)) ?? []), id]);
  return [...groups.values()].filter((group) => !group.some((id) => pinned.has(id)));
}

/** absorbs: input and output factors are free of each other; passes: equal; pins: both 1. */
function channelRole(network: FloatNetwork, layer: FloatLayer): 'absorbs' | 'passes' | 'pins' {
  if ('bounds' in layer && !isHomogeneous(layer.bounds)) return 'pins';
  if (isWeighted(layer)) return 'absorbs';
  const channels = (id: number): number => network.tensors[id]!.shape[2];
  const sameChannels = layer.inputs.every((id) => channels(id) === channels(layer.output));
  switch (layer.op) {
    case 'add':
    case 'average_pool2d':
    case 'max_pool2d':
    case 'mean':
    case 'pad':
    case 'reshape':
    case 'resize_nearest':
      return sameChannels ? 'passes' : 'pins';
    case 'transpose':
      return layer.permutation[2] === 2 ? 'passes' : 'pins';
    case 'clip':
      return layer.bounds.max === Number.POSITIVE_INFINITY ? 'passes' : 'pins';
    default:
      return 'pins';
  }
}

/** The lower bound scales with its channel; an upper one is kept by never letting a channel's grid pass it. */
const isHomogeneous = (bounds: RealBounds): boolean =>
  bounds.min === 0 || bounds.min === Number.NEGATIVE_INFINITY;
