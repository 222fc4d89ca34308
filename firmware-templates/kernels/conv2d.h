/* CONV_2D: q = clamp(z + scale(bias + Σ (w − z_w)(q − z))), any window. */
#ifndef QMCU_CONV2D_H
#define QMCU_CONV2D_H

#include "../numeric/stages.h"
#include "window.h"

struct conv2d_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  /* Width of the stored output: 8, 4 or 2. */
  uint8_t output_bits;
  int32_t input_zero_point;
  /* Zero point of the weights as stored: their own, plus 8 at w4 and 2 at w2 (see dot_block.h). */
  int32_t weight_offset;
  struct qmcu_output_stage stage;
  /* Blocks of four output channels, the last one filled up with zeros; layout in dot_block.h. 4-byte aligned. */
  const uint32_t *weights;
  /* Per output channel, filled up to a multiple of four. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void conv2d_a<a>_w<w>__<feature>(args, input, output, scratch)
 * input, output: NHWC, packed at their widths, 4-byte aligned. The output may overwrite the input when the window is
 * 1×1 without padding and an output pixel is no larger than an input pixel: pixels are gathered before any later
 * one is stored, in order (src/bind/weighted.ts, conv2dInPlace).
 * scratch: 4-byte aligned, 8 · P bytes, P = pairs of k = kh·kw·ic rounded up to 2 (w2: 4) elements, halved.
 */

#endif
