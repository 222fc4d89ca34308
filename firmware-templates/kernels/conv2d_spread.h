/* Sets channels that stand densely among channels that always give the same: behind any kernel of conv2d. */
#ifndef QMCU_CONV2D_SPREAD_H
#define QMCU_CONV2D_SPREAD_H

#include <stdint.h>

/* Channels from one lane of a dense pixel's bytes, one byte after the other, to one lane of the output's. */
struct conv2d_spread_group {
  /* First byte of a dense pixel, and channels. */
  uint16_t from, count;
  /* A byte, rotated to the right as a word, under the mask of the output's lane. */
  uint16_t rotation, mask;
};

struct conv2d_spread_args {
  uint32_t pixels;
  /* Bytes of a pixel of the input and of the output. */
  uint32_t dense_bytes, pixel_bytes;
  /* A pixel of the output, zero where a channel comes from the input. */
  const uint8_t *constants;
  uint32_t group_count;
  /* group_count structs conv2d_spread_group. */
  const uint16_t *groups;
  /* Of every channel of every group its byte in an output pixel. */
  const uint16_t *places;
};

/*
 * Kernel: void conv2d_a<a>__<feature>_spread(args, input, output), a the width of both.
 * The input is dense pixels, which may have unused channels; it does not overlap the output. No scratch.
 */

#endif
