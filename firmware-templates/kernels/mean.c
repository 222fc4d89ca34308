/* MEAN: one channel after the other, summed over all pixels. */
#include "mean.h"

#include "kernel.h"

void QMCU_KERNEL(mean)(const struct mean_args *args, const void *input, void *output);
void QMCU_KERNEL(mean)(const struct mean_args *args, const void *input, void *output) {
  const uint32_t channels = args->channels;
  const uint32_t step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  for (uint32_t c = 0; c < channels; c++) {
    const uint8_t *pixel = (const uint8_t *)input;
    int32_t sum = 0;
    for (uint32_t p = 0; p < args->pixels; p++, pixel += step)
      sum += qmcu_load_lane(pixel, c, QMCU_INPUT_BITS) - args->input_zero_point;
    qmcu_store_lane(output, c, channels, args->output_bits,
                    qmcu_requantize(sum, args->multiplier, args->shift, &args->stage));
  }
}
