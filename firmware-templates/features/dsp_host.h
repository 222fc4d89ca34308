/*
 * The DSP instructions that features/dsp.h uses, modelled in C, so that DSP kernels run on any host.
 *
 * Source: Arm Architecture Reference Manual ARMv7-M (DDI 0403), SXTB16, SMLAD, SMLABB, SMLATT, SMMUL, SMMLA, SSAT, SXTAB16, SSUB16,
 * SSUB8, SEL.
 * The Q flag is not modelled: no kernel reads it.
 */
#ifndef QMCU_FEATURE_DSP_HOST_H
#define QMCU_FEATURE_DSP_HOST_H

#include <stdint.h>

static inline uint32_t qmcu_host_lane(uint32_t word, unsigned shift) {
  return (uint32_t)(int32_t)(int16_t)(uint16_t)(word >> shift);
}
static inline uint32_t qmcu_insn_sxtb16(uint32_t x) {
  uint32_t low = (uint32_t)(int32_t)(int8_t)(uint8_t)x;
  uint32_t high = (uint32_t)(int32_t)(int8_t)(uint8_t)(x >> 16);
  return (low & 0xffffu) | (high << 16);
}
static inline uint32_t qmcu_insn_sxtb16_ror8(uint32_t x) { return qmcu_insn_sxtb16((x >> 8) | (x << 24)); }
static inline uint32_t qmcu_insn_smlad(uint32_t a, uint32_t b, uint32_t acc) {
  return acc + qmcu_host_lane(a, 0) * qmcu_host_lane(b, 0) + qmcu_host_lane(a, 16) * qmcu_host_lane(b, 16);
}
static inline uint32_t qmcu_insn_smlabb(uint32_t a, uint32_t b, uint32_t acc) {
  return acc + qmcu_host_lane(a, 0) * qmcu_host_lane(b, 0);
}
static inline uint32_t qmcu_insn_smlatt(uint32_t a, uint32_t b, uint32_t acc) {
  return acc + qmcu_host_lane(a, 16) * qmcu_host_lane(b, 16);
}
static inline int32_t qmcu_insn_smmlar(int32_t a, int32_t b, int32_t acc) {
  uint64_t sum = (uint64_t)((int64_t)a * b) + ((uint64_t)(uint32_t)acc << 32) + 0x80000000u;
  return (int32_t)(uint32_t)(sum >> 32);
}
static inline int32_t qmcu_insn_smmulr(int32_t a, int32_t b) { return qmcu_insn_smmlar(a, b, 0); }
static inline int32_t qmcu_insn_smmla(int32_t a, int32_t b, int32_t acc) {
  uint64_t sum = (uint64_t)((int64_t)a * b) + ((uint64_t)(uint32_t)acc << 32);
  return (int32_t)(uint32_t)(sum >> 32);
}
static inline uint32_t qmcu_insn_sxtab16(uint32_t acc, uint32_t x) {
  const uint32_t spread = qmcu_insn_sxtb16(x);
  return ((acc + spread) & 0xffffu) | (((acc >> 16) + (spread >> 16)) << 16);
}
static inline uint32_t qmcu_insn_sxtab16_ror8(uint32_t acc, uint32_t x) {
  return qmcu_insn_sxtab16(acc, (x >> 8) | (x << 24));
}
static inline uint32_t qmcu_insn_ssub16(uint32_t a, uint32_t b) {
  return ((a - b) & 0xffffu) | (((a >> 16) - (b >> 16)) << 16);
}
static inline uint32_t qmcu_insn_ssub8_sel(uint32_t a, uint32_t b, uint32_t greater, uint32_t less) {
  uint32_t result = 0;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    const int8_t x = (int8_t)(uint8_t)(a >> shift), y = (int8_t)(uint8_t)(b >> shift);
    result |= (x >= y ? greater : less) & (0xffu << shift);
  }
  return result;
}
static inline int32_t qmcu_insn_ssat8(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }

#endif
