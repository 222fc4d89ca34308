/*
 * The packed values under one output pixel, as pieces of whole words for kernels that spread words themselves.
 *
 * A piece is a run of neighbouring taps; its bytes are read where they stand unless they touch the image's border
 * (src/bind/packed-column.ts chooses the runs and gives the order of the weights):
 *   whole words per run (a kernel row, or one tap when dilated): one piece per run
 *   otherwise: one piece, the whole column gathered byte by byte; weights of its filling are zero
 * Pieces start at any byte. All are equally long.
 */
#ifndef QMCU_PACKED_COLUMN_H
#define QMCU_PACKED_COLUMN_H

#include <stdint.h>

struct qmcu_packed_column {
  /* Bytes of an input pixel, and words of a piece. */
  uint16_t pixel_bytes, piece_words;
  /* Neighbouring taps of a run: kernel_width, or 1 when dilated. */
  uint16_t run_taps;
  /* 1 when the column is one gathered piece. */
  uint8_t gathered;
  /* 1 when a column is one input pixel of whole words and pixels follow each other. */
  uint8_t in_place;
  /* A byte of zero points. */
  uint8_t padding;
};

#endif
