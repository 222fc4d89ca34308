/* CONV_2D as conv2d.h has it, with 8-bit weights, or 4-bit ones and 8-bit inputs, without a zero point: windows read from a ring of widened rows. */
#ifndef QMCU_CONV2D_ROWS_H
#define QMCU_CONV2D_ROWS_H

#include "../numeric/stages.h"
#include "window.h"

struct conv2d_rows_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  int32_t input_zero_point;
  struct qmcu_output_stage stage;
  /* Output columns of a strip, even: the map is computed strip by strip, from top to bottom. */
  uint16_t strip;
  /* Pairs of k in a window. */
  uint16_t pairs;
  /* Words of a block of a fast run. */
  uint16_t block_words;
  uint16_t run_count;
  /* (kind, blocks) of each run: run_kinds.h. */
  const uint16_t *runs;
  const uint32_t *stream;
  /* Constants per output channel for runs of kind QMCU_RUN_EXACT; null when there are none. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void conv2d_a<a>_w<w>__dsp_rows_u<u>_t<t>_g<g>_d<d>_o<o>_c<c>[_l1](args, input, output, scratch)
 * u · t: pairs of k in a row of the window, t turns of u; g: rows of the window; d: bytes between the widened windows of
 * neighbouring outputs; o, c, l as in conv2d_columns.h. No dilation; channels fill whole words. Not in place.
 * scratch: 4-byte aligned, the ring: g rows of ((strip − 1) · stride_width + kernel_width) · channels halfwords; with
 * 4-bit weights then a word for each pixel in the ring and for each output of a strip, and one more.
 */

#endif
