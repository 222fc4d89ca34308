/* FULLY_CONNECTED as fully_connected.h has it, with 8-bit weights without a zero point, by generated assembly. */
#ifndef QMCU_FULLY_CONNECTED_COLUMNS_H
#define QMCU_FULLY_CONNECTED_COLUMNS_H

#include "../numeric/stages.h"
#include "window.h"

struct fully_connected_columns_args {
  struct qmcu_shape input;
  uint16_t outputs;
  /* Pairs of inputs in the column, zeros at the end included. */
  uint16_t pairs;
  /* Words of a block of a fast run. */
  uint32_t block_words;
  struct qmcu_output_stage stage;
  uint16_t run_count;
  /* (kind, blocks) of each run: run_kinds.h. */
  const uint16_t *runs;
  const uint32_t *stream;
  /* Constants per output for runs of kind QMCU_RUN_EXACT; null when there are none. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void fully_connected_a<a>_w8__dsp_columns_u<u>_o<o>_c<c>[_l1](args, input, output, scratch)
 * u: pairs per turn of the inner loop; o: width of the output; c: 1 when the clamp is narrower than that; l1: accumulators are
 * shifted left before they are scaled.
 * scratch: 4-byte aligned, 4 · pairs bytes.
 */

#endif
