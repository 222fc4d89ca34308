/**
 * Sub-byte packing, one formula in `bits`: little-endian, channel-fastest, every pixel starts on a byte,
 * unused bits are zero (numeric contract, "Packing").
 */
import { pixelBytes, type Width } from './widths.js';

/** Packs element values (`pixels × channels`) into bytes. Values are taken modulo 2^bits. */
export function packLanes(values: ArrayLike<number>, channels: number, bits: Width): Uint8Array {
  const pixels = values.length / channels;
  const stride = pixelBytes(channels, bits);
  const mask = (1 << bits) - 1;
  const out = new Uint8Array(pixels * stride);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      const bit = c * bits;
      const at = p * stride + (bit >> 3);
      out[at] = out[at]! | ((values[p * channels + c]! & mask) << (bit & 7));
    }
  }
  return out;
}

/** Unpacks bytes to element values; `signed` sign-extends (8-bit activations and weights of any width). */
export function unpackLanes(
  bytes: Uint8Array,
  pixels: number,
  channels: number,
  bits: Width,
  signed: boolean,
): Int32Array {
  const stride = pixelBytes(channels, bits);
  const mask = (1 << bits) - 1;
  const sign = 1 << (bits - 1);
  const out = new Int32Array(pixels * channels);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      const bit = c * bits;
      const raw = (bytes[p * stride + (bit >> 3)]! >> (bit & 7)) & mask;
      out[p * channels + c] = signed ? (raw ^ sign) - sign : raw;
    }
  }
  return out;
}

/** Activations at 8 bits are signed, narrower ones offset binary (numeric contract, "Storage"). */
export const activationsAreSigned = (bits: Width): boolean => bits === 8;
