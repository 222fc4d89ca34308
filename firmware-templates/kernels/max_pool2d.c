/* MAX_POOL_2D: the window clipped to the input, channel by channel. */
#include "max_pool2d.h"

#include "clipped_window.h"
#include "kernel.h"

void QMCU_KERNEL(max_pool2d)(const struct max_pool2d_args *args, const void *input, void *output);
void QMCU_KERNEL(max_pool2d)(const struct max_pool2d_args *args, const void *input, void *output) {
  const uint32_t channels = args->input.channels;
  const uint32_t step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  uint8_t *out = (uint8_t *)output;
  for (uint32_t y = 0; y < args->output.height; y++) {
    for (uint32_t x = 0; x < args->output.width; x++, out += step) {
      const struct clipped_window clip = qmcu_clip(&args->window, &args->input, y, x);
      for (uint32_t c = 0; c < channels; c++) {
        int32_t best = INT32_MIN;
        for (uint32_t ky = 0; ky < clip.rows; ky++) {
          const uint8_t *at = (const uint8_t *)input + qmcu_clipped_pixel(&clip, ky, 0) * step;
          for (uint32_t kx = 0; kx < clip.columns; kx++, at += clip.column_step * step) {
            int32_t value = qmcu_load_lane(at, c, QMCU_INPUT_BITS);
            if (value > best) best = value;
          }
        }
        qmcu_store_lane(out, c, channels, QMCU_INPUT_BITS, qmcu_clamp(best, args->clamp_min, args->clamp_max));
      }
    }
  }
}
