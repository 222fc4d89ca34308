/**
 * How kernels that spread packed words themselves read the values under an output pixel: the twin of
 * firmware-templates/kernels/packed_column.h, which says it in full.
 */
import type { ArgumentRecord } from '../ir/bound-plan.js';
import type { PlanTensor, StepWindow } from '../ir/deploy-plan.js';
import { pixelBytes } from '../numeric/widths.js';

const WORD_BYTES = 4;

export interface PackedColumn {
  readonly pixelBytes: number;
  readonly runTaps: number;
  readonly gathered: boolean;
  readonly inPlace: boolean;
  readonly pieces: number;
  readonly pieceWords: number;
}

/** Pieces of multiples of `multiple` words. */
export function packedColumn(
  window: StepWindow,
  input: PlanTensor,
  output: PlanTensor,
  multiple: number,
): PackedColumn {
  const { kernelHeight, kernelWidth } = window;
  const bytes = pixelBytes(input.shape[2], input.bits);
  const runTaps = window.dilationWidth === 1 ? kernelWidth : 1;
  const pieceBytes = multiple * WORD_BYTES;
  const gathered = (runTaps * bytes) % pieceBytes !== 0;
  const taps = kernelHeight * kernelWidth;
  return {
    pixelBytes: bytes,
    runTaps,
    gathered,
    inPlace: !gathered && taps === 1 && isUnstrided(window) && input.shape[1] === output.shape[1],
    pieces: gathered ? 1 : taps / runTaps,
    pieceWords: multiple * Math.ceil(((gathered ? taps : runTaps) * bytes) / pieceBytes),
  };
}

const isUnstrided = ({ strideHeight, strideWidth, padTop, padLeft }: StepWindow): boolean =>
  strideHeight === 1 && strideWidth === 1 && padTop === 0 && padLeft === 0;

/** Words of a column. */
export const columnWords = ({ pieces, pieceWords }: PackedColumn): number => pieces * pieceWords;

/** Position in the column, in values of the input's width → tap · channels + channel; −1 for filling. */
export function packedOrder(column: PackedColumn, taps: number, input: PlanTensor): Int32Array {
  const [, , channels] = input.shape;
  const perByte = 8 / input.bits;
  const order = new Int32Array(columnWords(column) * WORD_BYTES * perByte).fill(-1);
  const perPixel = column.pixelBytes * perByte;
  for (let tap = 0; tap < taps; tap++) {
    for (let channel = 0; channel < channels; channel++)
      order[tap * perPixel + channel] = tap * channels + channel;
  }
  return order;
}

/** `struct qmcu_packed_column` */
export const packedColumnArgs = (column: PackedColumn, input: PlanTensor): ArgumentRecord => ({
  pixel_bytes: column.pixelBytes,
  piece_words: column.pieceWords,
  run_taps: column.runTaps,
  gathered: column.gathered ? 1 : 0,
  in_place: column.inPlace ? 1 : 0,
  padding: paddingByte(input),
});

/** The zero point in every value of a byte. */
function paddingByte({ bits, zeroPoint }: PlanTensor): number {
  let byte = 0;
  for (let at = 0; at < 8; at += bits) byte |= (zeroPoint & ((1 << bits) - 1)) << at;
  return byte;
}
