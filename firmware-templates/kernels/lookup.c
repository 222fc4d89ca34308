/* LOGISTIC and other pointwise functions of one narrow input. */
#include "lookup.h"

#include "kernel.h"

/* The lowest stored value: −128 at 8 bits, 0 below. */
#define LOWEST (QMCU_INPUT_BITS == 8 ? -128 : 0)

QMCU_INLINE void run(const int8_t *table, uint32_t pixels, uint32_t channels, uint32_t output_bits, const uint8_t *in,
                     uint8_t *out) {
  const uint32_t input_step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t output_step = qmcu_pixel_bytes(channels, output_bits);
  for (; pixels > 0; pixels--, in += input_step, out += output_step)
    for (uint32_t c = 0; c < channels; c++)
      qmcu_store_lane(out, c, channels, output_bits, table[qmcu_load_lane(in, c, QMCU_INPUT_BITS) - LOWEST]);
}

void QMCU_KERNEL(lookup)(const struct lookup_args *args, const void *input, void *output);
void QMCU_KERNEL(lookup)(const struct lookup_args *args, const void *input, void *output) {
  if (QMCU_INPUT_BITS == 8 && args->output_bits == 8)
    run(args->table, 1, args->pixels * args->channels, 8, input, output); /* bytes: one row of elements */
  else
    run(args->table, args->pixels, args->channels, args->output_bits, input, output);
}
