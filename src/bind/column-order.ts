/**
 * The order in which kernels hold the values under an output pixel: the twin of
 * firmware-templates/kernels/column.h, which draws it.
 */
import type { Width } from '../numeric/widths.js';

/** Columns are zero-padded to a multiple of this many elements: what one weight word covers of one channel. */
export const columnMultiple = (weightBits: Width): number => (weightBits === 2 ? 4 : 2);

/** Pairs of elements in a column of `length` elements. */
export const columnPairs = (length: number, weightBits: Width): number => {
  const multiple = columnMultiple(weightBits);
  return (Math.ceil(length / multiple) * multiple) / 2;
};

/**
 * Position → canonical index (tap · channels + channel); −1 is padding. With whole input words the lanes (j, j + L/2)
 * of a word of L lanes are paired, since masks spread them so; otherwise neighbours are.
 */
export function columnOrder(
  length: number,
  channels: number,
  inputBits: Width,
  weightBits: Width,
): Int32Array {
  const order = new Int32Array(2 * columnPairs(length, weightBits)).fill(-1);
  const lanes = 32 / inputBits;
  const grouped = channels % lanes === 0;
  for (let position = 0; position < length; position++) {
    const lane = position % lanes;
    const within = (lane >> 1) + (lane & 1) * (lanes / 2);
    order[position] = grouped ? position - lane + within : position;
  }
  return order;
}
