/*
 * Sub-byte packing: little-endian, channel-fastest, every pixel starts on a byte, unused bits are zero.
 * The same rules as src/numeric/lanes.ts. `bits` is 8, 4 or 2 and normally a constant, so that at 8 bits
 * everything here becomes a plain byte access. All targets are little-endian.
 */
#ifndef QMCU_LANES_H
#define QMCU_LANES_H

#include <stdint.h>

#define QMCU_INLINE static inline __attribute__((always_inline, unused))

/* Words and halfwords that may alias packed bytes; the address is aligned to their size. */
typedef uint32_t __attribute__((may_alias)) qmcu_word;
typedef int16_t __attribute__((may_alias)) qmcu_half;

/* Bytes of one pixel. */
QMCU_INLINE uint32_t qmcu_pixel_bytes(uint32_t channels, uint32_t bits) { return (channels * bits + 7u) >> 3; }

/* Stored value of channel `channel`: int8 at 8 bits, 0…2^bits − 1 below. */
QMCU_INLINE int32_t qmcu_load_lane(const void *pixel, uint32_t channel, uint32_t bits) {
  if (bits == 8) return ((const int8_t *)pixel)[channel];
  uint32_t bit = channel * bits;
  return (int32_t)(((uint32_t)((const uint8_t *)pixel)[bit >> 3] >> (bit & 7u)) & ((1u << bits) - 1u));
}

/* Weight `index` of a packed row: two's complement at every width. */
QMCU_INLINE int32_t qmcu_load_weight(const void *row, uint32_t index, uint32_t bits) {
  int32_t raw = qmcu_load_lane(row, index, bits);
  if (bits == 8) return raw;
  int32_t sign = (int32_t)(1u << (bits - 1u));
  return (raw ^ sign) - sign;
}

/*
 * Writes one lane and leaves the other lanes alone, except that the pixel's unused bits become zero with its
 * last channel. The order of the channels does not matter, so elementwise kernels may work in place.
 */
QMCU_INLINE void qmcu_store_lane(void *pixel, uint32_t channel, uint32_t channels, uint32_t bits, int32_t value) {
  if (bits == 8) {
    ((int8_t *)pixel)[channel] = (int8_t)value;
    return;
  }
  uint32_t bit = channel * bits;
  uint32_t low = bit & 7u;
  uint32_t lane = (1u << bits) - 1u;
  uint32_t clear = (channel + 1u == channels ? 0xffu : lane) << low;
  uint8_t *byte = (uint8_t *)pixel + (bit >> 3);
  *byte = (uint8_t)((*byte & ~clear) | (((uint32_t)value & lane) << low));
}

/* Writes `count` (1…4) lanes from channel `channel`, a multiple of 4; touches whole bytes, unused bits zero. */
QMCU_INLINE void qmcu_store_block(void *pixel, uint32_t channel, const int32_t *values, uint32_t count, uint32_t bits) {
  if (bits == 8) {
    int8_t *bytes = (int8_t *)pixel + channel;
    bytes[0] = (int8_t)values[0];
    if (count > 1) bytes[1] = (int8_t)values[1];
    if (count > 2) bytes[2] = (int8_t)values[2];
    if (count > 3) bytes[3] = (int8_t)values[3];
    return;
  }
  uint32_t packed = 0;
  for (uint32_t i = 0; i < count; i++) packed |= (uint32_t)values[i] << (i * bits);
  uint8_t *bytes = (uint8_t *)pixel + ((channel * bits) >> 3);
  for (uint32_t used = 0; used < count * bits; used += 8) *bytes++ = (uint8_t)(packed >> used);
}

QMCU_INLINE int32_t qmcu_clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

#endif
