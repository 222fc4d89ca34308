/* CONV_2D by pixel lanes (src/ir/pixel-lanes.ts): sub-byte inputs, tiles of four pixels, generated assembly. */
#ifndef QMCU_CONV2D_LANES_H
#define QMCU_CONV2D_LANES_H

#include "../numeric/stages.h"
#include "packed_column.h"
#include "window.h"

struct conv2d_lanes_args {
  struct qmcu_shape input;
  struct qmcu_shape output;
  struct qmcu_window window;
  struct qmcu_packed_column column;
  /* Width of the stored output: 8, 4 or 2. */
  uint8_t output_bits;
  /* Bytes of the lanes of a tile, and of the tile behind them in scratch. */
  uint32_t lane_bytes, tile_bytes;
  /* Weight stream of all blocks and its end (src/codegen/asm/pixel-lanes.ts). */
  const uint32_t *stream;
  uint32_t stream_words;
  /* zero_point is 128 higher for stored bytes, where the kernel itself finishes. */
  struct qmcu_output_stage stage;
  /* Only where this driver finishes the outputs: per channel, filled up to a multiple of four. */
  const struct qmcu_channel *channels;
};

/*
 * Kernel: void conv2d_a<a>_w<w>__<feature>_<variant>(args, input, output, scratch)
 * input, output: NHWC, packed at their widths. The output may overwrite the input as in conv2d.h: a tile is
 * expanded before it is stored.
 * scratch: 4-byte aligned: lane_bytes; tile_bytes, for a tile of whole blocks of channels or a block's sums; two
 * pieces, unless columns are whole pixels of whole words; a piece of padding, unless columns are pixels.
 */

#endif
