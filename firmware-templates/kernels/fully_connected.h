/* FULLY_CONNECTED over the whole input in canonical order (h, w, c): q = clamp(z + scale(bias + Σ (w − z_w)(q − z))). */
#ifndef QMCU_FULLY_CONNECTED_H
#define QMCU_FULLY_CONNECTED_H

#include "../numeric/stages.h"
#include "window.h"

struct fully_connected_args {
  struct qmcu_shape input;
  uint16_t outputs;
  /* Width of the stored output: 8, 4 or 2. */
  uint8_t output_bits;
  /* Zero point of the weights as stored: their own, plus 8 at w4 and 2 at w2 (see dot_block.h). */
  int32_t weight_offset;
  struct qmcu_output_stage stage;
  /* As in conv2d.h, K = all inputs. */
  const uint32_t *weights;
  /* Per output channel, filled up to a multiple of four. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void fully_connected_a<a>_w<w>__<feature>(args, input, output, scratch)
 * input: h×w×c packed, 4-byte aligned; output: 1×1×outputs packed; not overlapping.
 * scratch: 4-byte aligned, 4 · P bytes, P = pairs of k = h·w·c rounded up to 2 (w2: 4) elements, halved.
 */

#endif
