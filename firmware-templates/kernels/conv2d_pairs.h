/* CONV_2D by pair lanes (src/ir/pair-lanes.ts): ternary weights, 8- or 2-bit inputs, generated assembly. */
#ifndef QMCU_CONV2D_PAIRS_H
#define QMCU_CONV2D_PAIRS_H

#include "conv2d_lanes.h"

/* As in conv2d_lanes.h, with blocks of eight channels and tiles of two (a8) or four (a2) pixels. */
struct conv2d_pairs_args {
  struct conv2d_lanes_args lanes;
};

#endif
