/* CONV_2D by pair lanes (src/ir/pair-lanes.ts): columns of one pixel of bytes or two of 2-bit values, blocks of eight. */
#include "conv2d_pairs.h"

#include "kernel.h"

#define LANE_COLUMN_PIXELS (QMCU_INPUT_BITS == 8 ? 1u : 2u)
#define LANE_SECOND_COLUMN 4u
#define LANE_GROUP_LENGTH 16u
#define LANE_GROUP_BYTES (36u * QMCU_COLUMNS)
#define LANE_BLOCK 8u
#include "lane_driver.h"

void QMCU_INSTANCE(const struct conv2d_pairs_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_pairs_args *args, const void *input, void *output, void *scratch) {
  convolve_lanes(&args->lanes, input, output, scratch);
}
