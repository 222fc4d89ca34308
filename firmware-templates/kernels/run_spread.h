/*
 * Bytes of the input widened to pairs of int16, word by word: bytes (0, 2), then (1, 3); what is left fills one pair or two:
 * (e0, e1), (e2, –). Sub-byte inputs come in whole words only. src/bind/variants/matrix-columns.ts is the twin of this order. What has no value meets weights of zero, so it may be
 * anything.
 */
#ifndef QMCU_RUN_SPREAD_H
#define QMCU_RUN_SPREAD_H

#include "kernel.h"

/* A word at any address: the cores load it in one instruction. */
typedef uint32_t __attribute__((may_alias, aligned(1))) qmcu_loose_word;

/*
 * One word; sub-byte lanes (j, j + half of them) make a pair. Returns where the next one goes. With narrow weights, which are
 * stored with an offset, `sum` gathers the elements.
 */
QMCU_INLINE qmcu_word *run_word(qmcu_word *pair, uint32_t slots, uint32_t word, uint32_t *sum) {
#if QMCU_INPUT_BITS == 8
  pair[0] = qmcu_spread_even(word);
  pair[slots] = qmcu_spread_odd(word);
  if (QMCU_WEIGHT_BITS != 8) {
    *sum = qmcu_mac_pair(*sum, pair[0], 0x00010001u);
    *sum = qmcu_mac_pair(*sum, pair[slots], 0x00010001u);
  }
#else
  (void)sum;
  const uint32_t lanes = 0x00010001u * ((1u << QMCU_INPUT_BITS) - 1u);
  for (uint32_t j = 0; j < QMCU_INPUT_LANES / 2u; j++) pair[j * slots] = (word >> (j * QMCU_INPUT_BITS)) & lanes;
#endif
  return pair + QMCU_INPUT_LANES / 2u * slots;
}

/* Widens `bytes` bytes to pairs that stand `slots` words apart; returns where the next run goes. */
QMCU_INLINE qmcu_word *run_spread(qmcu_word *pair, uint32_t slots, const uint8_t *from, uint32_t bytes, uint32_t *sum) {
  const qmcu_loose_word *word = (const qmcu_loose_word *)(const void *)from;
  for (uint32_t i = bytes / 16u; i > 0; i--, word += 4) {
    const uint32_t a = word[0], b = word[1], c = word[2], d = word[3];
    pair = run_word(pair, slots, a, sum);
    pair = run_word(pair, slots, b, sum);
    pair = run_word(pair, slots, c, sum);
    pair = run_word(pair, slots, d, sum);
  }
  for (uint32_t i = bytes / 4u % 4u; i > 0; i--) pair = run_word(pair, slots, *word++, sum);
  const int8_t *rest = (const int8_t *)word;
  if (QMCU_WEIGHT_BITS != 8)
    for (uint32_t i = 0; i < bytes % 4u; i++) *sum += (uint32_t)rest[i];
  switch (bytes % 4u) {
    case 3: pair[0] = qmcu_pair(rest[0], rest[1]), pair[slots] = qmcu_pair(rest[2], 0); return pair + 2 * slots;
    case 2: pair[0] = qmcu_pair(rest[0], rest[1]); return pair + slots;
    case 1: pair[0] = (uint32_t)rest[0]; return pair + slots;
    default: return pair;
  }
}

/* The same into one slot of two. */
QMCU_INLINE qmcu_word *run_expand(qmcu_word *pair, const uint8_t *from, uint32_t bytes, uint32_t *sum) {
  return run_spread(pair, 2, from, bytes, sum);
}

#endif
