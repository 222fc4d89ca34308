/* CONV_2D of columns into planes. */
#include "conv2d_columnsplanes.h"

#define QMCU_PLANES 1
#include "columns_driver.h"

QMCU_INLINE qmcu_word *fill_words(qmcu_word *at, uint32_t words, uint32_t pair) {
  for (; words >= 4; words -= 4, at += 4) at[0] = pair, at[1] = pair, at[2] = pair, at[3] = pair;
  for (; words > 0; words--) *at++ = pair;
  return at;
}

/* `gap` values at `at`, one channel's row before the next three. */
QMCU_INLINE qmcu_half *fill_gaps(qmcu_half *at, uint32_t gap, int16_t padding) {
  for (uint32_t i = gap; i > 0; i--, at++)
    at[0] = padding, at[QMCU_P / 2] = padding, at[QMCU_P] = padding, at[3 * (QMCU_P / 2)] = padding;
  return at - gap + 2 * QMCU_P;
}

/* All that stands around the map in the planes of every channel. */
static void fill_padding(const struct conv2d_columnsplanes_args *args, uint8_t *planes, uint32_t group_bytes) {
  const uint32_t width = args->matrix.output.width, height = args->matrix.output.height;
  const uint32_t left = args->left, gap = QMCU_P / 2 - width, right = gap - left;
  const uint32_t above = args->top, below = args->rows - above - height;
  const int16_t padding = (int16_t)args->padding;
  const uint32_t pair = qmcu_pair(padding, padding);
  for (uint32_t oc = 0; oc < args->matrix.output.channels; oc += 4, planes += group_bytes) {
    qmcu_half *row = (qmcu_half *)fill_words((qmcu_word *)(void *)planes, above * QMCU_P, pair);
    fill_words((qmcu_word *)(void *)(row + height * (2 * QMCU_P)), below * QMCU_P, pair);
    if (gap == 0) continue;
    /* What follows a row's last column and precedes the next row's first one stands together. */
    for (uint32_t i = left; i > 0; i--) *row++ = padding;
    row += width;
    for (uint32_t y = height - 1u; y > 0; y--) row = fill_gaps(row, gap, padding);
    for (uint32_t c = 3; c > 0; c--, row += width)
      for (uint32_t i = gap; i > 0; i--) *row++ = padding;
    for (uint32_t i = right; i > 0; i--) *row++ = padding;
  }
}

void QMCU_INSTANCE(const struct conv2d_columnsplanes_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_columnsplanes_args *args, const void *input, void *output, void *scratch) {
  const struct conv2d_columns_args *columns_args = &args->matrix;
  const struct qmcu_shape *map = &columns_args->output;
  qmcu_word *columns = (qmcu_word *)scratch + (QMCU_WEIGHT_BITS == 8 ? 0 : 2);
  struct qmcu_matrix matrix = qmcu_matrix_of(columns_args->stream, columns_args->runs, columns_args->run_count,
                                             columns_args->pairs, columns_args->block_words, columns,
                                             &columns_args->stage, columns_args->channels, map->channels);
  matrix.run.group_bytes = 4u * QMCU_P * args->rows;
  /* No block is a last one of fewer channels. */
  matrix.is_single |= columns_args->run_count == 1 && columns_args->runs[0] == QMCU_RUN_TAIL;
  fill_padding(args, (uint8_t *)output, matrix.run.group_bytes);
  const struct run_window runs = run_window_of(&columns_args->input, &columns_args->window,
                                               columns_args->input_zero_point, (const uint8_t *)input, QMCU_R);
  const struct columns_output to = {4, 2, 4u * QMCU_P - 2u * map->width};
  columns_of_runs(&runs, &matrix, columns, (uint8_t *)output + args->top * (4u * QMCU_P) + 2u * args->left, map->height,
                  map->width, &to);
}
