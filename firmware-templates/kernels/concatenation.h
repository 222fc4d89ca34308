/* CONCATENATION: places one input in the output; called once per input. */
#ifndef QMCU_CONCATENATION_H
#define QMCU_CONCATENATION_H

#include "../numeric/stages.h"
#include "window.h"

struct concatenation_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  /* Row, column and channel of the output where this input starts. */
  uint16_t start[3];
  uint8_t output_bits;
  /* 0: same scale and zero point, values are only clamped. */
  uint8_t rescale;
  int32_t input_zero_point;
  int32_t multiplier;
  int32_t shift;
  struct qmcu_output_stage stage;
};

/* Kernel: void concatenation_a<a>__<feature>(args, input, output). Packed NHWC, not overlapping. No scratch. */

#endif
