/* CONV_2D: columns of two output pixels are gathered, then multiplied with all channels by generated assembly. */
#include "conv2d_columns.h"

#include "gather_column.h"
#include "matrix_run.h"
#include "run_column.h"

/* Whether both ends of a window's rows lie inside the input. */
QMCU_INLINE uint32_t rows_inside(const struct run_window *runs, int32_t row) {
  return row >= 0 && row + (runs->window.kernel_height - 1) * runs->window.dilation_height < runs->height;
}

/* Gathers the pixels of an input of bytes or whole words and multiplies whenever two are ready. */
QMCU_INLINE void columns_of_runs(const struct run_window *runs, struct qmcu_matrix *matrix, qmcu_word *columns,
                                  uint8_t *output, uint32_t height, uint32_t width) {
  const struct run_columns inside = run_columns_of(runs);
  const uint32_t output_bytes = 2u * matrix->finish.pixel_bytes;
  const int32_t stride = runs->window.stride_width, step = stride * (int32_t)runs->pixel_bytes;
  int32_t row = -runs->window.pad_top, left = 0;
  uint32_t second = 0;
  for (uint32_t y = 0; y < height; y++, row += runs->window.stride_height) {
    const uint32_t end = rows_inside(runs, row) ? inside.first + inside.count : 0;
    left = -runs->window.pad_left;
    for (uint32_t x = 0; x < width;) {
      if (second == 0 && x >= inside.first && x + 1 < end) {
        /* Pairs of windows that lie inside the input. */
        const uint8_t *from = runs->input + row * (int32_t)runs->pitch + left * (int32_t)runs->pixel_bytes;
        for (; x + 1 < end; x += 2, from += 2 * step, output += output_bytes) {
          run_gather_inside(columns, from, (uint32_t)step, runs);
          qmcu_matrix_multiply(matrix, columns, output);
        }
        left = (int32_t)x * stride - runs->window.pad_left;
        continue;
      }
      run_gather_any(runs, columns + second, row, left);
      x++, left += stride;
      second ^= 1u;
      if (second != 0) continue;
      qmcu_matrix_multiply(matrix, columns, output);
      output += output_bytes;
    }
  }
  if (second == 0) return;
  /* A last pixel alone is computed twice, into the same place. */
  run_gather_any(runs, columns + 1, row - runs->window.stride_height, left - stride);
  matrix->run.pitch = 0;
  qmcu_matrix_multiply(matrix, columns, output);
}

/* Sub-byte inputs whose pixels end within a word, pair by pair. */
QMCU_INLINE void columns_of_lanes(const struct conv2d_columns_args *args, struct qmcu_matrix *matrix,
                                  const uint8_t *input, qmcu_word *columns, uint8_t *output) {
  const int32_t width = args->output.width;
  int32_t y = 0, x = 0;
  for (uint32_t left = (uint32_t)args->output.height * args->output.width; left > 0;) {
    const uint32_t count = left < 2 ? 1 : 2;
    for (uint32_t slot = 0; slot < 2; slot++) {
      gather_column(&args->input, &args->window, args->input_zero_point, input, y, x, columns + slot);
      if (slot < count - 1u && ++x == width) x = 0, y++;
    }
    if (++x == width) x = 0, y++;
    if (count == 1) matrix->run.pitch = 0;
    qmcu_matrix_multiply(matrix, columns, output);
    output += 2u * matrix->finish.pixel_bytes;
    left -= count;
  }
}

void QMCU_INSTANCE(const struct conv2d_columns_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_columns_args *args, const void *input, void *output, void *scratch) {
  qmcu_word *columns = (qmcu_word *)scratch + (QMCU_WEIGHT_BITS == 8 ? 0 : 2);
  struct qmcu_matrix matrix = qmcu_matrix_of(args->stream, args->runs, args->run_count, args->pairs, args->block_words,
                                             columns, &args->stage, args->channels, args->output.channels);
  if (QMCU_INPUT_BITS == 8 || args->input.channels % QMCU_INPUT_LANES == 0) {
    const struct run_window runs =
        run_window_of(&args->input, &args->window, args->input_zero_point, (const uint8_t *)input, QMCU_R);
    columns_of_runs(&runs, &matrix, columns, (uint8_t *)output, args->output.height, args->output.width);
  } else {
    columns_of_lanes(args, &matrix, (const uint8_t *)input, columns, (uint8_t *)output);
  }
}
