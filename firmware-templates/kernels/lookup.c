/* LOGISTIC and other pointwise functions of one narrow input. */
#include "lookup.h"

#include "kernel.h"

/* The lowest stored value: −128 at 8 bits, 0 below. */
#define LOWEST (QMCU_INPUT_BITS == 8 ? -128 : 0)

void QMCU_KERNEL(lookup)(const struct lookup_args *args, const void *input, void *output);
void QMCU_KERNEL(lookup)(const struct lookup_args *args, const void *input, void *output) {
  const uint32_t channels = args->channels;
  const uint8_t *in = (const uint8_t *)input;
  uint8_t *out = (uint8_t *)output;
  for (uint32_t p = 0; p < args->pixels; p++) {
    for (uint32_t c = 0; c < channels; c++)
      qmcu_store_lane(out, c, channels, args->output_bits,
                      args->table[qmcu_load_lane(in, c, QMCU_INPUT_BITS) - LOWEST]);
    in += qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
    out += qmcu_pixel_bytes(channels, args->output_bits);
  }
}
