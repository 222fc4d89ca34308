/*
 * ADD and SUB before the zero point, bit-exact with src/ops/add.ts; the constants are explained in stages.h.
 *
 * The scalings of an addition have no positive shift and operands below 2^9, so with left_shift ≤ 20 every value
 * stays below 2^30 in magnitude: the short forms of requantize.h hold, extended to right = 0.
 */
#ifndef QMCU_ADD_SCALED_H
#define QMCU_ADD_SCALED_H

#include "requantize.h"

/* A scaling taken apart once per kernel call: value · multiplier · 2^(left − right − 32), rounded. */
struct qmcu_scaler {
  int32_t multiplier;
  uint32_t left;
  uint32_t right;
#if defined(QMCU_REQUANT_TFLM)
  int32_t round;
  /* All ones when right > 0: halves then round away from zero. */
  int32_t sign_mask;
#else
  int64_t round;
#endif
};

/* The largest left_shift for which the short forms hold. */
#define QMCU_ADD_NARROW_SHIFT 20

/* Scales value << extra. */
QMCU_INLINE struct qmcu_scaler qmcu_scaler_of(int32_t multiplier, int32_t shift, int32_t extra) {
  struct qmcu_scaler scaler;
  scaler.multiplier = multiplier;
#if defined(QMCU_REQUANT_TFLM)
  scaler.left = shift > 0 ? (uint32_t)shift + 1u : 1u;
  scaler.right = scaler.left - 1u - (uint32_t)shift;
  scaler.round = (int32_t)((1u << scaler.right) >> 1);
  scaler.sign_mask = scaler.right > 0 ? -1 : 0;
#else
  scaler.left = shift >= 0 ? (uint32_t)shift + 1u : 0u;
  scaler.right = scaler.left - 1u - (uint32_t)shift;
  scaler.round = INT64_C(1) << (31u + scaler.right);
#endif
  scaler.left += (uint32_t)extra;
  return scaler;
}

QMCU_INLINE int32_t qmcu_scaler_apply(int32_t value, const struct qmcu_scaler *scaler) {
  const int32_t x = (int32_t)((uint32_t)value << scaler->left);
#if defined(QMCU_REQUANT_TFLM)
  const int32_t high = qmcu_mul_high(x, scaler->multiplier);
  return (high + ((high >> 31) & scaler->sign_mask) + scaler->round) >> scaler->right;
#else
  return (int32_t)(((int64_t)x * scaler->multiplier + scaler->round) >> 32) >> scaler->right;
#endif
}

/* The constants of one kernel call, kept in locals: stores to int8 outputs could alias the argument struct. */
struct qmcu_adder {
#if defined(QMCU_REQUANT_MULHI)
  int32_t multiplier[2];
  int32_t round;
  int32_t shift;
#else
  int32_t sign;
  int32_t wide;
  struct qmcu_scaler first, second, sum;
  int32_t output_multiplier, output_shift;
#endif
};

QMCU_INLINE struct qmcu_adder qmcu_adder_of(const struct qmcu_add_scaling *scaling, int32_t sign) {
  struct qmcu_adder adder;
#if defined(QMCU_REQUANT_MULHI)
  adder.multiplier[0] = scaling->multiplier[0];
  adder.multiplier[1] = sign * scaling->multiplier[1];
  adder.round = (int32_t)((1u << scaling->output_shift) >> 1);
  adder.shift = scaling->output_shift;
#else
  adder.wide = scaling->left_shift > QMCU_ADD_NARROW_SHIFT;
  adder.sign = sign;
  adder.first = qmcu_scaler_of(scaling->multiplier[0], scaling->shift[0], scaling->left_shift);
  adder.second = qmcu_scaler_of(scaling->multiplier[1], scaling->shift[1], scaling->left_shift);
  adder.sum = qmcu_scaler_of(scaling->output_multiplier, scaling->output_shift, 0);
  adder.output_multiplier = scaling->output_multiplier;
  adder.output_shift = scaling->output_shift;
#endif
  return adder;
}

/* a and b are q − z of the operands. */
QMCU_INLINE int32_t qmcu_add_scaled(int32_t a, int32_t b, const struct qmcu_adder *adder) {
#if defined(QMCU_REQUANT_MULHI)
  return (a * adder->multiplier[0] + b * adder->multiplier[1] + adder->round) >> adder->shift;
#else
  const int32_t sum = qmcu_scaler_apply(a, &adder->first) + adder->sign * qmcu_scaler_apply(b, &adder->second);
  if (adder->wide) return qmcu_scale(sum, adder->output_multiplier, adder->output_shift);
  return qmcu_scaler_apply(sum, &adder->sum);
#endif
}

#endif
