/* CONV_2D: columns of two output pixels are gathered, then multiplied by blocks of four output channels. */
#include "conv2d.h"

#include "dot_block.h"
#include "finish_block.h"

/* Gathers the column of the output pixel (y, x) into a slot; returns weight_offset · Σ column. */
static int32_t gather(const struct conv2d_args *args, const uint8_t *input, int32_t y, int32_t x, qmcu_word *column) {
  const struct qmcu_window *window = &args->window;
  const uint32_t channels = args->input.channels;
  const uint32_t pixel_bytes = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const int32_t left = x * window->stride_width - window->pad_left;
  /* Neighbouring taps are neighbouring pixels unless the window is dilated. */
  const int32_t run = window->dilation_width == 1 ? window->kernel_width : 1;
  uint32_t k = 0;
  int32_t row = y * window->stride_height - window->pad_top;
  for (uint32_t ky = 0; ky < window->kernel_height; ky++, row += window->dilation_height) {
    if (row < 0 || row >= args->input.height) {
      uint32_t count = window->kernel_width * channels;
      qmcu_column_fill(column, 2, k, count, args->input_zero_point);
      k += count;
      continue;
    }
    const uint8_t *pixels = input + (uint32_t)row * args->input.width * pixel_bytes;
    int32_t start = left;
    for (int32_t kx = 0; kx < window->kernel_width; kx += run, start += window->dilation_width) {
      int32_t first = qmcu_clamp(-start, 0, run);
      int32_t last = qmcu_clamp((int32_t)args->input.width - start, first, run);
      qmcu_column_fill(column, 2, k, (uint32_t)first * channels, args->input_zero_point);
      k += (uint32_t)first * channels;
      if (last > first)
        k = qmcu_column_append(column, 2, k, pixels + (uint32_t)(start + first) * pixel_bytes,
                               (uint32_t)(last - first), channels);
      qmcu_column_fill(column, 2, k, (uint32_t)(run - last) * channels, args->input_zero_point);
      k += (uint32_t)(run - last) * channels;
    }
  }
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
