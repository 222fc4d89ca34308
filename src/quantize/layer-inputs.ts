/**
 * The inputs that a weighted layer multiplies, gathered at sampled output positions: one row per position and one
 * column per weight of an output channel. Convolution: kh·kw·ic columns; fully connected: the whole map; depthwise:
 * per position [taps][channels], of which each input channel has its own taps. Padding counts as the zeros it is.
 */
import type { FloatNetwork, WeightedFloatLayer } from '../ir/float-network.js';
import { type Extent, forEachTap } from '../ops/plan-access.js';
import type { Random } from '../support/random.js';

export interface InputGeometry {
  /** Columns of a row: weights of one output channel. */
  readonly width: number;
  /** Independent sets of columns: input channels of a depthwise layer, else 1. */
  readonly groups: number;
  /** Output positions of one sample. */
  readonly positions: number;
}

export function inputGeometry(network: FloatNetwork, layer: WeightedFloatLayer): InputGeometry {
  const [ih, iw, ic] = network.tensors[layer.inputs[0]!]!.shape;
  const [oh, ow] = network.tensors[layer.output]!.shape;
  if (layer.op === 'fully_connected') return { width: ih * iw * ic, groups: 1, positions: 1 };
  const taps = layer.window.kernelHeight * layer.window.kernelWidth;
  if (layer.op === 'depthwise_conv2d') return { width: taps, groups: ic, positions: oh * ow };
  return { width: taps * ic, groups: 1, positions: oh * ow };
}

/** `count` different positions, or all of them when there are no more. */
export function samplePositions(positions: number, count: number, random: Random): Int32Array {
  if (count >= positions) return Int32Array.from({ length: positions }, (_, i) => i);
  // One position from each of `count` equal stretches: spread over the map, and never twice the same.
  return Int32Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * positions) / count);
    const to = Math.floor(((i + 1) * positions) / count) - 1;
    return random.integer(from, to);
  });
}

/** Writes the rows of the given positions from the start of `out`. */
export function gatherRows(
  network: FloatNetwork,
  layer: WeightedFloatLayer,
  map: Float32Array,
  positions: Int32Array,
  out: Float32Array,
): void {
  if (layer.op === 'fully_connected') {
    out.set(map);
    return;
  }
  const from = extentOf(network, layer.inputs[0]!);
  const { width: ow } = extentOf(network, layer.output);
  const row = layer.window.kernelHeight * layer.window.kernelWidth * from.channels;
  out.fill(0, 0, positions.length * row);
  positions.forEach((position, i) => {
    forEachTap(layer.window, from, Math.floor(position / ow), position % ow, (pixel, tap) => {
      const at = pixel * from.channels;
      out.set(map.subarray(at, at + from.channels), i * row + tap * from.channels);
    });
  });
}

const extentOf = (network: FloatNetwork, id: number): Extent => {
  const [height, width, channels] = network.tensors[id]!.shape;
  return { height, width, channels };
};
