/* RELU, RELU6, QUANTIZE and changes of width: q = clamp(z + scale(q − z_in)). */
#ifndef QMCU_KERNEL_REQUANTIZE_H
#define QMCU_KERNEL_REQUANTIZE_H

#include "../numeric/stages.h"

struct requantize_args {
  uint32_t pixels;
  uint16_t channels;
  uint8_t output_bits;
  int32_t input_zero_point;
  int32_t multiplier;
  int32_t shift;
  struct qmcu_output_stage stage;
};

/* Kernel: void requantize_a<a>__<feature>(args, input, output). Packed; in place at equal widths. No scratch. */

#endif
