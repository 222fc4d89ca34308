/* CONV_2D as conv2d_columns.h has it, writing planes of int16 for the depthwise convolution behind it, padding included. */
#ifndef QMCU_CONV2D_COLUMNSPLANES_H
#define QMCU_CONV2D_COLUMNSPLANES_H

#include "conv2d_columns.h"

struct conv2d_columnsplanes_args {
  struct conv2d_columns_args matrix;
  /* Rows of a plane, padding included, and where the map's first pixel stands in it. */
  uint16_t rows, top, left;
  /* The padding: the output's zero point. */
  int32_t padding;
};

/*
 * Kernel: void conv2d_a<a>_w<w>__dsp_columnsplanes_…(args, input, output, scratch)
 * Inputs of bytes or whole words. p: bytes of a plane's row. Other parameters and scratch as of conv2d_columns.h. Never in place.
 * output: planes as depthwise_conv2d_planes.h draws them, four channels behind four others, whole groups.
 */

#endif
