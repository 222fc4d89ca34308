/* CONV_2D by pixel lanes (src/ir/pixel-lanes.ts): columns of two pixels, blocks of four channels. */
#include "conv2d_lanes.h"

#define LANE_COLUMN_PIXELS 2u
#define LANE_SECOND_COLUMN 20u
#define LANE_GROUP_LENGTH 8u
#define LANE_GROUP_BYTES (20u * QMCU_COLUMNS)
#define LANE_BLOCK 4u
#include "lane_driver.h"

void QMCU_INSTANCE(const struct conv2d_lanes_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_lanes_args *args, const void *input, void *output, void *scratch) {
  convolve_lanes(args, input, output, scratch);
}
