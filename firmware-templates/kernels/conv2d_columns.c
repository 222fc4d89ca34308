/* CONV_2D: columns of two output pixels are gathered, then multiplied with all channels by generated assembly. */
#include "conv2d_columns.h"

#include "columns_driver.h"
#include "gather_column.h"

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
    const struct columns_output to = {2u * matrix.finish.pixel_bytes, 0, 0};
    columns_of_runs(&runs, &matrix, columns, (uint8_t *)output, args->output.height, args->output.width, &to);
  } else {
    columns_of_lanes(args, &matrix, (const uint8_t *)input, columns, (uint8_t *)output);
  }
}
