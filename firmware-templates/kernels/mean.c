/* MEAN: some channels after the others, summed over all pixels. */
#include "mean.h"

#include "sum_pixels.h"

static void mean_store(const struct mean_args *args, void *output, uint32_t c, int32_t sum) {
  sum -= (int32_t)args->pixels * args->input_zero_point;
  qmcu_store_lane(output, c, args->channels, args->output_bits,
                  qmcu_requantize(sum, args->multiplier, args->shift, &args->stage));
}

void QMCU_KERNEL(mean)(const struct mean_args *args, const void *input, void *output);
void QMCU_KERNEL(mean)(const struct mean_args *args, const void *input, void *output) {
  const uint32_t channels = args->channels, pixels = args->pixels;
  const uint32_t step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  if (sum_applies(channels, 1)) {
    for (uint32_t c = 0; c < channels;) {
      const uint8_t *first = (const uint8_t *)input + c * QMCU_INPUT_BITS / 8u;
      int32_t sums[SUM_CHANNELS] = {0};
      uint32_t count = 0;
      for (uint32_t p = 0; p < pixels; p += SUM_REACH) {
        const uint32_t left = pixels - p;
        count = sum_channels(sums, first + p * step, channels - c, 1, left < SUM_REACH ? left : SUM_REACH, 0, step);
      }
      for (uint32_t i = 0; i < count; i++, c++) mean_store(args, output, c, sums[i]);
    }
    return;
  }
  for (uint32_t c = 0; c < channels; c++) {
    const uint8_t *pixel = (const uint8_t *)input;
    int32_t sum = 0;
    for (uint32_t p = 0; p < pixels; p++, pixel += step) sum += qmcu_load_lane(pixel, c, QMCU_INPUT_BITS);
    mean_store(args, output, c, sum);
  }
}
