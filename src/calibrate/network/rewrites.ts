/**
 * Float layers → fewer float layers, same outputs: activations and constant factors fold into the layer before,
 * padding into the layer behind, poolings over everything become means, moves that move nothing disappear.
 */
import type {
  FloatLayer,
  FloatLayerOf,
  FloatNetwork,
  FloatTensor,
  RealBounds,
} from '../../ir/float-network.js';
import { isWeighted } from '../../ir/float-network.js';

/** The working copy: layers and tensors are replaced, never changed. */
interface Draft {
  layers: FloatLayer[];
  readonly tensors: FloatTensor[];
  readonly outputs: Set<number>;
}

type Rewrite = (draft: Draft, layer: FloatLayer) => boolean;

/** In this order: what one removes may let the next apply. */
const REWRITES: readonly Rewrite[] = [dropMove, foldAffine, fuseClip, foldPadding, poolToMean];

export function simplify(network: FloatNetwork): FloatNetwork {
  const draft: Draft = {
    layers: [...network.layers],
    tensors: [...network.tensors],
    outputs: new Set(network.outputs.map((port) => port.tensor)),
  };
  let changed = true;
  while (changed) {
    changed = false;
    for (const layer of [...draft.layers])
      if (draft.layers.includes(layer) && REWRITES.some((rewrite) => rewrite(draft, layer))) changed = true;
  }
  return renumber({ ...network, layers: liveLayers(draft), tensors: draft.tensors });
}

const shapeOf = (draft: Draft, id: number) => draft.tensors[id]!.shape;
const sameShape = (draft: Draft, a: number, b: number): boolean =>
  shapeOf(draft, a).every((size, axis) => size === shapeOf(draft, b)[axis]);
const readers = (draft: Draft, tensor: number): FloatLayer[] =>
  draft.layers.filter((layer) => layer.inputs.includes(tensor));
const unbounded = (bounds: RealBounds): boolean => bounds.min === -Infinity && bounds.max === Infinity;

/** The layer that computes the input of `layer`, when nothing but `layer` reads it. */
function soleSource(draft: Draft, layer: FloatLayer): FloatLayer | undefined {
  const tensor = layer.inputs[0]!;
  if (draft.outputs.has(tensor) || readers(draft, tensor).length !== 1) return undefined;
  return draft.layers.find((candidate) => candidate.output === tensor);
}

/** Replaces `old` (the earlier of two merged layers) by `fresh` and drops `dropped`. */
function merge(draft: Draft, old: FloatLayer, dropped: FloatLayer, fresh: FloatLayer): true {
  draft.layers = draft.layers.filter((l) => l !== dropped).map((l) => (l === old ? fresh : l));
  return true;
}

/** RESHAPE to the same shape, TRANSPOSE that keeps the order of its elements, clipping without bounds. */
function dropMove(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op === 'transpose' && keepsOrder(draft, layer)) {
    const reshape = { op: 'reshape', name: layer.name, inputs: layer.inputs, output: layer.output } as const;
    draft.layers = draft.layers.map((l) => (l === layer ? reshape : l));
    return true;
  }
  const source = layer.inputs[0]!;
  const idle = layer.op === 'reshape' || (layer.op === 'clip' && unbounded(layer.bounds));
  if (!idle || !sameShape(draft, source, layer.output)) return chainReshape(draft, layer);
  const producer = draft.layers.find((l) => l.output === source);
  if (draft.outputs.has(layer.output)) {
    // The network's output keeps its tensor: the producer writes it, and so do other readers read it.
    if (producer === undefined || draft.outputs.has(source)) return false;
    redirect(draft, source, layer.output);
    draft.layers = draft.layers
      .filter((l) => l !== layer)
      .map((l) => (l === producer ? { ...producer, output: layer.output } : l));
    return true;
  }
  draft.layers = draft.layers.filter((l) => l !== layer);
  redirect(draft, layer.output, source);
  return true;
}

function redirect(draft: Draft, from: number, to: number): void {
  draft.layers = draft.layers.map((l) =>
    l.inputs.includes(from) ? { ...l, inputs: l.inputs.map((id) => (id === from ? to : id)) } : l,
  );
}

/** RESHAPE of a RESHAPE reads the first one's input. */
function chainReshape(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op !== 'reshape') return false;
  const source = soleSource(draft, layer);
  if (source?.op !== 'reshape') return false;
  draft.layers = draft.layers
    .filter((l) => l !== source)
    .map((l) => (l === layer ? { ...layer, inputs: source.inputs } : l));
  return true;
}

/** Axes longer than 1 stay in their order. */
function keepsOrder(draft: Draft, layer: FloatLayerOf<'transpose'>): boolean {
  const shape = shapeOf(draft, layer.inputs[0]!);
  const long = layer.permutation.filter((axis) => shape[axis]! > 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]!);
}

