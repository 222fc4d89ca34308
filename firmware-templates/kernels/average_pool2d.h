/* AVERAGE_POOL_2D over the valid positions of each window. */
#ifndef QMCU_AVERAGE_POOL2D_H
#define QMCU_AVERAGE_POOL2D_H

#include "../numeric/stages.h"
#include "window.h"

struct average_pool2d_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  uint8_t output_bits;
  /* Added to every value before summing: `tflm`, `single`: 128 for re-centred uint8 models, else 0; `mulhi`: −z. */
  int32_t origin;
  struct qmcu_output_stage stage;
  /* `mulhi`: one per count of valid positions, index count − 1; unused otherwise. */
  const int32_t *multiplier;
  const int8_t *shift;
};

/*
 * Kernel: void average_pool2d_a<a>__<feature>(args, input, output)
 * Packed NHWC, not overlapping. Every window covers at least one valid position. No scratch.
 */

#endif
