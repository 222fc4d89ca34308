/* The mean of a pooling window: one formula per requantisation mode (src/ops/average-pool2d.ts). */
#ifndef QMCU_AVERAGE_H
#define QMCU_AVERAGE_H

#include "requantize.h"

/*
 * `sum` = Σ(q + origin) over `count` positions. `tflm`, `single`: the nearest integer, halves away from zero, minus
 * origin. `mulhi`: scaled by the multiplier of that count.
 */
QMCU_INLINE int32_t qmcu_average(int32_t sum, int32_t count, int32_t origin, const int32_t *multiplier,
                                 const int8_t *shift, const struct qmcu_output_stage *stage) {
#if defined(QMCU_REQUANT_MULHI)
  (void)origin;
  return qmcu_requantize(sum, multiplier[count - 1], shift[count - 1], stage);
#else
  (void)multiplier;
  (void)shift;
  int32_t rounded = (sum > 0 ? sum + count / 2 : sum - count / 2) / count - origin;
  return qmcu_clamp(rounded, stage->clamp_min, stage->clamp_max);
#endif
}

#endif
