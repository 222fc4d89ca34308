/*
 * CONV_2D as conv2d.h has it, with 8-bit weights without a zero point, or 4-bit ones and 8-bit inputs: columns of two pixels
 * times generated assembly.
 */
#ifndef QMCU_CONV2D_COLUMNS_H
#define QMCU_CONV2D_COLUMNS_H

#include "../numeric/stages.h"
#include "window.h"

struct conv2d_columns_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  int32_t input_zero_point;
  struct qmcu_output_stage stage;
  /* Pairs of k in a column, zeros at the end included. */
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
 * Kernel: void conv2d_a<a>_w<w>__dsp_columns_u<u>_s<s>_o<o>_c<c>[_l1]_r<r>_h<h>(args, input, output, scratch)
 * u: pairs per turn of the inner loop; s: 1 when one turn serves a column; o: width of the output; c: 1 when the clamp is
 * narrower than that; l1: accumulators are shifted left before they are scaled; r, h: bytes of a run (run_column.h) and their
 * number when those are few, else 0. Input, output and in-place use as in conv2d.h.
 * scratch: 4-byte aligned, 8 · pairs bytes; 8 more with 4-bit weights, for the sums of both columns.
 */

#endif
