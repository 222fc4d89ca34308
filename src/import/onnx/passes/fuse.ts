/**
 * Fusion into the node in front, as TensorFlow's converter does it: batch normalisation and constant factors into
 * weights, constant terms into biases, ReLU and ReLU6 into activations; and hard swish and hard sigmoid out of the
 * pieces that exporters write them in.
 */
import type { Activation } from '../../../ir/graph.js';
import { type Constant, floatConstant } from '../constant.js';
import type { AffineNode, Draft, DraftNode, DraftNodeOf } from '../draft.js';
import { countUses, type Network, withoutDeadNodes } from './network.js';

type WeightedNode = DraftNodeOf<'conv2d'> | DraftNodeOf<'depthwise_conv2d'> | DraftNodeOf<'fully_connected'>;
type BinaryNode = DraftNodeOf<'add' | 'sub' | 'mul'>;

export function fuse(network: Network): Network {
  const fusion = new Fusion(network);
  for (const node of network.nodes) fusion.take(node);
  return withoutDeadNodes({ ...network, nodes: fusion.kept });
}

class Fusion {
  readonly kept: DraftNode[] = [];
  private readonly uses: Map<number, number>;
  /** Index in `kept` of the node that computes a tensor. */
  private readonly producers = new Map<number, number>();
  private readonly draft: Draft;

  constructor(network: Network) {
    this.uses = countUses(network);
    this.draft = network.draft;
  }

  take(node: DraftNode): void {
    const simpler = this.simplified(node);
    const fused = this.fused(simpler);
    if (fused !== undefined) {
      this.kept[fused.index] = fused.node;
      this.producers.set(simpler.outputs[0]!, fused.index);
      return;
    }
    const last = simpler.op === 'affine' ? this.asDepthwise(simpler) : simpler;
    this.producers.set(last.outputs[0]!, this.kept.push(last) - 1);
  }

  private producer(tensor: number): DraftNode | undefined {
    const index = this.producers.get(tensor);
    return index === undefined ? undefined : this.kept[index];
  }

  private scalar(tensor: number): number | undefined {
    const constant = this.draft.tensors[tensor]!.constant;
    return constant?.data.length === 1 ? constant.data[0] : undefined;
  }

  private simplified(node: DraftNode): DraftNode {
    if (node.op === 'clip') return asReLU(this.composedClip(node));
    if (node.op === 'mul') return this.hardSwish(node) ?? node;
    return node;
  }

  /** clip(clip(x)) with the bounds of both, where nothing else reads the inner one. */
  private composedClip(node: DraftNodeOf<'clip'>): DraftNodeOf<'clip'> {
    const [tensor] = node.inputs;
    const inner = this.producer(tensor!);
    const bounds = inner === undefined ? undefined : boundsOf(inner);
    if (inner === undefined || bounds === undefined || this.uses.get(tensor!) !== 1) return node;
    const within = (value: number) => Math.min(node.max, Math.max(node.min, value));
    return { ...node, inputs: inner.inputs, min: within(bounds[0]), max: within(bounds[1]) };
  }

  /** x · relu6(x + 3) / 6 and x · hardSigmoid(x), in the orders in which exporters write them. */
  private hardSwish(node: DraftNodeOf<'mul'>): DraftNode | undefined {
    if (node.activation !== 'none') return undefined;
    const make = (x: number): DraftNode => ({ op: 'hard_swish', inputs: [x], outputs: node.outputs });
    for (const [a, b] of bothOrders(node)) {
      if (isSixth(this.scalar(b))) {
        const x = this.shiftedRelu6(a);
        if (x !== undefined)
          return { op: 'hard_sigmoid', inputs: [x], outputs: node.outputs, alpha: 1 / 6, beta: 0.5 };
        const inner = this.producer(a);
        if (inner?.op === 'mul' && inner.activation === 'none')
          for (const [c, d] of bothOrders(inner)) if (this.shiftedRelu6(d) === c) return make(c);
      }
      const gate = this.producer(b);
      if (gate?.op === 'hard_sigmoid' && gate.inputs[0] === a && isSixth(gate.alpha) && gate.beta === 0.5)
        return make(a);
    }
    return undefined;
  }

