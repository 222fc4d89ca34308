/*
 * The inner loop of conv2d and fully_connected: four output channels times one or two columns.
 *
 * Weight stream of a block of four channels c0…c3, per pair of k (lo, hi), consumed from one pointer
 * (src/bind/pack-weights.ts writes it):
 *   w8: two words, bytes [c0.lo c1.lo c0.hi c1.hi] [c2.lo c3.lo c2.hi c3.hi], two's complement
 *   w4: one word, nibble j (bits 4j) = c_j.lo, bits 16 + 4j = c_j.hi, stored as w + 8
 *   w2: one word for two pairs, bits 2j = c_j.lo, 16 + 2j = c_j.hi (j = 0…3), j = 4…7 the second pair; w + 2
 * The offsets of w4 and w2 are part of `weight_offset`, which the caller corrects with the column sums.
 */
#ifndef QMCU_DOT_BLOCK_H
#define QMCU_DOT_BLOCK_H

#include "column.h"

#if QMCU_WEIGHT_BITS == 8
#define QMCU_BLOCK_WORDS(pairs) ((pairs) * 2u)
#elif QMCU_WEIGHT_BITS == 4
#define QMCU_BLOCK_WORDS(pairs) (pairs)
#else
#define QMCU_BLOCK_WORDS(pairs) ((pairs) / 2u)
#endif

/* Hides where a pointer comes from, so that the loads around it stay single: LDRD neither pipelines nor frees early. */
#define QMCU_SEPARATE(pointer) __asm__("" : "+r"(pointer))

/* Two channels' weight pairs times both columns' pairs x and y. */
#define QMCU_MAC_2X2(w0, w1, first, second)    \
  do {                                         \
    uint32_t pair = (w0);                      \
    a##first = qmcu_mac_pair(a##first, pair, x);   \
    b##first = qmcu_mac_pair(b##first, pair, y);   \
    pair = (w1);                               \
    a##second = qmcu_mac_pair(a##second, pair, x); \
    b##second = qmcu_mac_pair(b##second, pair, y); \
  } while (0)

#define QMCU_MAC_1X4(w0, w1, w2, w3)     \
  do {                                   \
    a0 = qmcu_mac_pair(a0, (w0), x);     \
    a1 = qmcu_mac_pair(a1, (w1), x);     \
    a2 = qmcu_mac_pair(a2, (w2), x);     \
    a3 = qmcu_mac_pair(a3, (w3), x);     \
  } while (0)

/* Lane pair j of a packed sub-byte weight word. */
#define QMCU_WEIGHT_PAIR(word, j) \
  (((word) >> ((j) * QMCU_WEIGHT_BITS)) & (0x00010001u * ((1u << QMCU_WEIGHT_BITS) - 1u)))

/* One weight step of two columns: a pair of k, or two at w2. */
#if QMCU_WEIGHT_BITS == 8
#define QMCU_STEP_2X4()                                                   \
  do {                                                                    \
    const uint32_t x = *columns++, y = *columns++;                        \
    uint32_t word = *weights++;                                           \
    QMCU_MAC_2X2(qmcu_spread_even(word), qmcu_spread_odd(word), 0, 1);    \
    QMCU_SEPARATE(weights);                                               \
    word = *weights++;                                                    \
    QMCU_MAC_2X2(qmcu_spread_even(word), qmcu_spread_odd(word), 2, 3);    \
    QMCU_SEPARATE(weights);                                               \
  } while (0)
#else
#define QMCU_PAIR_2X4(j)                                                                      \
  do {                                                                                        \
    const uint32_t x = *columns++, y = *columns++;                                            \
    QMCU_MAC_2X2(QMCU_WEIGHT_PAIR(word, (j) + 0), QMCU_WEIGHT_PAIR(word, (j) + 1), 0, 1);     \
    QMCU_MAC_2X2(QMCU_WEIGHT_PAIR(word, (j) + 2), QMCU_WEIGHT_PAIR(word, (j) + 3), 2, 3);     \
  } while (0)
#if QMCU_WEIGHT_BITS == 4
#define QMCU_STEP_2X4()                \
  do {                                 \
    const uint32_t word = *weights++;  \
    QMCU_PAIR_2X4(0);                  \
  } while (0)
#else
#define QMCU_STEP_2X4()                \
  do {                                 \
    const uint32_t word = *weights++;  \
    QMCU_PAIR_2X4(0);                  \
    QMCU_PAIR_2X4(4);                  \
  } while (0)
#endif
#endif

/* Words of both columns that a step consumes. */
#define QMCU_STEP_WORDS (QMCU_WEIGHT_BITS == 2 ? 4u : 2u)

/*
 * A function of its own, so that its accumulators have the registers. They start at the channels' bias. acc[0…3] for column 0, acc[4…7] for
 * column 1; `columns` interleaves both. Four steps per turn, because the end of the loop costs about a third of one.
 */
static __attribute__((noinline, unused)) void qmcu_dot_2x4(const qmcu_word *weights, const qmcu_word *columns,
                                                           uint32_t pairs, const struct qmcu_channel *channels,
                                                           uint32_t acc[8]) {
  uint32_t a0 = (uint32_t)channels[0].bias, a1 = (uint32_t)channels[1].bias;
  uint32_t a2 = (uint32_t)channels[2].bias, a3 = (uint32_t)channels[3].bias;
  uint32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;
  const qmcu_word *end = columns + pairs * 2u / (4u * QMCU_STEP_WORDS) * (4u * QMCU_STEP_WORDS);
  while (columns != end) {
    QMCU_STEP_2X4();
    QMCU_STEP_2X4();
    QMCU_STEP_2X4();
    QMCU_STEP_2X4();
  }
  end = columns + pairs * 2u % (4u * QMCU_STEP_WORDS);
  while (columns != end) QMCU_STEP_2X4();
  acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
  acc[4] = b0, acc[5] = b1, acc[6] = b2, acc[7] = b3;
}

/* The same for a single column. */
QMCU_INLINE void qmcu_dot_1x4(const qmcu_word *weights, const qmcu_word *column, uint32_t pairs, uint32_t acc[4]) {
  uint32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
  const qmcu_word *end = column + pairs;
  while (column != end) {
    uint32_t x = *column++;
#if QMCU_WEIGHT_BITS == 8
    uint32_t word = *weights++;
    uint32_t next = *weights++;
    QMCU_MAC_1X4(qmcu_spread_even(word), qmcu_spread_odd(word), qmcu_spread_even(next), qmcu_spread_odd(next));
#else
    uint32_t word = *weights++;
    QMCU_MAC_1X4(QMCU_WEIGHT_PAIR(word, 0), QMCU_WEIGHT_PAIR(word, 1), QMCU_WEIGHT_PAIR(word, 2),
                 QMCU_WEIGHT_PAIR(word, 3));
#if QMCU_WEIGHT_BITS == 2
    x = *column++;
    QMCU_MAC_1X4(QMCU_WEIGHT_PAIR(word, 4), QMCU_WEIGHT_PAIR(word, 5), QMCU_WEIGHT_PAIR(word, 6),
                 QMCU_WEIGHT_PAIR(word, 7));
#endif
#endif
  }
  acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
}

#endif
