/* PAD over height, width and channels with the tensor's zero point. */
#ifndef QMCU_PAD_H
#define QMCU_PAD_H

#include "window.h"

struct pad_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  /* Rows, columns and channels before the input. */
  uint16_t before[3];
  int32_t zero_point;
};

/* Kernel: void pad_a<a>__<feature>(args, input, output). Packed NHWC of one width, not overlapping. No scratch. */

#endif
