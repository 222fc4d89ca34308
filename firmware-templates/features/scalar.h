/*
 * Feature `scalar`: plain C for any core, and the meaning of every function of the feature vocabulary.
 *
 * A "pair" is a 32-bit word of two signed 16-bit lanes, the low lane in bits 0..15. Accumulators are
 * uint32_t and wrap; the numeric contract bounds them below 2^31 in magnitude.
 */
#ifndef QMCU_FEATURE_SCALAR_H
#define QMCU_FEATURE_SCALAR_H

#include <stdint.h>

#define QMCU_FEATURE scalar

static inline int32_t qmcu_low(uint32_t pair) { return (int16_t)(uint16_t)pair; }
static inline int32_t qmcu_high(uint32_t pair) { return (int16_t)(uint16_t)(pair >> 16); }
static inline uint32_t qmcu_pair(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

/* acc + low(a)·low(b) + high(a)·high(b) */
static inline uint32_t qmcu_mac_pair(uint32_t acc, uint32_t a, uint32_t b) {
  return acc + (uint32_t)(qmcu_low(a) * qmcu_low(b)) + (uint32_t)(qmcu_high(a) * qmcu_high(b));
}
/* acc + low(a)·low(b) */
static inline uint32_t qmcu_mac_low(uint32_t acc, uint32_t a, uint32_t b) {
  return acc + (uint32_t)(qmcu_low(a) * qmcu_low(b));
}
/* acc + high(a)·high(b) */
static inline uint32_t qmcu_mac_high(uint32_t acc, uint32_t a, uint32_t b) {
  return acc + (uint32_t)(qmcu_high(a) * qmcu_high(b));
}

/* Bytes 0 and 2 of the word, sign-extended to a pair. */
static inline uint32_t qmcu_spread_even(uint32_t bytes) {
  return qmcu_pair((int8_t)(uint8_t)bytes, (int8_t)(uint8_t)(bytes >> 16));
}
/* Bytes 1 and 3 of the word, sign-extended to a pair. */
static inline uint32_t qmcu_spread_odd(uint32_t bytes) {
  return qmcu_pair((int8_t)(uint8_t)(bytes >> 8), (int8_t)(uint8_t)(bytes >> 24));
}

/* Pairs added lane by lane: pair + bytes 0 and 2 of the word, and pair + bytes 1 and 3, sign-extended. */
static inline uint32_t qmcu_add_even(uint32_t pair, uint32_t bytes) {
  const uint32_t even = qmcu_spread_even(bytes);
  return qmcu_pair(qmcu_low(pair) + qmcu_low(even), qmcu_high(pair) + qmcu_high(even));
}
static inline uint32_t qmcu_add_odd(uint32_t pair, uint32_t bytes) { return qmcu_add_even(pair, bytes >> 8); }
/* a − b lane by lane */
static inline uint32_t qmcu_sub_pairs(uint32_t a, uint32_t b) {
  return qmcu_pair(qmcu_low(a) - qmcu_low(b), qmcu_high(a) - qmcu_high(b));
}
/* The larger, or smaller, of each signed byte */
static inline uint32_t qmcu_max_bytes(uint32_t a, uint32_t b) {
  uint32_t result = 0;
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    const int8_t x = (int8_t)(uint8_t)(a >> shift), y = (int8_t)(uint8_t)(b >> shift);
    result |= (uint32_t)(uint8_t)(x >= y ? x : y) << shift;
  }
  return result;
}
static inline uint32_t qmcu_min_bytes(uint32_t a, uint32_t b) { return a ^ b ^ qmcu_max_bytes(a, b); }

/* The nearest value in −128…127. */
static inline int32_t qmcu_saturate8(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }

/* add + ((x·m + 2^31) >> 32) */
static inline int32_t qmcu_mul_high_add(int32_t x, int32_t m, int32_t add) {
  return add + (int32_t)(((int64_t)x * m + (INT64_C(1) << 31)) >> 32);
}
/* (x·m + 2^31) >> 32 */
static inline int32_t qmcu_mul_high(int32_t x, int32_t m) { return qmcu_mul_high_add(x, m, 0); }
/* (x·m + add·2^32) >> 32 */
static inline int32_t qmcu_mul_high_floor_add(int32_t x, int32_t m, int32_t add) {
  return add + (int32_t)(((int64_t)x * m) >> 32);
}

#endif
