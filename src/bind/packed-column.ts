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
  readonly pointwise: boolean;
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
  const taps = kernelHeight * kernelWidth;
  return {
    pixelBytes: bytes,
    runTaps,
    pointwise: taps === 1 && isUnstrided(window) && input.shape[1] === output.shape[1],
    pieces: taps / runTaps,
    pieceWords: multiple * Math.ceil((runTaps * bytes) / (multiple * WORD_BYTES)),
  };
}

const isUnstrided = ({ strideHeight, strideWidth, padTop, padLeft }: StepWindow): boolean =>
  strideHeight === 1 && strideWidth === 1 && padTop === 0 && padLeft === 0;

/** Words of a column. */
export const columnWords = ({ pieces, pieceWords }: PackedColumn): number => pieces * pieceWords;

/** Scratch for pieces that cannot be read where they stand: those of two pixels, and one of padding. */
export function copiedBytes({ pointwise, pixelBytes, pieceWords }: PackedColumn): number {
  const bytes = WORD_BYTES * pieceWords;
  if (!pointwise) return 3 * bytes;
  return pixelBytes === bytes ? 0 : 2 * bytes;
}

/** Position in the column, in values of the input's width → tap · channels + channel; −1 for filling. */
export function packedOrder(column: PackedColumn, input: PlanTensor): Int32Array {
  const [, , channels] = input.shape;
  const perByte = 8 / input.bits;
  const perPiece = column.pieceWords * WORD_BYTES * perByte;
  const order = new Int32Array(column.pieces * perPiece).fill(-1);
  for (let piece = 0; piece < column.pieces; piece++) {
    for (let tap = 0; tap < column.runTaps; tap++) {
      const at = piece * perPiece + tap * column.pixelBytes * perByte;
      const index = (piece * column.runTaps + tap) * channels;
      for (let channel = 0; channel < channels; channel++) order[at + channel] = index + channel;
    }
  }
  return order;
}

/** `struct qmcu_packed_column` */
export const packedColumnArgs = (column: PackedColumn, input: PlanTensor): ArgumentRecord => ({
  pixel_bytes: column.pixelBytes,
  piece_words: column.pieceWords,
  run_taps: column.runTaps,
  pointwise: column.pointwise ? 1 : 0,
  padding: paddingByte(input),
});

/** The zero point in every value of a byte. */
function paddingByte({ bits, zeroPoint }: PlanTensor): number {
  let byte = 0;
  for (let at = 0; at < 8; at += bits) byte |= (zeroPoint & ((1 << bits) - 1)) << at;
  return byte;
}
