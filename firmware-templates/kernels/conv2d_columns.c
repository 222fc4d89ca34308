/* CONV_2D: columns of two output pixels are gathered, then multiplied with all channels by generated assembly. */
#include "conv2d_columns.h"

#include "gather_column.h"
#include "matrix_run.h"

/* Whole pixels of whole words, no padding: the column is the pixel. */
QMCU_INLINE void columns_pointwise(const struct conv2d_columns_args *args, struct qmcu_matrix *matrix,
                                   const uint8_t *input, uint8_t *output, qmcu_word *columns) {
  const uint32_t pixel_bytes = qmcu_pixel_bytes(args->input.channels, QMCU_INPUT_BITS);
  const uint32_t step = args->window.stride_width * pixel_bytes;
  const uint32_t row_step = args->window.stride_height * args->input.width * pixel_bytes;
  const uint32_t channels = args->input.channels, width = args->output.width;
  const uint32_t output_bytes = matrix->finish.pixel_bytes;
  uint32_t left = args->output.height * width, x = 0;
  const uint8_t *row = input, *pixel = input;
  while (left > 0) {
    const uint32_t count = left < 2 ? 1 : 2;
    const uint8_t *last = pixel;
    for (uint32_t slot = 0; slot < count; slot++) {
      last = pixel;
      qmcu_column_append(columns + slot, 2, 0, pixel, 1, channels);
      pixel += step;
      if (++x == width) x = 0, row += row_step, pixel = row;
    }
    /* A last pixel alone is computed twice, into the same place. */
    if (count == 1) qmcu_column_append(columns + 1, 2, 0, last, 1, channels);
    qmcu_matrix_multiply(matrix, columns, output, count == 2 ? output_bytes : 0);
    output += 2u * output_bytes;
    left -= count;
  }
}

QMCU_INLINE void columns_any(const struct conv2d_columns_args *args, struct qmcu_matrix *matrix, const uint8_t *input,
                             uint8_t *output, qmcu_word *columns) {
  const uint32_t output_bytes = matrix->finish.pixel_bytes;
  uint32_t left = (uint32_t)args->output.height * args->output.width;
  int32_t y = 0, x = 0;
  while (left > 0) {
    const uint32_t count = left < 2 ? 1 : 2;
    for (uint32_t slot = 0; slot < 2; slot++) {
      gather_column(&args->input, &args->window, args->input_zero_point, input, y, x, columns + slot);
      if (slot < count - 1u && ++x == args->output.width) x = 0, y++;
    }
    if (++x == args->output.width) x = 0, y++;
    qmcu_matrix_multiply(matrix, columns, output, count == 2 ? output_bytes : 0);
    output += 2u * output_bytes;
    left -= count;
  }
}

void QMCU_INSTANCE(const struct conv2d_columns_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_columns_args *args, const void *input, void *output, void *scratch) {
  qmcu_word *columns = (qmcu_word *)scratch;
  struct qmcu_matrix matrix = qmcu_matrix_of(args->stream, args->runs, args->run_count, args->pairs, args->block_words,
                                             columns, &args->stage, args->channels, args->output.channels);
  const struct qmcu_window *window = &args->window;
  /* Elements behind the column's end meet weights of zero, so they may hold anything. */
  const uint32_t taps = (uint32_t)window->kernel_height * window->kernel_width;
  if (taps == 1 && window->pad_top + window->pad_left == 0 && args->input.channels % QMCU_INPUT_LANES == 0 &&
      (uint32_t)(args->output.height - 1) * window->stride_height < args->input.height &&
      (uint32_t)(args->output.width - 1) * window->stride_width < args->input.width)
    columns_pointwise(args, &matrix, (const uint8_t *)input, (uint8_t *)output, columns);
  else
    columns_any(args, &matrix, (const uint8_t *)input, (uint8_t *)output, columns);
}
