/* The driver of kernels that gather two columns from runs of the input and multiply them with all channels. */
#ifndef QMCU_COLUMNS_DRIVER_H
#define QMCU_COLUMNS_DRIVER_H

#include "matrix_run.h"
#include "run_column.h"

/* Where outputs stand. */
struct columns_output {
  /* From one pair of pixels to the next. */
  uint32_t pair_bytes;
  /* Of planes: from one pixel to the next of its row, and from behind a row's last pixel to the next row's first. */
  uint32_t pixel_bytes, gap_bytes;
};

/* Whether both ends of a window's rows lie inside the input. */
QMCU_INLINE uint32_t rows_inside(const struct run_window *runs, int32_t row) {
  return row >= 0 && row + (runs->window.kernel_height - 1) * runs->window.dilation_height < runs->height;
}

/* Two pixels of which the second goes `pitch` bytes behind the first: of planes, two in one word of their row or not. */
QMCU_INLINE void columns_multiply(struct qmcu_matrix *matrix, const qmcu_word *columns, uint8_t *output, uint32_t pitch) {
  if (QMCU_PLANES) {
    matrix->run.pitch = pitch;
    output += pitch != 2 || (uintptr_t)output % 4u != 0;
  }
  qmcu_matrix_multiply(matrix, columns, output);
}

/*
 * Gathers the pixels of an input of bytes or whole words and multiplies whenever two are ready. In planes these need not be
 * neighbours: `first` is where the first one goes, and a row that starts in the middle of a word has its first pixel taken
 * with the last one of the row before.
 */
QMCU_INLINE void columns_of_runs(const struct run_window *runs, struct qmcu_matrix *matrix, qmcu_word *columns,
                                  uint8_t *output, uint32_t height, uint32_t width, const struct columns_output *to) {
  const struct run_columns inside = run_columns_of(runs);
  const uint32_t output_bytes = to->pair_bytes;
  const int32_t stride = runs->window.stride_width, step = stride * (int32_t)runs->pixel_bytes;
  int32_t row = -runs->window.pad_top, left = 0;
  uint32_t second = 0;
  uint8_t *first = output;
  for (uint32_t y = 0; y < height; y++, row += runs->window.stride_height) {
    const uint32_t end = rows_inside(runs, row) ? inside.first + inside.count : 0;
    uint32_t x = 0;
    left = -runs->window.pad_left;
    if (QMCU_PLANES && y > 0) output += to->gap_bytes;
    if (QMCU_PLANES && y == 0 && (uintptr_t)output % 4u != 0) {
      /* Nothing stands before the first pixel: it is computed twice. */
      run_gather_any(runs, columns, row, left);
      run_gather_any(runs, columns + 1, row, left);
      columns_multiply(matrix, columns, output, 0);
      output += to->pixel_bytes;
      x++, left += stride;
    }
    while (x < width) {
      if (second == 0 && x >= inside.first && x + 1 < end) {
        /* Pairs of windows that lie inside the input. */
        const uint8_t *from = runs->input + row * (int32_t)runs->pitch + left * (int32_t)runs->pixel_bytes;
        for (; x + 1 < end; x += 2, from += 2 * step, output += output_bytes) {
          run_gather_inside(columns, from, (uint32_t)step, runs);
          columns_multiply(matrix, columns, output, to->pixel_bytes);
        }
        left = (int32_t)x * stride - runs->window.pad_left;
        continue;
      }
      run_gather_any(runs, columns + second, row, left);
      x++, left += stride;
      second ^= 1u;
      if (QMCU_PLANES) {
        if (second == 0) columns_multiply(matrix, columns, first, (uint32_t)(output - first));
        first = output;
        output += to->pixel_bytes;
      } else if (second == 0) {
        qmcu_matrix_multiply(matrix, columns, output);
        output += output_bytes;
      }
    }
  }
  if (second == 0) return;
  /* A last pixel alone is computed twice, into the same place. */
  run_gather_any(runs, columns + 1, row - runs->window.stride_height, left - stride);
  if (!QMCU_PLANES) matrix->run.pitch = 0;
  columns_multiply(matrix, columns, QMCU_PLANES ? first : output, 0);
}

#endif