  /** x of relu6(x + 3). */
  private shiftedRelu6(tensor: number): number | undefined {
    const node = this.producer(tensor);
    if (node?.op !== 'add' || node.activation !== 'relu6') return undefined;
    return bothOrders(node).find(([, b]) => this.scalar(b) === 3)?.[0];
  }

  /** The node in front with this one inside, and its place; undefined when they stay apart. */
  private fused(node: DraftNode): { readonly index: number; readonly node: DraftNode } | undefined {
    const data = node.inputs.find(
      (tensor) => tensor >= 0 && this.draft.tensors[tensor]!.constant === undefined,
    );
    if (data === undefined || this.uses.get(data) !== 1) return undefined;
    const index = this.producers.get(data);
    const front = index === undefined ? undefined : this.kept[index];
    if (index === undefined || front === undefined) return undefined;
    const result = withActivation(front, node) ?? this.folded(front, node);
    return result === undefined ? undefined : { index, node: { ...result, outputs: node.outputs } };
  }

  private folded(front: DraftNode, node: DraftNode): DraftNode | undefined {
    if (!isWeighted(front) || front.activation !== 'none') return undefined;
    const channels = this.draft.tensors[front.outputs[0]!]!.shape.at(-1)!;
    if (node.op === 'affine') return this.scaled(front, node.scale, node.shift);
    if (node.op !== 'add' && node.op !== 'sub' && node.op !== 'mul') return undefined;
    const map = this.affineOf(node, channels);
    const scaled = map === undefined ? undefined : this.scaled(front, map.scale, map.shift);
    return scaled === undefined ? undefined : { ...scaled, activation: node.activation };
  }

  /** The node as x · scale + shift per channel, when one operand is such a constant. */
  private affineOf(
    node: BinaryNode,
    channels: number,
  ): { scale: Float64Array; shift: Float64Array } | undefined {
    const position = node.inputs.findIndex((tensor) => this.draft.tensors[tensor]!.constant !== undefined);
    const constant = position < 0 ? undefined : this.draft.tensors[node.inputs[position]!]!.constant;
    if (constant === undefined || constant.stored !== undefined || constant.dims.length > 1) return undefined;
    if (constant.data.length !== 1 && constant.data.length !== channels) return undefined;
    const at = (i: number) => constant.data[constant.data.length === 1 ? 0 : i]!;
    const fill = (value: (i: number) => number) =>
      Float64Array.from({ length: channels }, (_, i) => value(i));
    if (node.op === 'mul') return { scale: fill(at), shift: fill(() => 0) };
    if (node.op === 'add') return { scale: fill(() => 1), shift: fill(at) };
    return position === 1
      ? { scale: fill(() => 1), shift: fill((i) => -at(i)) }
      : { scale: fill(() => -1), shift: fill(at) };
  }

  /** The weighted node with its output channels multiplied and shifted; quantised weights stay as they are. */
  private scaled(front: WeightedNode, scale: Float64Array, shift: Float64Array): WeightedNode | undefined {
    const [x, w, b] = front.inputs as [number, number, number];
    const weights = this.draft.tensors[w]!;
    const bias = b < 0 ? undefined : this.draft.tensors[b]!;
    if (weights.constant?.stored !== undefined || bias?.constant?.stored !== undefined) return undefined;
    const values = scaleChannels(weights.constant!, scale, front.op === 'depthwise_conv2d');
    const terms = Float32Array.from(shift, (value, i) => (bias?.constant?.data[i] ?? 0) * scale[i]! + value);
    const noBias = bias === undefined && shift.every((value) => value === 0);
    return {
      ...front,
      inputs: [
        x,
        scale.every((value) => value === 1) ? w : this.draft.addConstant(weights.name, values),
        noBias ? -1 : this.draft.addConstant(bias?.name ?? `${weights.name}/bias`, floatConstant(terms)),
      ],
    };
  }