/** A 1×1 depthwise convolution (batch norm, constant factor) behind a weighted layer without activation. */
function foldAffine(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op !== 'depthwise_conv2d' || layer.depthMultiplier !== 1 || !isPoint(layer)) return false;
  const source = soleSource(draft, layer);
  if (source === undefined || !isWeighted(source) || !unbounded(source.bounds)) return false;
  const channels = layer.bias.length;
  const channelOf =
    source.op === 'depthwise_conv2d'
      ? (i: number) => i % channels
      : (i: number) => Math.floor(i / (source.weights.length / channels));
  return merge(draft, layer, source, {
    ...source,
    output: layer.output,
    bounds: layer.bounds,
    weights: source.weights.map((w, i) => w * layer.weights[channelOf(i)]!),
    bias: source.bias.map((b, c) => b * layer.weights[c]! + layer.bias[c]!),
  });
}

function isPoint({ window: w }: { readonly window: FloatLayerOf<'conv2d'>['window'] }): boolean {
  return (
    w.kernelHeight * w.kernelWidth === 1 && w.strideHeight * w.strideWidth === 1 && w.padTop + w.padLeft === 0
  );
}

const FUSES_ACTIVATION: ReadonlySet<FloatLayer['op']> = new Set([
  'conv2d',
  'depthwise_conv2d',
  'fully_connected',
  'add',
  'mul',
  'average_pool2d',
  'max_pool2d',
  'mean',
  'concatenation',
  'clip',
]);

function fuseClip(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op !== 'clip') return false;
  const source = soleSource(draft, layer);
  if (source === undefined || !FUSES_ACTIVATION.has(source.op) || !('bounds' in source)) return false;
  const cut = (x: number) => Math.min(layer.bounds.max, Math.max(layer.bounds.min, x));
  const bounds = { min: cut(source.bounds.min), max: cut(source.bounds.max) };
  return merge(draft, layer, source, { ...source, output: layer.output, bounds });
}

/** PAD in front of a convolution, where the convolution's own padding can express it. */
function foldPadding(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op !== 'conv2d' && layer.op !== 'depthwise_conv2d') return false;
  const pad = soleSource(draft, layer);
  if (pad?.op !== 'pad') return false;
  const [from, to] = [shapeOf(draft, pad.inputs[0]!), shapeOf(draft, pad.output)];
  if (from[2] !== to[2]) return false;
  const { window: w } = layer;
  const [padTop, padLeft] = [w.padTop + pad.before[0], w.padLeft + pad.before[1]];
  const span = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1;
  const fits =
    padTop < span(w.kernelHeight, w.dilationHeight) && padLeft < span(w.kernelWidth, w.dilationWidth);
  const out = shapeOf(draft, layer.output);
  const starts =
    (out[0] - 1) * w.strideHeight - padTop < from[0] && (out[1] - 1) * w.strideWidth - padLeft < from[1];
  if (!fits || !starts) return false;
  return merge(draft, layer, pad, { ...layer, inputs: pad.inputs, window: { ...w, padTop, padLeft } });
}

/** An average pooling whose only window covers the whole map. */
function poolToMean(draft: Draft, layer: FloatLayer): boolean {
  if (layer.op !== 'average_pool2d') return false;
  const [h, w] = shapeOf(draft, layer.inputs[0]!);
  const [oh, ow] = shapeOf(draft, layer.output);
  const { window } = layer;
  const whole = oh === 1 && ow === 1 && window.padTop === 0 && window.padLeft === 0;
  if (!whole || window.kernelHeight < h || window.kernelWidth < w) return false;
  const { name, inputs, output, bounds } = layer;
  draft.layers = draft.layers.map((l) => (l === layer ? { op: 'mean', name, inputs, output, bounds } : l));
  return true;
}

/** Layers that some output needs. */
function liveLayers(draft: Draft): FloatLayer[] {
  const needed = new Set(draft.outputs);
  const live = [...draft.layers].reverse().filter((layer) => {
    if (!needed.has(layer.output)) return false;
    for (const id of layer.inputs) needed.add(id);
    return true;
  });
  return live.reverse();
}

/** Drops tensors that nothing touches and gives the others dense ids in order of computation. */
function renumber(network: FloatNetwork): FloatNetwork {
  const order = [
    ...network.inputs.map((port) => port.tensor),
    ...network.layers.map((layer) => layer.output),
  ];
  const idOf = new Map(order.map((old, id) => [old, id]));
  const at = (old: number): number => idOf.get(old)!;
  const layerNames = new Map(network.layers.map((layer) => [layer.output, layer.name]));
  const taken = new Set<string>();
  const unique = (name: string): string => {
    let candidate = name;
    for (let n = 2; taken.has(candidate); n++) candidate = `${name}_${n}`;
    taken.add(candidate);
    return candidate;
  };
  return {
    ...network,
    tensors: order.map((old, id) => ({
      ...network.tensors[old]!,
      id,
      name: unique(layerNames.get(old) ?? network.tensors[old]!.name),
    })),
    layers: network.layers.map((layer) => ({
      ...layer,
      inputs: layer.inputs.map(at),
      output: at(layer.output),
    })),
    inputs: network.inputs.map((port) => ({ ...port, tensor: at(port.tensor) })),
    outputs: network.outputs.map((port) => ({ ...port, tensor: at(port.tensor) })),
  };
}
