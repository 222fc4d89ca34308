/*
 * DEPTHWISE_CONV_2D as depthwise_conv2d.h has it, 3×3 without dilation and multiplier, of 4- and 2-bit maps in mode mulhi: planes as
 * depthwise_conv2d_planes.h draws them, whose lanes hold two rows, so that each product serves two outputs.
 *
 * Output rows are taken in two halves, `distance` rows apart: the near half in bits 0…11 of lanes, the far one in the top four, of
 * 4-bit inputs less 8. Where the height is odd, both halves compute the middle row.
 */
#ifndef QMCU_DEPTHWISE_CONV2D_ROWPAIRS_H
#define QMCU_DEPTHWISE_CONV2D_ROWPAIRS_H

#include <stdint.h>

struct depthwise_conv2d_rowpairs_args {
  uint16_t input_height;
  uint16_t output_height;
  uint16_t pad_top;
  int32_t input_zero_point;
  int32_t output_zero_point;
  /* Per output channel: 4096 times the far row's bias plus the near row's, multiplier, taps of each filter row in a word. */
  const uint32_t *records;
};

/*
 * Kernel: void depthwise_conv2d_a<a>_w<w>__dsp_rowpairs_…(args, input, output, scratch)
 * Parameters as of depthwise_conv2d_planes.h. c: whole groups of four. Input, output and in-place use as in depthwise_conv2d.h.
 * scratch: 4-byte aligned, 4 · r · ((⌈output_height / 2⌉ − 1) · v + 3) bytes.
 */

#endif
