/* RESIZE_NEAREST_NEIGHBOR: whole pixels are copied, so the width does not matter. */
#include "resize_nearest.h"

#include "kernel.h"

void QMCU_KERNEL(resize_nearest)(const struct resize_nearest_args *args, const void *input, void *output);
void QMCU_KERNEL(resize_nearest)(const struct resize_nearest_args *args, const void *input, void *output) {
  const uint32_t step = qmcu_pixel_bytes(args->input.channels, QMCU_INPUT_BITS);
  uint8_t *out = (uint8_t *)output;
  for (uint32_t y = 0; y < args->output.height; y++) {
    const uint8_t *row = (const uint8_t *)input + (uint32_t)args->rows[y] * args->input.width * step;
    for (uint32_t x = 0; x < args->output.width; x++, out += step) {
      const uint8_t *pixel = row + args->columns[x] * step;
      for (uint32_t i = 0; i < step; i++) out[i] = pixel[i];
    }
  }
}
