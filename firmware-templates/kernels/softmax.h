/* SOFTMAX over the channels of each pixel, int8 out with scale 1/256 and zero point −128. */
#ifndef QMCU_SOFTMAX_H
#define QMCU_SOFTMAX_H

#include <stdint.h>

struct softmax_args {
  uint32_t pixels;
  /* At most 4096. */
  uint16_t channels;
  /* exp of 0, −1, … −255 input steps, Q0.31: int32[256], falling. */
  const int32_t *exponentials;
};

/* Kernel: void softmax_a<a>__<feature>(args, input, output). Packed, not overlapping. No scratch. */

#endif
