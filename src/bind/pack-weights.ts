/**
 * Orders canonical weights as the C kernels read them.
 * Layouts: firmware-templates/kernels/dot_block.h and depthwise_conv2d.h.
 */
import { pixelBytes, type Width } from '../numeric/widths.js';
import { blockCount, CHANNEL_BLOCK } from './channel-constants.js';

/** Zero point of a weight stream as stored: sub-byte weights are offset to be unsigned. */
export const storedWeightOffset = (weightZeroPoint: number, bits: Width): number =>
  bits === 8 ? weightZeroPoint : weightZeroPoint + (1 << (bits - 1));

/** Words of the stream of one block of four channels with `pairs` pairs of k. */
const blockWords = (pairs: number, bits: Width): number => (pairs * 2 * CHANNEL_BLOCK * bits) / 32;

/**
 * The dot-product stream of `channels` rows of `length` weights (canonical order along the row), consumed block by
 * block of four channels; `order` maps positions to row indices. Missing channels and positions are zero.
 */
export function packDotBlocks(
  weights: Int32Array,
  channels: number,
  length: number,
  order: Int32Array,
  bits: Width,
): Uint8Array {
  const pairs = order.length / 2;
  const words = blockWords(pairs, bits);
  const stream = new Uint32Array(blockCount(channels) * words);
  const offset = storedWeightOffset(0, bits);
  const mask = (1 << bits) - 1;
  for (let channel = 0; channel < channels; channel++) {
    const base = Math.floor(channel / CHANNEL_BLOCK) * words;
    for (let position = 0; position < order.length; position++) {
      const index = order[position]!;
      if (index < 0) continue;
      const { word, shift } = lanePlace(position >> 1, position & 1, channel % CHANNEL_BLOCK, bits);
      const value = (weights[channel * length + index]! + offset) & mask;
      stream[base + word] = (stream[base + word]! | (value << shift)) >>> 0;
    }
  }
  return new Uint8Array(stream.buffer);
}

/** Where the weight of a channel (0…3) for the low or high element of a pair stands in its block's stream. */
function lanePlace(
  pair: number,
  high: number,
  channel: number,
  bits: Width,
): { word: number; shift: number } {
  if (bits === 8) return { word: 2 * pair + (channel >> 1), shift: 8 * (channel & 1) + 16 * high };
  if (bits === 4) return { word: pair, shift: 4 * channel + 16 * high };
  return { word: pair >> 1, shift: 8 * (pair & 1) + 2 * channel + 16 * high };
}

/**
 * Depthwise stream: per block of four channels, per tap, four lanes in two's complement. `weights` is
 * [tap][channel]; missing channels hold the weights' zero point.
 */
export function packDepthwise(
  weights: Int32Array,
  taps: number,
  channels: number,
  weightZeroPoint: number,
  bits: Width,
): Uint8Array {
  const tapBytes = pixelBytes(CHANNEL_BLOCK, bits);
  const stream = new Uint8Array(blockCount(channels) * taps * tapBytes);
  const mask = (1 << bits) - 1;
  for (let block = 0; block < blockCount(channels); block++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let lane = 0; lane < CHANNEL_BLOCK; lane++) {
        const channel = block * CHANNEL_BLOCK + lane;
        const value = channel < channels ? weights[tap * channels + channel]! : weightZeroPoint;
        const at = (block * taps + tap) * tapBytes + ((lane * bits) >> 3);
        stream[at] = stream[at]! | ((value & mask) << ((lane * bits) & 7));
      }
    }
  }
  return stream;
}
