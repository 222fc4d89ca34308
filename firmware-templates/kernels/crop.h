/* CROP: copies rows of bytes from one pitch to another; a piece of an image, a view of a tensor, rows kept. */
#ifndef QMCU_CROP_H
#define QMCU_CROP_H

#include <stdint.h>

struct crop_args {
  /* Bytes from `input` to the first row. */
  uint32_t offset;
  uint32_t rows;
  uint32_t row_bytes;
  /* Bytes from one row to the next. */
  uint32_t input_pitch;
  uint32_t output_pitch;
};

/*
 * Kernel: void crop_a8__<feature>(args, input, output)
 * Any alignment. Rows are copied first to last and each from its start, so the output may stand before the input in
 * the same rows. No scratch.
 */

#endif
