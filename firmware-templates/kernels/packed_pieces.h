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
  const uint8_t *input;
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

/* Copies the run that starts at (row, start), padded; returns the byte after it. */
static __attribute__((noinline, unused)) uint8_t *packed_gather_run(const struct packed_source *source, int32_t row,
                                                                    int32_t start, uint8_t *to) {
  const uint32_t pixel_bytes = source->column->pixel_bytes;
  const int32_t run = source->column->run_taps;
  const uint8_t padding = source->column->padding;
  int32_t first = run, last = run;
  if (row >= 0 && row < source->height) {
    first = qmcu_clamp(-start, 0, run);
    last = qmcu_clamp(source->width - start, first, run);
  }
  packed_fill(to, (uint32_t)first * pixel_bytes, padding);
  packed_copy(to + (uint32_t)first * pixel_bytes,
              source->input + (uint32_t)(row * source->width + start + first) * pixel_bytes,
              (uint32_t)(last - first) * pixel_bytes);
  packed_fill(to + (uint32_t)last * pixel_bytes, (uint32_t)(run - last) * pixel_bytes, padding);
  return to + (uint32_t)run * pixel_bytes;
}

/* The piece at kernel position (ky, kx) of output pixel (y, x); `copy` has room for one. */
QMCU_INLINE const uint8_t *packed_piece(const struct packed_source *source, int32_t y, int32_t x, uint32_t ky,
                                        uint32_t kx, uint8_t *copy) {
  const struct qmcu_window *window = source->window;
  const int32_t run = source->column->run_taps;
  const int32_t row = y * window->stride_height - window->pad_top + (int32_t)(ky * window->dilation_height);
  const int32_t start = x * window->stride_width - window->pad_left + (int32_t)(kx * window->dilation_width);
  if (row < 0 || row >= source->height) return source->blank;
  if (start >= 0 && start + run <= source->width)
    return source->input + (uint32_t)(row * source->width + start) * source->column->pixel_bytes;
  packed_gather_run(source, row, start, copy);
  return copy;
}

/* The whole column of output pixel (y, x), gathered. */
static __attribute__((noinline, unused)) void packed_gather(const struct packed_source *source, int32_t y, int32_t x,
                                                            uint8_t *to) {
  const struct qmcu_window *window = source->window;
  int32_t row = y * window->stride_height - window->pad_top;
  for (uint32_t ky = 0; ky < window->kernel_height; ky++, row += window->dilation_height) {
    int32_t start = x * window->stride_width - window->pad_left;
    for (uint32_t kx = 0; kx < window->kernel_width; kx += source->column->run_taps, start += window->dilation_width)
      to = packed_gather_run(source, row, start, to);
  }
}

#endif
