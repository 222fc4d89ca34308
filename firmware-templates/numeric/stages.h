/* Constants of the requantisation formulas in requantize.h: plain data, for argument structs. */
#ifndef QMCU_STAGES_H
#define QMCU_STAGES_H

#include <stdint.h>

/* What turns a scaled accumulator into a stored value. */
struct qmcu_output_stage {
  int32_t zero_point;
  /* Inclusive bounds: the output width's range cut by the fused activation. */
  int32_t clamp_min;
  int32_t clamp_max;
};

/*
 * Constants of one output channel. Every mode is (x << left) times the multiplier, then a rounding shift by `right`:
 * `tflm`, `single`: multiplier · 2^(left − right − 32) is the real multiplier; `mulhi`: left is L, right is 0.
 */
struct qmcu_channel {
  /* bias − z·Σ(w − z_w): the input's zero point is folded in. */
  int32_t bias;
  int32_t multiplier;
  uint8_t left;
  uint8_t right;
  /* 1 when any channel of this block of four needs the exact form (requantize.h). */
  uint8_t wide;
};

/*
 * ADD and SUB of a = q0 − z0 and b = ±(q1 − z1) before the zero point.
 * `tflm`, `single`: scale(scale(a << left) + scale(b << left)). `mulhi`: (a·m0 + b·m1 + 2^(s−1)) >> s, m int16.
 */
struct qmcu_add_scaling {
  int32_t multiplier[2];
  int32_t shift[2];
  int32_t left_shift;
  int32_t output_multiplier;
  /* `mulhi`: the right shift s. */
  int32_t output_shift;
};

#endif
