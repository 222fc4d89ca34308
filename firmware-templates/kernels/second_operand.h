/* How elementwise kernels of two operands walk their tensors, the second one broadcast. */
#ifndef QMCU_SECOND_OPERAND_H
#define QMCU_SECOND_OPERAND_H

#include "kernel.h"

struct operand_walk {
  uint32_t pixels, channels;
  /* Bytes from pixel to pixel; 0 for a broadcast second operand. */
  uint32_t first_step, second_step, output_step;
  /* 1, or 0 when one value serves all channels. */
  uint32_t second_channel;
  uint32_t second_bits, output_bits;
};

QMCU_INLINE struct operand_walk operand_walk_of(uint32_t pixels, uint32_t channels, uint32_t second_pixels,
                                                uint32_t second_channels, uint32_t second_bits, uint32_t output_bits) {
  struct operand_walk walk;
  walk.pixels = pixels;
  walk.channels = channels;
  walk.first_step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  walk.second_step = second_pixels == 1 ? 0 : qmcu_pixel_bytes(second_channels, second_bits);
  walk.output_step = qmcu_pixel_bytes(channels, output_bits);
  walk.second_channel = second_channels == 1 ? 0 : 1;
  walk.second_bits = second_bits;
  walk.output_bits = output_bits;
  return walk;
}

/* Bytes everywhere and nothing broadcast: all pixels are one row of elements. */
QMCU_INLINE int operand_walk_is_flat(const struct operand_walk *walk) {
  const int whole = walk->pixels == 1 || walk->second_step == walk->first_step;
  return QMCU_INPUT_BITS == 8 && walk->second_bits == 8 && walk->output_bits == 8 && whole && walk->second_channel == 1;
}

/* A flat walk with its widths as constants, so that the compiler specialises the loop for bytes. */
QMCU_INLINE struct operand_walk operand_walk_flattened(const struct operand_walk *walk) {
  return (struct operand_walk){1, walk->pixels * walk->channels, 0, 0, 0, 1, 8, 8};
}

#endif
