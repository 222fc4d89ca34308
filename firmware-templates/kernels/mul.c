/* MUL: q = clamp(z + scale((q0 − z0)(q1 − z1))). */
#include "mul.h"

#include "kernel.h"

QMCU_INLINE void run(const struct mul_args *args, const void *first, const void *second, void *output,
                     uint32_t second_bits) {
  const uint32_t channels = args->channels;
  const uint32_t step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t second_step = args->second_pixels == 1 ? 0 : qmcu_pixel_bytes(args->second_channels, second_bits);
  const uint32_t second_channel = args->second_channels == 1 ? 0 : 1;
  const uint32_t output_step = qmcu_pixel_bytes(channels, args->output_bits);
  const uint8_t *a = (const uint8_t *)first;
  const uint8_t *b = (const uint8_t *)second;
  uint8_t *out = (uint8_t *)output;
  for (uint32_t p = 0; p < args->pixels; p++, a += step, b += second_step, out += output_step) {
    for (uint32_t c = 0; c < channels; c++) {
      int32_t x = qmcu_load_lane(a, c, QMCU_INPUT_BITS) - args->zero_point[0];
      int32_t y = qmcu_load_lane(b, c * second_channel, second_bits) - args->zero_point[1];
      qmcu_store_lane(out, c, channels, args->output_bits,
                      qmcu_requantize(x * y, args->multiplier, args->shift, &args->stage));
    }
  }
}

void QMCU_KERNEL(mul)(const struct mul_args *args, const void *first, const void *second, void *output);
void QMCU_KERNEL(mul)(const struct mul_args *args, const void *first, const void *second, void *output) {
  if (args->second_bits == QMCU_INPUT_BITS)
    run(args, first, second, output, QMCU_INPUT_BITS);
  else
    run(args, first, second, output, args->second_bits);
}
