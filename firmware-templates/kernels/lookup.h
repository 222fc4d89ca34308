/* A pointwise function as a table: out = table[q − lowest stored value]. */
#ifndef QMCU_LOOKUP_H
#define QMCU_LOOKUP_H

#include <stdint.h>

struct lookup_args {
  uint32_t pixels;
  uint16_t channels;
  uint8_t output_bits;
  /* 2^bits entries. */
  const int8_t *table;
};

/* Kernel: void lookup_a<a>__<feature>(args, input, output). Packed; in place at equal widths. No scratch. */

#endif
