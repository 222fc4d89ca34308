/* MUL: q = clamp(z + scale((q0 − z0)(q1 − z1))). */
#include "mul.h"

#include "finish_block.h"
#include "second_operand.h"

/* `count` (1…4) channels of a pixel from a multiple of four on. */
QMCU_INLINE void mul_block(const struct mul_args *args, const struct qmcu_output_stage *stage, const uint8_t *first,
                           const uint8_t *second, uint8_t *output, uint32_t count, const struct operand_walk *walk) {
  int32_t values[4] = {0, 0, 0, 0};
  for (uint32_t i = 0; i < count; i++) {
    const int32_t a = qmcu_load_lane(first, i, QMCU_INPUT_BITS) - args->zero_point[0];
    const int32_t b = qmcu_load_lane(second, i * walk->second_channel, walk->second_bits) - args->zero_point[1];
    values[i] = qmcu_requantize_channel((uint32_t)(a * b), &args->scale, stage);
  }
  qmcu_store_block(output, 0, values, count, walk->output_bits);
}

/* Any widths, any broadcast, any multiplier. */
QMCU_INLINE void mul_lanes(const struct mul_args *args, const uint8_t *first, const uint8_t *second, uint8_t *output,
                           const struct operand_walk *walk) {
  const struct qmcu_output_stage stage = args->stage;
  for (uint32_t p = 0; p < walk->pixels; p++) {
    const uint8_t *a = first, *b = second;
    uint8_t *out = output;
    uint32_t left = walk->channels;
    for (; left >= 4; left -= 4) {
      mul_block(args, &stage, a, b, out, 4, walk);
      a += QMCU_INPUT_BITS / 2u, b += walk->second_channel * walk->second_bits / 2u, out += walk->output_bits / 2u;
    }
    if (left > 0) mul_block(args, &stage, a, b, out, left, walk);
    first += walk->first_step, second += walk->second_step, output += walk->output_step;
  }
}

#if QMCU_INPUT_BITS == 8
/* Products of the lower, and of the upper, halves. */
QMCU_INLINE uint32_t mul_low(uint32_t a, uint32_t b) { return (uint32_t)((int16_t)(uint16_t)a * (int16_t)(uint16_t)b); }
QMCU_INLINE uint32_t mul_high(uint32_t a, uint32_t b) { return (uint32_t)(((int32_t)a >> 16) * ((int32_t)b >> 16)); }

/* `length` bytes, whole words but for the last ones, in the short form; `full_range`: the clamp is int8's. */
QMCU_INLINE void mul_bytes(const struct mul_args *args, const uint8_t *first, const uint8_t *second, uint8_t *output,
                           uint32_t length, uint32_t full_range) {
  const struct qmcu_output_stage stage = args->stage;
  const int32_t multiplier = args->scale.multiplier, z0 = args->zero_point[0], z1 = args->zero_point[1];
  const uint32_t left = args->scale.left, right = args->scale.right;
  const uint32_t zeros = qmcu_pair(z0, z0), second_zeros = qmcu_pair(z1, z1);
  const qmcu_word *a = (const qmcu_word *)(const void *)first, *b = (const qmcu_word *)(const void *)second;
  int8_t *out = (int8_t *)output;
  for (uint32_t words = length / 4u; words > 0; words--, out += 4) {
    const uint32_t x = *a++, y = *b++;
    const uint32_t even = qmcu_sub_pairs(qmcu_spread_even(x), zeros), odd = qmcu_sub_pairs(qmcu_spread_odd(x), zeros);
    const uint32_t by_even = qmcu_sub_pairs(qmcu_spread_even(y), second_zeros);
    const uint32_t by_odd = qmcu_sub_pairs(qmcu_spread_odd(y), second_zeros);
    out[0] = (int8_t)finish_short(mul_low(even, by_even), multiplier, left, right, &stage, full_range);
    out[1] = (int8_t)finish_short(mul_low(odd, by_odd), multiplier, left, right, &stage, full_range);
    out[2] = (int8_t)finish_short(mul_high(even, by_even), multiplier, left, right, &stage, full_range);
    out[3] = (int8_t)finish_short(mul_high(odd, by_odd), multiplier, left, right, &stage, full_range);
  }
  const int8_t *rest = (const int8_t *)a, *by = (const int8_t *)b;
  for (uint32_t i = length % 4u; i > 0; i--) {
    const int32_t product = (*rest++ - z0) * (*by++ - z1);
    *out++ = (int8_t)finish_short((uint32_t)product, multiplier, left, right, &stage, full_range);
  }
}

/* Bytes everywhere and pixels of whole words, or one row of bytes that follow each other: a row of bytes at a time. */
QMCU_INLINE int mul_is_rows(const struct operand_walk *walk) {
  const int bytes = walk->second_bits == 8 && walk->output_bits == 8 && walk->second_channel == 1;
  return bytes && (walk->channels % 4u == 0 || walk->pixels == 1);
}
#endif

void QMCU_KERNEL(mul)(const struct mul_args *args, const void *first, const void *second, void *output);
void QMCU_KERNEL(mul)(const struct mul_args *args, const void *first, const void *second, void *output) {
  const uint8_t *a = (const uint8_t *)first, *b = (const uint8_t *)second;
  uint8_t *out = (uint8_t *)output;
  struct operand_walk walk = operand_walk_of(args->pixels, args->channels, args->second_pixels, args->second_channels,
                                             args->second_bits, args->output_bits);
  if (operand_walk_is_flat(&walk)) walk = operand_walk_flattened(&walk);
#if QMCU_INPUT_BITS == 8
  if (!args->scale.wide && mul_is_rows(&walk)) {
    const int full_range = args->stage.clamp_min == -128 && args->stage.clamp_max == 127;
    for (uint32_t p = walk.pixels; p > 0; p--) {
      if (full_range)
        mul_bytes(args, a, b, out, walk.channels, 1);
      else
        mul_bytes(args, a, b, out, walk.channels, 0);
      a += walk.first_step, b += walk.second_step, out += walk.output_step;
    }
    return;
  }
#endif
  /* Constants where they are the usual ones. */
  if (walk.second_bits == QMCU_INPUT_BITS && walk.output_bits == QMCU_INPUT_BITS && walk.second_channel == 1) {
    walk.second_bits = walk.output_bits = QMCU_INPUT_BITS, walk.second_channel = 1;
    mul_lanes(args, a, b, out, &walk);
  } else {
    mul_lanes(args, a, b, out, &walk);
  }
}
