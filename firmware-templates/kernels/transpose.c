/* TRANSPOSE: output elements in order, each fetched from its permuted position. */
#include "transpose.h"

#include "kernel.h"

void QMCU_KERNEL(transpose)(const struct transpose_args *args, const void *input, void *output);
void QMCU_KERNEL(transpose)(const struct transpose_args *args, const void *input, void *output) {
  const uint32_t input_step = qmcu_pixel_bytes(args->input.channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(args->output.channels, QMCU_INPUT_BITS);
  uint8_t *out = (uint8_t *)output;
  uint32_t at[3]; /* position along the input's axes */
  for (uint32_t y = 0; y < args->output.height; y++) {
    at[args->permutation[0]] = y;
    for (uint32_t x = 0; x < args->output.width; x++, out += output_step) {
      at[args->permutation[1]] = x;
      for (uint32_t c = 0; c < args->output.channels; c++) {
        at[args->permutation[2]] = c;
        const uint8_t *pixel = (const uint8_t *)input + (at[0] * args->input.width + at[1]) * input_step;
        qmcu_store_lane(out, c, args->output.channels, QMCU_INPUT_BITS,
                        qmcu_load_lane(pixel, at[2], QMCU_INPUT_BITS));
      }
    }
  }
}
