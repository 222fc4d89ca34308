/* CONCATENATION: copies, or requantises, one input to its place in the output. */
#include "concatenation.h"

#include "kernel.h"

void QMCU_KERNEL(concatenation)(const struct concatenation_args *args, const void *input, void *output);
void QMCU_KERNEL(concatenation)(const struct concatenation_args *args, const void *input, void *output) {
  const uint32_t channels = args->input.channels;
  const uint32_t input_step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(args->output.channels, args->output_bits);
  const uint8_t *in = (const uint8_t *)input;
  for (uint32_t y = 0; y < args->input.height; y++) {
    uint8_t *out =
        (uint8_t *)output + ((args->start[0] + y) * args->output.width + args->start[1]) * output_step;
    for (uint32_t x = 0; x < args->input.width; x++, in += input_step, out += output_step) {
      for (uint32_t c = 0; c < channels; c++) {
        int32_t q = qmcu_load_lane(in, c, QMCU_INPUT_BITS);
        q = args->rescale
                ? qmcu_requantize(q - args->input_zero_point, args->multiplier, args->shift, &args->stage)
                : qmcu_clamp(q, args->stage.clamp_min, args->stage.clamp_max);
        qmcu_store_lane(out, args->start[2] + c, args->output.channels, args->output_bits, q);
      }
    }
  }
}
