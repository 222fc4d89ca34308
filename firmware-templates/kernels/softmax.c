/*
 * SOFTMAX: TFLM's integer reference, tensorflow/lite/kernels/internal/reference/softmax.h with gemmlowp fixed point,
 * formula by formula as in src/ops/softmax.ts; its roundings are those of mode `tflm` in every mode.
 */
#include "softmax.h"

#include "kernel.h"

/* Integer bits of the sum of exponentials: Q12.19. */
#define ACCUMULATION_INTEGER_BITS 12

static int32_t saturate(int64_t x) {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* gemmlowp one_over_one_plus_x_for_x_in_0_1: a and the result in Q0.31; 48/17 and −32/17 in Q2.29. */
static int32_t one_over_one_plus(int32_t a) {
  const int64_t sum = (int64_t)a + INT32_MAX;
  const int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
  int32_t x = 1515870810 + qmcu_doubling_high_mul(half, -1010580540);
  for (int i = 0; i < 3; i++) {
    const int32_t remainder = (1 << 29) - qmcu_doubling_high_mul(half, x);
    x += saturate((int64_t)qmcu_doubling_high_mul(x, remainder) * 4);
  }
  return saturate((int64_t)x * 2);
}

void QMCU_KERNEL(softmax)(const struct softmax_args *args, const void *input, void *output);
void QMCU_KERNEL(softmax)(const struct softmax_args *args, const void *input, void *output) {
  const uint32_t channels = args->channels;
  const uint8_t *in = (const uint8_t *)input;
  int8_t *out = (int8_t *)output;
  for (uint32_t p = 0; p < args->pixels; p++, in += qmcu_pixel_bytes(channels, QMCU_INPUT_BITS), out += channels) {
    int32_t max = qmcu_load_lane(in, 0, QMCU_INPUT_BITS);
    for (uint32_t c = 1; c < channels; c++) {
      int32_t q = qmcu_load_lane(in, c, QMCU_INPUT_BITS);
      if (q > max) max = q;
    }
    uint32_t sum = 0;
    for (uint32_t c = 0; c < channels; c++)
      sum += (uint32_t)qmcu_rounding_divide_by_pot(args->exponentials[max - qmcu_load_lane(in, c, QMCU_INPUT_BITS)],
                                                   ACCUMULATION_INTEGER_BITS);
    const uint32_t headroom = (uint32_t)__builtin_clz(sum);
    const int32_t scale = one_over_one_plus((int32_t)((sum << headroom) - 0x80000000u));
    /* Beyond 31 when over 512 classes are nearly equal: every probability then rounds to zero. */
    const uint32_t right = (uint32_t)(ACCUMULATION_INTEGER_BITS - (int32_t)headroom + 31 - 8);
    for (uint32_t c = 0; c < channels; c++) {
      const int32_t e = args->exponentials[max - qmcu_load_lane(in, c, QMCU_INPUT_BITS)];
      const int32_t product = qmcu_doubling_high_mul(scale, e);
      const int32_t q = (right > 31u ? 0 : qmcu_rounding_divide_by_pot(product, right)) - 128;
      out[c] = (int8_t)(e == 0 ? -128 : qmcu_clamp(q, -128, 127));
    }
  }
}
