/* RESHAPE: element by element. Only emitted when the bytes differ; otherwise the tensors share their bytes. */
#include "reshape.h"

#include "kernel.h"

void QMCU_KERNEL(reshape)(const struct reshape_args *args, const void *input, void *output);
void QMCU_KERNEL(reshape)(const struct reshape_args *args, const void *input, void *output) {
  const uint8_t *in = (const uint8_t *)input;
  uint8_t *out = (uint8_t *)output;
  uint32_t from = 0, to = 0;
  for (uint32_t i = 0; i < args->elements; i++) {
    qmcu_store_lane(out, to, args->output_channels, QMCU_INPUT_BITS, qmcu_load_lane(in, from, QMCU_INPUT_BITS));
    if (++from == args->input_channels) from = 0, in += qmcu_pixel_bytes(args->input_channels, QMCU_INPUT_BITS);
    if (++to == args->output_channels) to = 0, out += qmcu_pixel_bytes(args->output_channels, QMCU_INPUT_BITS);
  }
}
