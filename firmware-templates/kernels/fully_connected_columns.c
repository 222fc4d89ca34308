/* FULLY_CONNECTED: the input widened to one column, multiplied with all outputs by generated assembly. */
#include "fully_connected_columns.h"

#include "dot_block.h"
#include "finish_block.h"
#include "run_spread.h"
#include "run_kinds.h"

/* As the generated assembly loads it: s1 to s5 in src/codegen/asm/vector.ts. */
struct qmcu_vector_run {
  const uint32_t *stream_end;
  const qmcu_word *column_end;
  /* The output's zero point; plus 128 at 8 bits, and so are the bounds, each in both halves of its word. */
  int32_t zero;
  uint32_t low, high;
};

void QMCU_PART(run)(const qmcu_word *column, const uint32_t *stream, void *output, const struct qmcu_vector_run *run);

static const uint32_t *vector_exact(const struct finish_block *finish, const qmcu_word *column, uint32_t pairs,
                                    const uint32_t *stream, uint32_t oc, uint32_t end, uint8_t *output) {
  const qmcu_word *weights = (const qmcu_word *)stream;
  for (; oc < end; oc += 4, weights += QMCU_BLOCK_WORDS(pairs)) {
    uint32_t acc[4];
    for (uint32_t c = 0; c < 4; c++) acc[c] = (uint32_t)finish->channels[oc + c].bias;
    qmcu_dot_1x4(weights, column, pairs, acc);
    finish_any(finish, acc, oc, output);
  }
  return (const uint32_t *)weights;
}

void QMCU_INSTANCE(const struct fully_connected_columns_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct fully_connected_columns_args *args, const void *input, void *output, void *scratch) {
  qmcu_word *column = (qmcu_word *)scratch;
  const uint32_t pixels = (uint32_t)args->input.height * args->input.width;
  uint32_t unused;
  if (QMCU_INPUT_BITS == 8)
    run_spread(column, 1, (const uint8_t *)input, pixels * args->input.channels, &unused);
  else
    qmcu_column_append(column, 1, 0, (const uint8_t *)input, pixels, args->input.channels);
  const int32_t offset = QMCU_O == 8 ? 128 : 0;
  const struct finish_block finish = finish_block_of(&args->stage, args->channels, args->outputs, QMCU_O);
  const int32_t low = args->stage.clamp_min + offset, high = args->stage.clamp_max + offset;
  struct qmcu_vector_run run = {0, column + args->pairs, args->stage.zero_point + offset, qmcu_pair(low, low),
                                qmcu_pair(high, high)};
  const uint32_t *stream = args->stream;
  const uint16_t *runs = args->runs;
  uint32_t oc = 0;
  for (uint32_t i = args->run_count; i > 0; i--) {
    const uint32_t kind = *runs++, blocks = *runs++;
    uint8_t *at = (uint8_t *)output + oc * QMCU_O / 8u;
    if (kind == QMCU_RUN_EXACT) {
      stream = vector_exact(&finish, column, args->pairs, stream, oc, oc + 4u * blocks, (uint8_t *)output);
    } else {
      run.stream_end = stream + blocks * args->block_words;
      if (kind == QMCU_RUN_FAST) {
        QMCU_PART(run)(column, stream, at, &run);
      } else {
        /* A block is written whole, so the last one goes through a copy. */
        const uint32_t bits = (args->outputs - oc) * QMCU_O;
        qmcu_word block = 0;
        QMCU_PART(run)(column, stream, &block, &run);
        block &= (1u << bits) - 1u;
        for (uint32_t shift = 0; shift < bits; shift += 8) *at++ = (uint8_t)(block >> shift);
      }
      stream = run.stream_end;
    }
    oc += 4u * blocks;
  }
}
