/** Weights of one output channel as a vector in the order of the gathered inputs, and back. */
import type { WeightedFloatLayer } from '../ir/float-network.js';

/** How a layer's canonical weights split into output channels. */
export interface ChannelView {
  readonly channels: number;
  /** Weights of one output channel. */
  readonly width: number;
  /** Position of weight k of channel c in the canonical order. */
  index(c: number, k: number): number;
  /** Group of gathered inputs that channel c reads. */
  group(c: number): number;
}

export function channelView(layer: WeightedFloatLayer): ChannelView {
  const channels = layer.bias.length;
  const width = layer.weights.length / channels;
  if (layer.op === 'depthwise_conv2d')
    return {
      channels,
      width,
      index: (c, k) => k * channels + c,
      group: (c) => Math.floor(c / layer.depthMultiplier),
    };
  return { channels, width, index: (c, k) => c * width + k, group: () => 0 };
}

export const channelWeights = (view: ChannelView, weights: Float32Array, c: number): Float64Array =>
  Float64Array.from({ length: view.width }, (_, k) => weights[view.index(c, k)]!);
