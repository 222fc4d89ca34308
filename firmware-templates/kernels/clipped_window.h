/* The part of a pooling window that lies inside the input. */
#ifndef QMCU_CLIPPED_WINDOW_H
#define QMCU_CLIPPED_WINDOW_H

#include "../numeric/lanes.h"
#include "window.h"

struct clipped_window {
  /* Pixel index of the first valid tap, valid taps per axis, and pixels between neighbouring taps. */
  uint32_t first, rows, columns;
  uint32_t row_step, column_step;
};

/* Along one axis: the first valid position in *first; returns the number of valid taps. */
QMCU_INLINE uint32_t qmcu_clip_axis(int32_t start, int32_t kernel, int32_t dilation, int32_t size, uint32_t *first) {
  int32_t skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int32_t begin = start + skipped * dilation;
  int32_t end = start + (kernel - 1) * dilation;
  *first = (uint32_t)begin;
  if (end >= size) end = begin + (size - 1 - begin) / dilation * dilation;
  return skipped >= kernel || begin >= size ? 0 : (uint32_t)((end - begin) / dilation + 1);
}

QMCU_INLINE struct clipped_window qmcu_clip(const struct qmcu_window *window, const struct qmcu_shape *input,
                                            uint32_t y, uint32_t x) {
  struct clipped_window clip;
  uint32_t row, column;
  clip.rows = qmcu_clip_axis((int32_t)(y * window->stride_height) - window->pad_top, window->kernel_height,
                             window->dilation_height, input->height, &row);
  clip.columns = qmcu_clip_axis((int32_t)(x * window->stride_width) - window->pad_left, window->kernel_width,
                                window->dilation_width, input->width, &column);
  clip.first = row * input->width + column;
  clip.row_step = (uint32_t)window->dilation_height * input->width;
  clip.column_step = window->dilation_width;
  return clip;
}

QMCU_INLINE uint32_t qmcu_clipped_pixel(const struct clipped_window *clip, uint32_t ky, uint32_t kx) {
  return clip->first + ky * clip->row_step + kx * clip->column_step;
}

#endif
