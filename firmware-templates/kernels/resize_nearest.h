/* RESIZE_NEAREST_NEIGHBOR by explicit source indices: out[y][x] = in[rows[y]][columns[x]]. */
#ifndef QMCU_RESIZE_NEAREST_H
#define QMCU_RESIZE_NEAREST_H

#include "window.h"

struct resize_nearest_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  /* uint16[output.height], uint16[output.width]. */
  const uint16_t *rows;
  const uint16_t *columns;
};

/* Kernel: void resize_nearest_a<a>__<feature>(args, input, output). Packed NHWC, not overlapping. No scratch. */

#endif
