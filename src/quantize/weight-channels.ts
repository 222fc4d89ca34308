/** Weights of one output channel as a vector in the order of the gathered inputs, and the factors of those inputs. */
import type { WeightedFloatLayer } from '../ir/float-network.js';

/** How a layer's canonical weights split into output channels. */
export interface ChannelView {
  readonly channels: number;
  /** Weights of one output channel. */
  readonly width: number;
  /** Position of weight k of channel c in the canonical order. */
  index(c: number, k: number): number;
  /** Set of gathered columns that channel c reads. */
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

/** Channel scales of the input map per gathered column of a group; undefined where all are 1. */
export function columnFactors(
  layer: WeightedFloatLayer,
  factors: readonly number[] | undefined,
  group: number,
): Float64Array | undefined {
  if (factors === undefined) return undefined;
  const width = layer.weights.length / layer.bias.length;
  // Dense columns run over input channels fastest; a depthwise group is one input channel.
  if (layer.op === 'depthwise_conv2d') return new Float64Array(width).fill(factors[group]!);
  return Float64Array.from({ length: width }, (_, k) => factors[k % factors.length]!);
}

/** Weights of output channel c times the factors of their inputs. */
export function scaledChannel(
  view: ChannelView,
  weights: Float32Array,
  c: number,
  factors: Float64Array | undefined,
): Float64Array {
  return Float64Array.from(
    { length: view.width },
    (_, k) => weights[view.index(c, k)]! * (factors === undefined ? 1 : factors[k]!),
  );
}
