/*
 * Columns: the input values under one output pixel, widened to pairs of int16, in the order of the weights.
 *
 * A column buffer holds `slots` (1 or 2) columns interleaved: pair i of slot s is word [i · slots + s].
 *
 *   slots = 2:  | p0.k0 p0.k1 | p1.k0 p1.k1 | p0.k2 p0.k3 | p1.k2 p1.k3 | …
 *
 * Order of k (src/bind/column-order.ts is its twin): when the channel count is a multiple of the lanes in an
 * input word, words are spread by masks and pair j of a word of L lanes holds lanes (j, j + L/2); otherwise
 * pairs hold neighbours (2i, 2i + 1). Both keep the order (ky, kx, c) between words.
 */
#ifndef QMCU_COLUMN_H
#define QMCU_COLUMN_H

#include "kernel.h"

/* Weights of one step are consumed this many k at a time; columns are zero-padded to a multiple. */
#if QMCU_WEIGHT_BITS == 2
#define QMCU_COLUMN_MULTIPLE 4u
#else
#define QMCU_COLUMN_MULTIPLE 2u
#endif

QMCU_INLINE uint32_t qmcu_column_pairs(uint32_t k) {
  return (k + QMCU_COLUMN_MULTIPLE - 1u) / QMCU_COLUMN_MULTIPLE * (QMCU_COLUMN_MULTIPLE / 2u);
}

/* Element k of a slot as a halfword; `column` points at the slot's first word. */
QMCU_INLINE qmcu_half *qmcu_column_at(qmcu_word *column, uint32_t slots, uint32_t k) {
  return (qmcu_half *)(column + (k >> 1) * slots) + (k & 1u);
}

QMCU_INLINE void qmcu_column_fill(qmcu_word *column, uint32_t slots, uint32_t k, uint32_t count, int32_t value) {
  if (count == 0) return;
  if (k & 1u) *qmcu_column_at(column, slots, k++) = (int16_t)value, count--;
  qmcu_word *pair = column + (k >> 1) * slots;
  for (; count >= 2; count -= 2, pair += slots) *pair = qmcu_pair(value, value);
  if (count > 0) *(qmcu_half *)pair = (int16_t)value;
}

/* Spreads one input word over QMCU_INPUT_LANES / 2 pairs. */
QMCU_INLINE void qmcu_column_spread(qmcu_word *pair, uint32_t slots, uint32_t word) {
#if QMCU_INPUT_BITS == 8
  pair[0] = qmcu_spread_even(word);
  pair[slots] = qmcu_spread_odd(word);
#else
  const uint32_t lanes = 0x00010001u * ((1u << QMCU_INPUT_BITS) - 1u);
  for (uint32_t j = 0; j < QMCU_INPUT_LANES / 2; j++) pair[j * slots] = (word >> (j * QMCU_INPUT_BITS)) & lanes;
#endif
}

/* Appends whole neighbouring pixels at element k; returns the next k. */
QMCU_INLINE uint32_t qmcu_column_append(qmcu_word *column, uint32_t slots, uint32_t k, const uint8_t *pixels,
                                        uint32_t count, uint32_t channels) {
  if (channels % QMCU_INPUT_LANES == 0) {
    const qmcu_word *word = (const qmcu_word *)(const void *)pixels;
    const qmcu_word *end = word + count * channels / QMCU_INPUT_LANES;
    qmcu_word *pair = column + (k >> 1) * slots;
    for (; word != end; pair += slots * (QMCU_INPUT_LANES / 2)) qmcu_column_spread(pair, slots, *word++);
    return k + count * channels;
  }
#if QMCU_INPUT_BITS == 8
  const int8_t *value = (const int8_t *)pixels;
  const int8_t *end = value + count * channels;
  if (k & 1u) *qmcu_column_at(column, slots, k) = *value++;
  qmcu_word *pair = column + ((k + 1u) >> 1) * slots;
  for (; end - value >= 2; value += 2, pair += slots) *pair = qmcu_pair(value[0], value[1]);
  if (value != end) *(qmcu_half *)pair = *value;
  return k + count * channels;
#else
  for (; count > 0; count--, pixels += qmcu_pixel_bytes(channels, QMCU_INPUT_BITS))
    for (uint32_t c = 0; c < channels; c++, k++)
      *qmcu_column_at(column, slots, k) = (int16_t)qmcu_load_lane(pixels, c, QMCU_INPUT_BITS);
  return k;
#endif
}

/* Zeroes the elements beyond k and returns the column's sum, when `wanted`; 0 otherwise. */
QMCU_INLINE int32_t qmcu_column_finish(qmcu_word *column, uint32_t slots, uint32_t k, int wanted) {
  uint32_t pairs = qmcu_column_pairs(k);
  qmcu_column_fill(column, slots, k, pairs * 2u - k, 0);
  if (!wanted) return 0;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < pairs; i++) sum = qmcu_mac_pair(sum, column[i * slots], 0x00010001u);
  return (int32_t)sum;
}

#endif
