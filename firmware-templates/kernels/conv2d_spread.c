/* CONV_2D, what follows where only the channels that can vary were computed. Two pixels at a time. */
#include "conv2d_spread.h"

#include "kernel.h"
#include "run_spread.h"

static void fill(const uint8_t *constants, uint32_t bytes, uint8_t *first, uint8_t *second) {
  const uint8_t *end = constants + (bytes & ~3u);
  for (; constants != end; constants += 4, first += 4, second += 4) {
    const uint32_t word = *(const qmcu_word *)(const void *)constants;
    *(qmcu_loose_word *)(void *)second = word;
    *(qmcu_loose_word *)(void *)first = word;
  }
  for (end += bytes & 3u; constants != end; constants++) *second++ = *first++ = *constants;
}

QMCU_INLINE uint32_t moved(uint32_t value, uint32_t rotation, uint32_t mask) {
  return (value >> rotation | value << (-rotation & 31u)) & mask;
}

static void move(const struct conv2d_spread_group *group, const uint16_t *place, const uint8_t *from,
                 uint32_t dense_bytes, uint8_t *first, uint8_t *second) {
  const uint8_t *other = from + (first == second ? 0 : dense_bytes);
  const uint32_t rotation = group->rotation, mask = group->mask;
  for (const uint16_t *end = place + group->count; place != end; place++) {
    const uint32_t at = *place, a = *from++, b = *other++;
    if (QMCU_INPUT_BITS == 8) {
      first[at] = (uint8_t)a, second[at] = (uint8_t)b;
    } else {
      second[at] |= (uint8_t)moved(b, rotation, mask);
      first[at] |= (uint8_t)moved(a, rotation, mask);
    }
  }
}

void QMCU_INSTANCE(const struct conv2d_spread_args *args, const void *input, void *output);
void QMCU_INSTANCE(const struct conv2d_spread_args *args, const void *input, void *output) {
  const struct conv2d_spread_args spread = *args;
  const uint8_t *from = (const uint8_t *)input;
  uint8_t *first = (uint8_t *)output;
  for (uint32_t left = spread.pixels; left > 0;) {
    const uint32_t count = left > 1 ? 2 : 1;
    /* A last pixel alone is written twice. */
    uint8_t *second = count > 1 ? first + spread.pixel_bytes : first;
    fill(spread.constants, spread.pixel_bytes, first, second);
    const struct conv2d_spread_group *group = (const struct conv2d_spread_group *)(const void *)spread.groups;
    const uint16_t *place = spread.places;
    for (uint32_t i = spread.group_count; i > 0; i--, group++) {
      move(group, place, from + group->from, spread.dense_bytes, first, second);
      place += group->count;
    }
    first = second + spread.pixel_bytes;
    from += count * spread.dense_bytes;
    left -= count;
  }
}
