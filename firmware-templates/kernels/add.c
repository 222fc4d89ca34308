/* ADD and SUB: q = clamp(z + scaled(q0 − z0, ±(q1 − z1))); formulas in numeric/add_scaled.h. */
#include "add.h"

#include "kernel.h"

#include "../numeric/add_scaled.h"
#include "second_operand.h"

QMCU_INLINE void run(const struct add_args *args, const uint8_t *first, const uint8_t *second, uint8_t *output,
                     const struct operand_walk *walk) {
  const struct qmcu_adder adder = qmcu_adder_of(&args->scaling, args->sign);
  const struct qmcu_output_stage stage = args->stage;
  const int32_t z0 = args->zero_point[0], z1 = args->zero_point[1];
  for (uint32_t p = 0; p < walk->pixels; p++) {
    for (uint32_t c = 0; c < walk->channels; c++) {
      const int32_t a = qmcu_load_lane(first, c, QMCU_INPUT_BITS) - z0;
      const int32_t b = qmcu_load_lane(second, c * walk->second_channel, walk->second_bits) - z1;
      const int32_t q = qmcu_add_scaled(a, b, &adder) + stage.zero_point;
      qmcu_store_lane(output, c, walk->channels, walk->output_bits, qmcu_clamp(q, stage.clamp_min, stage.clamp_max));
    }
    first += walk->first_step, second += walk->second_step, output += walk->output_step;
  }
}

void QMCU_KERNEL(add)(const struct add_args *args, const void *first, const void *second, void *output);
void QMCU_KERNEL(add)(const struct add_args *args, const void *first, const void *second, void *output) {
  struct operand_walk walk = operand_walk_of(args->pixels, args->channels, args->second_pixels, args->second_channels,
                                             args->second_bits, args->output_bits);
  if (operand_walk_is_flat(&walk)) {
    walk = operand_walk_flattened(&walk);
    run(args, first, second, output, &walk);
  } else {
    run(args, first, second, output, &walk);
  }
}
