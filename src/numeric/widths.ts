/**
 * THE width table: every stored element width of activations and weights (design: numeric contract,
 * "Quantisation" and "Storage"). Adding a width is adding a row; kernels and tests derive from it.
 */

export type Width = 8 | 4 | 2;

export interface WidthInfo {
  readonly bits: Width;
  readonly lanesPerByte: number;
  /** Activation range: int8 is two's complement, narrower widths are offset binary 0…2^b−1. */
  readonly activationMin: number;
  readonly activationMax: number;
  /** Weights are two's complement at every width; plans of our own never use the most negative value. */
  readonly weightMin: number;
  readonly weightMax: number;
  /** C element type of the packed storage. */
  readonly cType: 'int8_t' | 'uint8_t';
}

export const WIDTHS = {
  8: {
    bits: 8,
    lanesPerByte: 1,
    activationMin: -128,
    activationMax: 127,
    weightMin: -127,
    weightMax: 127,
    cType: 'int8_t',
  },
  4: {
    bits: 4,
    lanesPerByte: 2,
    activationMin: 0,
    activationMax: 15,
    weightMin: -7,
    weightMax: 7,
    cType: 'uint8_t',
  },
  2: {
    bits: 2,
    lanesPerByte: 4,
    activationMin: 0,
    activationMax: 3,
    weightMin: -1,
    weightMax: 1,
    cType: 'uint8_t',
  },
} as const satisfies Record<Width, WidthInfo>;

export const WIDTH_LIST: readonly Width[] = [8, 4, 2];

/** Bytes of one pixel of `channels` elements: every pixel starts on a byte. */
export const pixelBytes = (channels: number, bits: Width): number => Math.ceil((channels * bits) / 8);

/** Bytes of a channel-fastest tensor with `pixels` pixels. */
export const packedBytes = (pixels: number, channels: number, bits: Width): number =>
  pixels * pixelBytes(channels, bits);
