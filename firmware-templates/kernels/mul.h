/* MUL, element by element, the second operand broadcast. */
#ifndef QMCU_MUL_H
#define QMCU_MUL_H

#include "../numeric/stages.h"

struct mul_args {
  uint32_t pixels;
  uint16_t channels;
  /* Pixels and channels of the second operand: as the first, or 1 where it is broadcast. */
  uint32_t second_pixels;
  uint16_t second_channels;
  /* Width of the second operand; the first has the instance's. */
  uint8_t second_bits;
  uint8_t output_bits;
  int32_t zero_point[2];
  /* No bias; `wide` where the short form of requantisation is not exact for all products. */
  struct qmcu_channel scale;
  struct qmcu_output_stage stage;
};

/*
 * Kernel: void mul_a<a>__<feature>(args, first, second, output)
 * All packed NHWC. The output may overwrite an operand of its own shape and width. No scratch.
 */

#endif
