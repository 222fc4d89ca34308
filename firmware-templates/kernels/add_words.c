/* ADD and SUB: whole turns by generated assembly, the rest by the formulas. */
#include "add_words.h"

#include "kernel.h"

#include "../numeric/add_scaled.h"

#define TURN 8u

/* As the generated assembly loads it: s0 to s8 in src/codegen/asm/add-words.ts. */
struct qmcu_add_run {
  const uint8_t *end;
  uint32_t constants[8];
};

void QMCU_PART(run)(const uint8_t *first, const uint8_t *second, uint8_t *output, const struct qmcu_add_run *run);

static __attribute__((noinline)) void add_rest(const struct add_args *args, const uint8_t *first, const uint8_t *second,
                                               uint8_t *output, uint32_t count) {
  const struct qmcu_adder adder = qmcu_adder_of(&args->scaling, args->sign);
  for (uint32_t c = 0; c < count; c++) {
    const int32_t a = qmcu_load_lane(first, c, QMCU_INPUT_BITS) - args->zero_point[0];
    const int32_t b = qmcu_load_lane(second, c, QMCU_B) - args->zero_point[1];
    const int32_t q = qmcu_add_scaled(a, b, &adder) + args->stage.zero_point;
    qmcu_store_lane(output, c, count, QMCU_O, qmcu_clamp(q, args->stage.clamp_min, args->stage.clamp_max));
  }
}

void QMCU_INSTANCE(const struct add_words_args *args, const void *first, const void *second, void *output);
void QMCU_INSTANCE(const struct add_words_args *args, const void *first, const void *second, void *output) {
  const uint8_t *a = (const uint8_t *)first, *b = (const uint8_t *)second;
  uint8_t *out = (uint8_t *)output;
  const uint32_t elements = args->rest.pixels * args->rest.channels;
  const uint32_t turns = elements / TURN;
  if (turns > 0) {
    struct qmcu_add_run run;
    run.end = out + turns * QMCU_O;
    for (uint32_t i = 0; i < 8; i++) run.constants[i] = args->constants[i];
#if defined(QMCU_G) && QMCU_G
    QMCU_PART(run)(b, a, out, &run);
#else
    QMCU_PART(run)(a, b, out, &run);
#endif
  }
  if (elements % TURN > 0)
    add_rest(&args->rest, a + turns * QMCU_INPUT_BITS, b + turns * QMCU_B, out + turns * QMCU_O, elements % TURN);
}
