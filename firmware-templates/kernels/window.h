/* Shapes and the kernel window, shared by the argument structs. All sizes in elements, at most 65535. */
#ifndef QMCU_WINDOW_H
#define QMCU_WINDOW_H

#include <stdint.h>

struct qmcu_shape {
  uint16_t height;
  uint16_t width;
  uint16_t channels;
};

/* Padding at the bottom and right follows from the output's size; padding holds the input's zero point. */
struct qmcu_window {
  uint16_t kernel_height, kernel_width;
  uint16_t stride_height, stride_width;
  uint16_t dilation_height, dilation_width;
  uint16_t pad_top, pad_left;
};

#endif
