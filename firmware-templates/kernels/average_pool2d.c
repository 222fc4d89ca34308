/* AVERAGE_POOL_2D: per output pixel the window is clipped to the input, then summed channel by channel. */
#include "average_pool2d.h"

#include "kernel.h"

#include "../numeric/average.h"
#include "clipped_window.h"

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
      for (uint32_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (uint32_t ky = 0; ky < clip.rows; ky++) {
          const uint8_t *at = (const uint8_t *)input + qmcu_clipped_pixel(&clip, ky, 0) * input_step;
          for (uint32_t kx = 0; kx < clip.columns; kx++, at += clip.column_step * input_step)
            sum += qmcu_load_lane(at, c, QMCU_INPUT_BITS);
        }
        int32_t q = qmcu_average(sum + count * args->origin, count, args->origin, args->multiplier, args->shift, &args->stage);
        qmcu_store_lane(out, c, channels, args->output_bits, q);
      }
    }
  }
}
