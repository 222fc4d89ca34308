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
