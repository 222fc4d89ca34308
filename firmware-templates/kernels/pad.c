/* PAD: every output element is either an input element or the zero point. */
#include "pad.h"

#include "kernel.h"

void QMCU_KERNEL(pad)(const struct pad_args *args, const void *input, void *output);
void QMCU_KERNEL(pad)(const struct pad_args *args, const void *input, void *output) {
  const uint32_t input_step = qmcu_pixel_bytes(args->input.channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(args->output.channels, QMCU_INPUT_BITS);
  uint8_t *out = (uint8_t *)output;
  for (uint32_t y = 0; y < args->output.height; y++) {
    /* Below zero the unsigned difference is large, so one comparison tests both ends. */
    const uint32_t row = y - args->before[0];
    for (uint32_t x = 0; x < args->output.width; x++, out += output_step) {
      const uint32_t column = x - args->before[1];
      const int inside = row < args->input.height && column < args->input.width;
      const uint8_t *in =
          inside ? (const uint8_t *)input + (row * args->input.width + column) * input_step : (const uint8_t *)input;
      for (uint32_t c = 0; c < args->output.channels; c++) {
        const uint32_t source = c - args->before[2];
        const int32_t value = inside && source < args->input.channels ? qmcu_load_lane(in, source, QMCU_INPUT_BITS)
                                                                      : args->zero_point;
        qmcu_store_lane(out, c, args->output.channels, QMCU_INPUT_BITS, value);
      }
    }
  }
}
