/*
 * The packed values under one output pixel, as pieces of whole words for kernels that spread words themselves.
 *
 * A piece is a run of neighbouring taps: a kernel row, or one tap when dilated (src/bind/packed-column.ts gives the order of
 * the weights). Its bytes are read where they stand, at any address, unless they touch the image's border. Words go on
 * beyond the run; weights are zero there, and pieces that would pass the input's last byte are copied first.
 */
#ifndef QMCU_PACKED_COLUMN_H
#define QMCU_PACKED_COLUMN_H

#include <stdint.h>

struct qmcu_packed_column {
  /* Bytes of an input pixel, and words of a piece. */
  uint16_t pixel_bytes, piece_words;
  /* Neighbouring taps of a run: kernel_width, or 1 when dilated. */
  uint16_t run_taps;
  /* 1 when output pixel i reads input pixel i and no other. */
  uint8_t pointwise;
  /* A byte of zero points. */
  uint8_t padding;
};

#endif
