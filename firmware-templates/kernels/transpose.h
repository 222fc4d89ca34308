/* TRANSPOSE of (h, w, c). */
#ifndef QMCU_TRANSPOSE_H
#define QMCU_TRANSPOSE_H

#include "window.h"

struct transpose_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  /* Output axis i is input axis permutation[i]. */
  uint8_t permutation[3];
};

/* Kernel: void transpose_a<a>__<feature>(args, input, output). Packed NHWC, not overlapping. No scratch. */

#endif