  /** A batch normalisation with no convolution in front: a depthwise convolution of 1×1. */
  private asDepthwise(node: AffineNode): DraftNode {
    const channels = node.scale.length;
    const name = this.draft.tensors[node.outputs[0]!]!.name;
    return {
      op: 'depthwise_conv2d',
      inputs: [
        node.inputs[0]!,
        this.draft.addConstant(`${name}/scale`, floatConstant(node.scale, [1, 1, 1, channels])),
        this.draft.addConstant(`${name}/shift`, floatConstant(node.shift)),
      ],
      outputs: node.outputs,
      window: {
        kernelHeight: 1,
        kernelWidth: 1,
        strideHeight: 1,
        strideWidth: 1,
        dilationHeight: 1,
        dilationWidth: 1,
        padding: { top: 0, bottom: 0, left: 0, right: 0 },
      },
      depthMultiplier: 1,
      activation: 'none',
    };
  }
}

const bothOrders = (node: BinaryNode): readonly (readonly [number, number])[] => {
  const [a, b] = node.inputs as [number, number];
  return node.op === 'sub'
    ? [[a, b]]
    : [
        [a, b],
        [b, a],
      ];
};

const isSixth = (value: number | undefined): boolean => value !== undefined && Math.abs(value - 1 / 6) < 1e-6;

const isWeighted = (node: DraftNode): node is WeightedNode =>
  node.op === 'conv2d' || node.op === 'depthwise_conv2d' || node.op === 'fully_connected';

function boundsOf(node: DraftNode): readonly [number, number] | undefined {
  if (node.op === 'clip') return [node.min, node.max];
  if (node.op === 'relu') return [0, Number.POSITIVE_INFINITY];
  return node.op === 'relu6' ? [0, 6] : undefined;
}

function asReLU(node: DraftNodeOf<'clip'>): DraftNode {
  const { inputs, outputs, min, max } = node;
  if (min === 0 && max === 6) return { op: 'relu6', inputs, outputs };
  return min === 0 && max === Number.POSITIVE_INFINITY ? { op: 'relu', inputs, outputs } : node;
}

const ACTIVATION_BOUNDS: Readonly<Record<Activation, readonly [number, number]>> = {
  none: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
  relu_n1_to_1: [-1, 1],
};

const CAN_CLAMP = new Set<DraftNode['op']>([
  'conv2d',
  'depthwise_conv2d',
  'fully_connected',
  'add',
  'sub',
  'mul',
  'average_pool2d',
  'max_pool2d',
]);

function withActivation(front: DraftNode, node: DraftNode): DraftNode | undefined {
  const bounds = boundsOf(node);
  if (bounds === undefined || !CAN_CLAMP.has(front.op) || !('activation' in front)) return undefined;
  const inner = ACTIVATION_BOUNDS[front.activation];
  const within = (value: number) => Math.min(bounds[1], Math.max(bounds[0], value));
  const both = inner.map(within);
  const activation = (Object.keys(ACTIVATION_BOUNDS) as Activation[]).find((name) =>
    ACTIVATION_BOUNDS[name].every((bound, i) => bound === both[i]),
  );
  return activation === undefined ? undefined : { ...front, activation };
}

/** Weights times the scale of their output channel: the last axis of depthwise weights, else the first. */
function scaleChannels(weights: Constant, scale: Float64Array, last: boolean): Constant {
  const channels = scale.length;
  const per = weights.data.length / channels;
  const channelOf = last ? (i: number) => i % channels : (i: number) => Math.floor(i / per);
  const data = new Float32Array(weights.data.length);
  for (let i = 0; i < data.length; i++) data[i] = weights.data[i]! * scale[channelOf(i)]!;
  return { dims: weights.dims, type: 'float32', data };
}
