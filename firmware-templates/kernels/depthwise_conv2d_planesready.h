/*
 * DEPTHWISE_CONV_2D over planes (depthwise_conv2d_planes.h) that the convolution before has written, padding included:
 * the map itself is planes of int16, whatever its width.
 */
#ifndef QMCU_DEPTHWISE_CONV2D_PLANESREADY_H
#define QMCU_DEPTHWISE_CONV2D_PLANESREADY_H

#include "depthwise_conv2d_planes.h"

struct depthwise_conv2d_planesready_args {
  uint16_t output_height;
  /* From four channels' planes to the next four's. */
  uint32_t group_bytes;
  struct qmcu_plane_channels constants;
};

/*
 * Kernel: void depthwise_conv2d_a<a>_w<w>__dsp_planesready_…(args, input, output)
 * k, c, o, w, s, v, r, f as in depthwise_conv2d_planes.h. No scratch; not in place.
 */

#endif
