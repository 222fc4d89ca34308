/* MEAN over height and width to 1×1×c: q = clamp(z + scale(Σ(q − z_in))). */
#ifndef QMCU_MEAN_H
#define QMCU_MEAN_H

#include "../numeric/stages.h"

struct mean_args {
  uint32_t pixels;
  uint16_t channels;
  uint8_t output_bits;
  int32_t input_zero_point;
  int32_t multiplier;
  int32_t shift;
  struct qmcu_output_stage stage;
};

/* Kernel: void mean_a<a>__<feature>(args, input, output). Packed NHWC, not overlapping. No scratch. */

#endif
