/* RELU, RELU6, QUANTIZE and changes of width, element by element. */
#include "requantize.h"

#include "kernel.h"

QMCU_INLINE void run(const struct requantize_args *args, uint32_t pixels, uint32_t channels, uint32_t output_bits,
                     const uint8_t *in, uint8_t *out) {
  const struct qmcu_output_stage stage = args->stage;
  const int32_t multiplier = args->multiplier, shift = args->shift, zero_point = args->input_zero_point;
  const uint32_t input_step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(channels, output_bits);
  for (; pixels > 0; pixels--, in += input_step, out += output_step) {
    for (uint32_t c = 0; c < channels; c++) {
      const int32_t value = qmcu_load_lane(in, c, QMCU_INPUT_BITS) - zero_point;
      qmcu_store_lane(out, c, channels, output_bits, qmcu_requantize(value, multiplier, shift, &stage));
    }
  }
}

void QMCU_KERNEL(requantize)(const struct requantize_args *args, const void *input, void *output);
void QMCU_KERNEL(requantize)(const struct requantize_args *args, const void *input, void *output) {
  if (QMCU_INPUT_BITS == 8 && args->output_bits == 8)
    run(args, 1, args->pixels * args->channels, 8, input, output); /* bytes: one row of elements */
  else
    run(args, args->pixels, args->channels, args->output_bits, input, output);
}
