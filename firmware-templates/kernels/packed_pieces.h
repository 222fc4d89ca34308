/* Reads the pieces of packed_column.h. */
#ifndef QMCU_PACKED_PIECES_H
#define QMCU_PACKED_PIECES_H

#include "kernel.h"
#include "packed_column.h"
#include "window.h"

/* What stays the same during a kernel call. */
struct packed_source {
  const struct qmcu_packed_column *column;
  const struct qmcu_window *window;
  const uint8_t *input, *input_end;
  int32_t height, width;
  /* A piece of padding. */
  const uint8_t *blank;
};

QMCU_INLINE void packed_fill(uint8_t *to, uint32_t bytes, uint8_t value) {
  for (uint32_t i = 0; i < bytes; i++) to[i] = value;
}

QMCU_INLINE void packed_copy(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++) to[i] = from[i];
}

/* Copies the run that starts at column `start` of a row, padded. */
static __attribute__((noinline, unused)) void packed_copy_run(const struct packed_source *source, const uint8_t *row,
                                                              int32_t start, uint8_t *to) {
  const uint32_t pixel_bytes = source->column->pixel_bytes;
  const int32_t run = source->column->run_taps;
  const int32_t first = qmcu_clamp(-start, 0, run);
  const int32_t last = qmcu_clamp(source->width - start, first, run);
  packed_fill(to, (uint32_t)first * pixel_bytes, source->column->padding);
  packed_copy(to + (uint32_t)first * pixel_bytes, row + (uint32_t)(start + first) * pixel_bytes,
              (uint32_t)(last - first) * pixel_bytes);
  packed_fill(to + (uint32_t)last * pixel_bytes, (uint32_t)(run - last) * pixel_bytes, source->column->padding);
}

/* The piece at kernel position (ky, kx) of output pixel (y, x); `copy` has room for one. */
QMCU_INLINE const uint8_t *packed_piece(const struct packed_source *source, int32_t y, int32_t x, uint32_t ky,
                                        uint32_t kx, uint8_t *copy) {
  const struct qmcu_window *window = source->window;
  const uint32_t pixel_bytes = source->column->pixel_bytes;
  const int32_t row = y * window->stride_height - window->pad_top + (int32_t)(ky * window->dilation_height);
  const int32_t start = x * window->stride_width - window->pad_left + (int32_t)(kx * window->dilation_width);
  if (row < 0 || row >= source->height) return source->blank;
  const uint8_t *pixels = source->input + (uint32_t)(row * source->width) * pixel_bytes;
  if (start >= 0 && start + source->column->run_taps <= source->width) {
    const uint8_t *piece = pixels + (uint32_t)start * pixel_bytes;
    if ((uint32_t)(source->input_end - piece) >= 4u * source->column->piece_words) return piece;
  }
  packed_copy_run(source, pixels, start, copy);
  return copy;
}

#endif
