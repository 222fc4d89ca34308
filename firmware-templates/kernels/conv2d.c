/* CONV_2D: columns of two output pixels are gathered, then multiplied by blocks of four output channels. */
#include "conv2d.h"

#include "dot_block.h"
#include "finish_block.h"
#include "gather_column.h"

/* Gathers the column of the output pixel (y, x) into a slot; returns weight_offset · Σ column. */
static int32_t gather(const struct conv2d_args *args, const uint8_t *input, int32_t y, int32_t x, qmcu_word *column) {
  const uint32_t k = gather_column(&args->input, &args->window, args->input_zero_point, input, y, x, column);
  return args->weight_offset * qmcu_column_finish(column, 2, k, args->weight_offset != 0);
}

/* All output channels of one or two pixels whose columns are ready. */
static void multiply(const struct conv2d_args *args, const struct finish_block *finish, const qmcu_word *columns,
                     const int32_t correction[2], uint8_t *output, uint32_t pixels) {
  const uint32_t k = (uint32_t)args->window.kernel_height * args->window.kernel_width * args->input.channels;
  const uint32_t pairs = qmcu_column_pairs(k);
  const qmcu_word *weights = (const qmcu_word *)args->weights;
  for (uint32_t oc = 0; oc < finish->channel_count; oc += 4, weights += QMCU_BLOCK_WORDS(pairs)) {
    uint32_t acc[8];
    qmcu_dot_2x4(weights, columns, pairs, finish->channels + oc, acc);
    if (args->weight_offset != 0) {
      for (uint32_t c = 0; c < 4; c++) acc[c] -= (uint32_t)correction[0], acc[c + 4] -= (uint32_t)correction[1];
    }
    if (pixels == 2)
      finish_block(finish, acc, oc, output, 2);
    else
      finish_any(finish, acc, oc, output);
  }
}

void QMCU_WEIGHTED_KERNEL(conv2d)(const struct conv2d_args *args, const void *input, void *output, void *scratch);
void QMCU_WEIGHTED_KERNEL(conv2d)(const struct conv2d_args *args, const void *input, void *output, void *scratch) {
  const uint32_t pixels = (uint32_t)args->output.height * args->output.width;
  const struct finish_block finish =
      finish_block_of(&args->stage, args->channels, args->output.channels, args->output_bits);
  qmcu_word *columns = (qmcu_word *)scratch;
  uint8_t *out = (uint8_t *)output;
  int32_t y = 0, x = 0;
  for (uint32_t pixel = 0; pixel < pixels; pixel += 2, out += 2 * finish.pixel_bytes) {
    const uint32_t count = pixels - pixel < 2 ? 1 : 2;
    int32_t correction[2] = {0, 0};
    /* A missing second pixel leaves stale values in its slot: they are multiplied and not stored. */
    for (uint32_t slot = 0; slot < count; slot++) {
      correction[slot] = gather(args, (const uint8_t *)input, y, x, columns + slot);
      if (++x == args->output.width) x = 0, y++;
    }
    multiply(args, &finish, columns, correction, out, count);
  }
}
