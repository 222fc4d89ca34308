/* MAX_POOL_2D over the valid positions of each window; keeps width, scale and zero point. */
#ifndef QMCU_MAX_POOL2D_H
#define QMCU_MAX_POOL2D_H

#include <stdint.h>

#include "window.h"

struct max_pool2d_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  int32_t clamp_min;
  int32_t clamp_max;
};

/*
 * Kernel: void max_pool2d_a<a>__<feature>(args, input, output)
 * Packed NHWC of one width, not overlapping. Every window covers at least one valid position. No scratch.
 */

#endif
