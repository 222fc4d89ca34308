/* DEPTHWISE_CONV_2D: one filter per output channel; output channel oc reads input channel ⌊oc / multiplier⌋. */
#ifndef QMCU_DEPTHWISE_CONV2D_H
#define QMCU_DEPTHWISE_CONV2D_H

#include "../numeric/stages.h"
#include "window.h"

struct depthwise_conv2d_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  uint16_t depth_multiplier;
  /* Width of the stored output: 8, 4 or 2. */
  uint8_t output_bits;
  int32_t input_zero_point;
  int32_t weight_zero_point;
  struct qmcu_output_stage stage;
  /* [⌈oc / 4⌉][tap][4 lanes], two's complement at the weight width, the last block filled up with z_w. */
  const uint8_t *weights;
  /* Per output channel, filled up to a multiple of four. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void depthwise_conv2d_a<a>_w<w>__<feature>(args, input, output, scratch)
 * input, output: NHWC, packed, 4-byte aligned. The output may overwrite the input when the depth multiplier is 1,
 * both widths agree and no row of the output reaches past the input rows already read (src/bind/depthwise.ts).
 * scratch: 4-byte aligned, 8 · (kh·kw + R·W) bytes, R = (kh − 1)·dilation + 1 saved rows of W columns, the
 * input's width with its padding: max(pad_left + width, (ow − 1)·stride + (kw − 1)·dilation + 1).
 */

#endif
