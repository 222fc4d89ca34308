/* The column under one output pixel, gathered from a feature map: padding holds the input's zero point. */
#ifndef QMCU_GATHER_COLUMN_H
#define QMCU_GATHER_COLUMN_H

#include "column.h"
#include "window.h"

/* Gathers the column of the output pixel (y, x) into a slot of two; returns its length. */
QMCU_INLINE uint32_t gather_column(const struct qmcu_shape *shape, const struct qmcu_window *window,
                                   int32_t zero_point, const uint8_t *input, int32_t y, int32_t x,
                                   qmcu_word *column) {
  const uint32_t channels = shape->channels;
  const uint32_t pixel_bytes = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const int32_t left = x * window->stride_width - window->pad_left;
  /* Neighbouring taps are neighbouring pixels unless the window is dilated. */
  const int32_t run = window->dilation_width == 1 ? window->kernel_width : 1;
  uint32_t k = 0;
  int32_t row = y * window->stride_height - window->pad_top;
  for (uint32_t ky = 0; ky < window->kernel_height; ky++, row += window->dilation_height) {
    if (row < 0 || row >= shape->height) {
      uint32_t count = window->kernel_width * channels;
      qmcu_column_fill(column, 2, k, count, zero_point);
      k += count;
      continue;
    }
    const uint8_t *pixels = input + (uint32_t)row * shape->width * pixel_bytes;
    int32_t start = left;
    for (int32_t kx = 0; kx < window->kernel_width; kx += run, start += window->dilation_width) {
      int32_t first = qmcu_clamp(-start, 0, run);
      int32_t last = qmcu_clamp((int32_t)shape->width - start, first, run);
      qmcu_column_fill(column, 2, k, (uint32_t)first * channels, zero_point);
      k += (uint32_t)first * channels;
      if (last > first)
        k = qmcu_column_append(column, 2, k, pixels + (uint32_t)(start + first) * pixel_bytes,
                               (uint32_t)(last - first), channels);
      qmcu_column_fill(column, 2, k, (uint32_t)(run - last) * channels, zero_point);
      k += (uint32_t)(run - last) * channels;
    }
  }
  return k;
}

#endif
