/* AVERAGE_POOL_2D: per output pixel the window is clipped to the input, then summed, some channels after the others. */
#include "average_pool2d.h"

#include "kernel.h"

#include "../numeric/average.h"
#include "clipped_window.h"
#include "sum_pixels.h"

static void average_store(const struct average_pool2d_args *args, uint8_t *out, uint32_t c, int32_t sum, int32_t count) {
  const int32_t q = qmcu_average(sum + count * args->origin, count, args->origin, args->multiplier, args->shift, &args->stage);
  qmcu_store_lane(out, c, args->input.channels, args->output_bits, q);
}

/* One output pixel whose input pixels are whole words. */
static void average_words(const struct average_pool2d_args *args, const struct clipped_window *clip,
                          const uint8_t *input, uint8_t *out) {
  const uint32_t channels = args->input.channels, step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint8_t *pixel = input + clip->first * step;
  for (uint32_t c = 0; c < channels;) {
    int32_t sums[SUM_CHANNELS] = {0};
    const uint32_t count = sum_channels(sums, pixel + c * QMCU_INPUT_BITS / 8u, channels - c, clip->rows, clip->columns,
                                        clip->row_step * step, clip->column_step * step);
    for (uint32_t i = 0; i < count; i++, c++) average_store(args, out, c, sums[i], (int32_t)(clip->rows * clip->columns));
  }
}

void QMCU_KERNEL(average_pool2d)(const struct average_pool2d_args *args, const void *input, void *output);
void QMCU_KERNEL(average_pool2d)(const struct average_pool2d_args *args, const void *input, void *output) {
  const uint32_t channels = args->input.channels;
  const uint32_t input_step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(channels, args->output_bits);
  uint8_t *out = (uint8_t *)output;
  for (uint32_t y = 0; y < args->output.height; y++) {
    for (uint32_t x = 0; x < args->output.width; x++, out += output_step) {
      const struct clipped_window clip = qmcu_clip(&args->window, &args->input, y, x);
      const int32_t count = (int32_t)(clip.rows * clip.columns);
      if (sum_applies(channels, clip.columns)) {
        average_words(args, &clip, (const uint8_t *)input, out);
        continue;
      }
      for (uint32_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (uint32_t ky = 0; ky < clip.rows; ky++) {
          const uint8_t *at = (const uint8_t *)input + qmcu_clipped_pixel(&clip, ky, 0) * input_step;
          for (uint32_t kx = 0; kx < clip.columns; kx++, at += clip.column_step * input_step)
            sum += qmcu_load_lane(at, c, QMCU_INPUT_BITS);
        }
        average_store(args, out, c, sum, count);
      }
    }
  }
}
