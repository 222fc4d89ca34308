/*
 * DEPTHWISE_CONV_2D as depthwise_conv2d.h has it, 3×3, 5×5 and 7×7 without dilation and multiplier: four channels at a time are taken apart
 * into planes of int16, and each is convolved by generated assembly.
 *
 * Scratch, rows of `pitch` bytes, c being the channel in its group:
 *   row 0: c = 0 | 1 | 2 | 3   row 1: c = 0 | 1 | 2 | 3   …
 * Each row is padding, input columns, padding. The map is computed in strips of output rows; rows that two strips share are
 * moved, so that the output may overwrite the input.
 */
#ifndef QMCU_DEPTHWISE_CONV2D_PLANES_H
#define QMCU_DEPTHWISE_CONV2D_PLANES_H

#include "../numeric/stages.h"
#include "window.h"

/* Constants of the output channels. */
struct qmcu_plane_channels {
  struct qmcu_output_stage stage;
  /* Per output channel: bias, constants and taps, as src/codegen/asm/planes.ts has them. */
  const uint32_t *records;
  /* Per output channel: 1 where the short form of requantisation is not exact. Null when there are none. */
  const uint8_t *exact;
  /* Constants per output channel for those; null when there are none. */
  const struct qmcu_channel *channels;
};

struct depthwise_conv2d_planes_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  /* Output rows of a strip; the scratch holds what one needs. */
  uint16_t strip_rows;
  int32_t input_zero_point;
  struct qmcu_plane_channels constants;
};

/*
 * Kernel: void depthwise_conv2d_a<a>_w<w>__dsp_planes_…(args, input, output, scratch)
 * k: side of the filter; c, i, p, x: channels, columns taken, padding left and bytes of a row of the input; o, w: columns and width of the
 * output; s, v: strides; r: pitch; f: 1 when the clamp is narrower than the output's width; g: 1 when planes are gathered by
 * generated assembly. Input, output and in-place use as in depthwise_conv2d.h.
 * scratch: 4-byte aligned, 4 · r · ((strip_rows − 1) · v + k) bytes.
 */

#endif
