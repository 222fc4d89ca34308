/* RESHAPE that repacks: the same elements in canonical order, pixels of another channel count. */
#ifndef QMCU_RESHAPE_H
#define QMCU_RESHAPE_H

#include <stdint.h>

struct reshape_args {
  uint32_t elements;
  uint16_t input_channels;
  uint16_t output_channels;
};

/* Kernel: void reshape_a<a>__<feature>(args, input, output). Packed, one width, not overlapping. No scratch. */

#endif
