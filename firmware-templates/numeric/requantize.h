/*
 * Requantisation: int32 accumulator to stored width, bit-exact with src/numeric/requantize.ts. The mode is one
 * per build: config.h defines QMCU_REQUANT_TFLM, QMCU_REQUANT_SINGLE or QMCU_REQUANT_MULHI.
 *
 * `tflm` and `single` state tensorflow/lite/kernels/internal/common.h (MultiplyByQuantizedMultiplier with two
 * roundings, and with TFLITE_SINGLE_ROUNDING); `mulhi` is this project's own. Multipliers are never negative,
 * so the one saturating case of gemmlowp (both operands INT32_MIN) cannot occur. Right shifts of negative
 * values are arithmetic in every supported compiler.
 *
 * Include after a feature header (qmcu_mul_high_add).
 */
#ifndef QMCU_REQUANTIZE_H
#define QMCU_REQUANTIZE_H

#include <stdint.h>

#include "lanes.h"
#include "stages.h"

#if !defined(QMCU_REQUANT_TFLM) && !defined(QMCU_REQUANT_SINGLE) && !defined(QMCU_REQUANT_MULHI)
#include "../config.h"
#endif

/* gemmlowp RoundingDivideByPOT: arithmetic right shift by 0…31, halves away from zero. */
QMCU_INLINE int32_t qmcu_rounding_divide_by_pot(int32_t value, uint32_t exponent) {
  uint32_t mask = (1u << exponent) - 1u;
  uint32_t remainder = (uint32_t)value & mask;
  uint32_t threshold = (mask >> 1) + (value < 0 ? 1u : 0u);
  return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

/* gemmlowp SaturatingRoundingDoublingHighMul, but for both operands INT32_MIN: (a·b + 2^30) >> 31. */
QMCU_INLINE int32_t qmcu_doubling_high_mul(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

#if defined(QMCU_REQUANT_TFLM)
/* `shift` −31…30, positive shifts left. */
QMCU_INLINE int32_t qmcu_scale(int32_t acc, int32_t multiplier, int32_t shift) {
  uint32_t left = shift > 0 ? (uint32_t)shift : 0u;
  uint32_t right = shift > 0 ? 0u : (uint32_t)-shift;
  int32_t high = qmcu_doubling_high_mul((int32_t)((uint32_t)acc << left), multiplier);
  return qmcu_rounding_divide_by_pot(high, right);
}
#elif defined(QMCU_REQUANT_SINGLE)
QMCU_INLINE int32_t qmcu_scale(int32_t acc, int32_t multiplier, int32_t shift) {
  uint32_t total = (uint32_t)(31 - shift); /* 1…62 */
  int64_t rounded = (int64_t)acc * multiplier + (int64_t)(UINT64_C(1) << (total - 1u));
  return (int32_t)(uint32_t)(uint64_t)(rounded >> total);
}
#elif defined(QMCU_REQUANT_MULHI)
/* `shift` 0…30: (acc·2^shift·multiplier + 2^31) >> 32. */
QMCU_INLINE int32_t qmcu_scale(int32_t acc, int32_t multiplier, int32_t shift) {
  return qmcu_mul_high_add((int32_t)((uint32_t)acc << shift), multiplier, 0);
}
#else
#error "define one of QMCU_REQUANT_TFLM, QMCU_REQUANT_SINGLE, QMCU_REQUANT_MULHI"
#endif

QMCU_INLINE int32_t qmcu_requantize(int32_t acc, int32_t multiplier, int32_t shift,
                                    const struct qmcu_output_stage *stage) {
#if defined(QMCU_REQUANT_MULHI)
  int32_t value = qmcu_mul_high_add((int32_t)((uint32_t)acc << shift), multiplier, stage->zero_point);
#else
  int32_t value = qmcu_scale(acc, multiplier, shift) + stage->zero_point;
#endif
  return qmcu_clamp(value, stage->clamp_min, stage->clamp_max);
}

/*
 * Output channels of weighted operators: the same values by fewer instructions.
 *
 * Binding proves per channel, from bias and weights, that acc·2^left fits int32, that right > 0 (`tflm`, `single`),
 * and that the rounding addition cannot overflow; otherwise it sets `wide` and the exact form is used.
 * `tflm`: (a·2m + 2^31) >> 32 equals (a·m + 2^30) >> 31, so doubling a turns the high multiply into SMMULR; and
 * for right > 0, halves away from zero is adding 2^(right−1) − (1 if negative) before the shift.
 * `single`: the product's low 32 bits cannot carry into a rounding bit above them, so SMMLA keeps the high word.
 */
QMCU_INLINE int32_t qmcu_scale_narrow(int32_t acc, int32_t multiplier, uint32_t left, uint32_t right) {
  const int32_t x = (int32_t)((uint32_t)acc << left);
#if defined(QMCU_REQUANT_TFLM)
  const int32_t high = qmcu_mul_high(x, multiplier);
  return (high + (high >> 31) + (int32_t)((1u << right) >> 1)) >> right;
#elif defined(QMCU_REQUANT_SINGLE)
  return qmcu_mul_high_floor_add(x, multiplier, (int32_t)((1u << right) >> 1)) >> right;
#else
  (void)right;
  return qmcu_mul_high(x, multiplier);
#endif
}

#if !defined(QMCU_REQUANT_MULHI)
static __attribute__((noinline, unused)) int32_t qmcu_scale_wide(int32_t acc, int32_t multiplier, uint32_t left,
                                                                 uint32_t right) {
  return qmcu_scale(acc, multiplier, (int32_t)left - 1 - (int32_t)right);
}
#endif

QMCU_INLINE int32_t qmcu_requantize_channel(uint32_t acc, const struct qmcu_channel *channel,
                                            const struct qmcu_output_stage *stage) {
  const uint32_t left = channel->left, right = channel->right;
#if defined(QMCU_REQUANT_MULHI)
  (void)right;
  int32_t value = qmcu_mul_high_add((int32_t)(acc << left), channel->multiplier, stage->zero_point);
#else
  int32_t value = channel->wide ? qmcu_scale_wide((int32_t)acc, channel->multiplier, left, right)
                       : qmcu_scale_narrow((int32_t)acc, channel->multiplier, left, right);
  value += stage->zero_point;
#endif
  return qmcu_clamp(value, stage->clamp_min, stage->clamp_max);
}

#endif
