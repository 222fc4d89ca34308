/*
 * Feature `dsp`: the DSP extension of ARMv7E-M and ARMv8-M (Cortex-M4, M7, M33). The vocabulary is explained
 * in scalar.h. ACLE intrinsics where arm_acle.h has them; inline assembly for what it lacks: SXTB16 with
 * rotation in one instruction, SXTAB16, SSUB8 with SEL, and the SMMLA family. Away from Arm the same instructions come from dsp_host.h.
 */
#ifndef QMCU_FEATURE_DSP_H
#define QMCU_FEATURE_DSP_H

#include <stdint.h>

#define QMCU_FEATURE dsp

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

static inline uint32_t qmcu_insn_sxtb16(uint32_t x) { return (uint32_t)__sxtb16((int8x4_t)x); }
static inline uint32_t qmcu_insn_sxtb16_ror8(uint32_t x) {
  uint32_t result;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
  return result;
}
static inline uint32_t qmcu_insn_smlad(uint32_t a, uint32_t b, uint32_t acc) {
  return (uint32_t)__smlad((int16x2_t)a, (int16x2_t)b, (int32_t)acc);
}
static inline uint32_t qmcu_insn_smlabb(uint32_t a, uint32_t b, uint32_t acc) {
  return (uint32_t)__smlabb((int32_t)a, (int32_t)b, (int32_t)acc);
}
static inline uint32_t qmcu_insn_smlatt(uint32_t a, uint32_t b, uint32_t acc) {
  return (uint32_t)__smlatt((int32_t)a, (int32_t)b, (int32_t)acc);
}
static inline int32_t qmcu_insn_smmlar(int32_t a, int32_t b, int32_t acc) {
  int32_t result;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
  return result;
}
static inline int32_t qmcu_insn_smmulr(int32_t a, int32_t b) {
  int32_t result;
  __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
static inline int32_t qmcu_insn_smmla(int32_t a, int32_t b, int32_t acc) {
  int32_t result;
  __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
  return result;
}
static inline int32_t qmcu_insn_ssat8(int32_t x) { return __ssat(x, 8); }
static inline uint32_t qmcu_insn_sxtab16(uint32_t acc, uint32_t x) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(acc), "r"(x));
  return result;
}
static inline uint32_t qmcu_insn_sxtab16_ror8(uint32_t acc, uint32_t x) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(acc), "r"(x));
  return result;
}
static inline uint32_t qmcu_insn_ssub16(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
/* Both instructions at once: the flags between them are the compiler's to lose. SSUB8 sets GE where a >= b. */
static inline uint32_t qmcu_insn_ssub8_sel(uint32_t a, uint32_t b, uint32_t greater, uint32_t less) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %3, %4" : "=&r"(result) : "r"(a), "r"(b), "r"(greater), "r"(less));
  return result;
}
#else
#include "dsp_host.h"
#endif

static inline uint32_t qmcu_mac_pair(uint32_t acc, uint32_t a, uint32_t b) { return qmcu_insn_smlad(a, b, acc); }
static inline uint32_t qmcu_mac_low(uint32_t acc, uint32_t a, uint32_t b) { return qmcu_insn_smlabb(a, b, acc); }
static inline uint32_t qmcu_mac_high(uint32_t acc, uint32_t a, uint32_t b) { return qmcu_insn_smlatt(a, b, acc); }
static inline uint32_t qmcu_spread_even(uint32_t bytes) { return qmcu_insn_sxtb16(bytes); }
static inline uint32_t qmcu_spread_odd(uint32_t bytes) { return qmcu_insn_sxtb16_ror8(bytes); }
static inline int32_t qmcu_mul_high_add(int32_t x, int32_t m, int32_t add) { return qmcu_insn_smmlar(x, m, add); }
static inline int32_t qmcu_mul_high(int32_t x, int32_t m) { return qmcu_insn_smmulr(x, m); }
static inline int32_t qmcu_mul_high_floor_add(int32_t x, int32_t m, int32_t add) {
  return qmcu_insn_smmla(x, m, add);
}

static inline uint32_t qmcu_add_even(uint32_t pair, uint32_t bytes) { return qmcu_insn_sxtab16(pair, bytes); }
static inline uint32_t qmcu_add_odd(uint32_t pair, uint32_t bytes) { return qmcu_insn_sxtab16_ror8(pair, bytes); }
static inline uint32_t qmcu_sub_pairs(uint32_t a, uint32_t b) { return qmcu_insn_ssub16(a, b); }
static inline uint32_t qmcu_max_bytes(uint32_t a, uint32_t b) { return qmcu_insn_ssub8_sel(a, b, a, b); }
static inline uint32_t qmcu_min_bytes(uint32_t a, uint32_t b) { return qmcu_insn_ssub8_sel(a, b, b, a); }

static inline int32_t qmcu_saturate8(int32_t x) { return qmcu_insn_ssat8(x); }

static inline uint32_t qmcu_pair(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

#endif
