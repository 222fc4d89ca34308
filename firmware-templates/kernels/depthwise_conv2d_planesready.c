/* DEPTHWISE_CONV_2D over planes that stand ready. */
#include "depthwise_conv2d_planesready.h"

#include "convolve_planes.h"

void QMCU_INSTANCE(const struct depthwise_conv2d_planesready_args *args, const void *input, void *output);
void QMCU_INSTANCE(const struct depthwise_conv2d_planesready_args *args, const void *input, void *output) {
  const uint8_t *planes = (const uint8_t *)input;
  for (uint32_t oc = 0; oc < QMCU_C; oc += GROUP, planes += args->group_bytes)
    convolve(&args->constants, (const qmcu_word *)(const void *)planes, oc, (uint8_t *)output, args->output_height);
}
