/* RELU, RELU6, QUANTIZE and changes of width, element by element. */
#include "requantize.h"

#include "kernel.h"

void QMCU_KERNEL(requantize)(const struct requantize_args *args, const void *input, void *output);
void QMCU_KERNEL(requantize)(const struct requantize_args *args, const void *input, void *output) {
  const uint32_t channels = args->channels;
  const uint8_t *in = (const uint8_t *)input;
  uint8_t *out = (uint8_t *)output;
  for (uint32_t p = 0; p < args->pixels; p++) {
    for (uint32_t c = 0; c < channels; c++) {
      int32_t value = qmcu_load_lane(in, c, QMCU_INPUT_BITS) - args->input_zero_point;
      qmcu_store_lane(out, c, channels, args->output_bits,
                      qmcu_requantize(value, args->multiplier, args->shift, &args->stage));
    }
    in += qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
    out += qmcu_pixel_bytes(channels, args->output_bits);
  }
}
