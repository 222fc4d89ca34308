/* Sums of values over pixels, several channels at a time: where pixels are whole words. */
#ifndef QMCU_SUM_PIXELS_H
#define QMCU_SUM_PIXELS_H

#include "kernel.h"

enum {
  /* Pixels whose sum of bytes fits a lane of 16 bits. */
  SUM_REACH = 255,
  /* Values in a byte, and channels in a word. */
  SUM_LANES = 8 / QMCU_INPUT_BITS,
  SUM_WORD_CHANNELS = 4 * SUM_LANES,
  /* Channels at a time, at most: two words of bytes, one word of narrower values. */
  SUM_CHANNELS = QMCU_INPUT_BITS == 8 ? 8 : SUM_WORD_CHANNELS
};

/* Whether the sums below serve the input: its pixels and windows. */
QMCU_INLINE int sum_applies(uint32_t channels, uint32_t columns) {
  return channels % SUM_WORD_CHANNELS == 0 && columns <= SUM_REACH;
}

/* Two sums for each value of a byte: of bytes 0 and 2 of a word, and of bytes 1 and 3. */
struct sum_word {
  uint32_t even[SUM_LANES], odd[SUM_LANES];
};

QMCU_INLINE void sum_add(struct sum_word *sum, uint32_t word) {
  for (uint32_t lane = 0; lane < SUM_LANES; lane++) {
    uint32_t values = word;
    if (QMCU_INPUT_BITS < 8) values = (word >> (lane * QMCU_INPUT_BITS)) & 0x01010101u * ((1u << QMCU_INPUT_BITS % 8) - 1u);
    sum->even[lane] = qmcu_add_even(sum->even[lane], values), sum->odd[lane] = qmcu_add_odd(sum->odd[lane], values);
  }
}

/* Adds to the sums of a word's channels and starts again. */
QMCU_INLINE void sum_flush(struct sum_word *sum, int32_t *sums) {
  for (uint32_t lane = 0; lane < SUM_LANES; lane++, sums++) {
    sums[0] += (int16_t)(uint16_t)sum->even[lane], sums[2 * SUM_LANES] += (int32_t)sum->even[lane] >> 16;
    sums[SUM_LANES] += (int16_t)(uint16_t)sum->odd[lane], sums[3 * SUM_LANES] += (int32_t)sum->odd[lane] >> 16;
    sum->even[lane] = sum->odd[lane] = 0;
  }
}

/* The channels of one word, or with `two` of two, from `pixel` on of `rows` rows of `columns` pixels, `step` bytes apart. */
QMCU_INLINE void sum_words(int32_t *sums, const uint8_t *pixel, uint32_t rows, uint32_t columns, uint32_t row_step,
                           uint32_t step, int two) {
  struct sum_word first = {{0}, {0}}, second = {{0}, {0}};
  uint32_t room = SUM_REACH;
  for (; rows > 0; rows--, pixel += row_step) {
    if (columns > room) {
      sum_flush(&first, sums);
      if (two) sum_flush(&second, sums + SUM_WORD_CHANNELS);
      room = SUM_REACH;
    }
    room -= columns;
    const uint8_t *at = pixel;
    for (uint32_t i = columns; i > 0; i--, at += step) {
      const qmcu_word *words = (const qmcu_word *)(const void *)at;
      sum_add(&first, words[0]);
      if (two) sum_add(&second, words[1]);
    }
  }
  sum_flush(&first, sums);
  if (two) sum_flush(&second, sums + SUM_WORD_CHANNELS);
}

/* Adds to the sums of up to SUM_CHANNELS of `channels`; returns of how many. */
static __attribute__((noinline, unused)) uint32_t sum_channels(int32_t *sums, const uint8_t *pixel, uint32_t channels,
                                                               uint32_t rows, uint32_t columns, uint32_t row_step,
                                                               uint32_t step) {
  if (SUM_CHANNELS > SUM_WORD_CHANNELS && channels >= SUM_CHANNELS) {
    sum_words(sums, pixel, rows, columns, row_step, step, 1);
    return SUM_CHANNELS;
  }
  sum_words(sums, pixel, rows, columns, row_step, step, 0);
  return SUM_WORD_CHANNELS;
}

#endif
