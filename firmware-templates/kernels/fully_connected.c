/* FULLY_CONNECTED: the input widened to one column, multiplied by blocks of four outputs. */
#include "fully_connected.h"

#include "dot_block.h"
#include "finish_block.h"

void QMCU_WEIGHTED_KERNEL(fully_connected)(const struct fully_connected_args *args, const void *input, void *output,
                                           void *scratch);
void QMCU_WEIGHTED_KERNEL(fully_connected)(const struct fully_connected_args *args, const void *input, void *output,
                                           void *scratch) {
  qmcu_word *column = (qmcu_word *)scratch;
  const uint32_t pixels = (uint32_t)args->input.height * args->input.width;
  const uint32_t k = qmcu_column_append(column, 1, 0, (const uint8_t *)input, pixels, args->input.channels);
  const uint32_t pairs = qmcu_column_pairs(k);
  const uint32_t correction =
      (uint32_t)(args->weight_offset * qmcu_column_finish(column, 1, k, args->weight_offset != 0));
  const struct finish_block finish =
      finish_block_of(&args->stage, args->channels, args->outputs, args->output_bits);
  const qmcu_word *weights = (const qmcu_word *)args->weights;
  for (uint32_t oc = 0; oc < finish.channel_count; oc += 4, weights += QMCU_BLOCK_WORDS(pairs)) {
    uint32_t acc[4];
    for (uint32_t c = 0; c < 4; c++) acc[c] = (uint32_t)finish.channels[oc + c].bias - correction;
    qmcu_dot_1x4(weights, column, pairs, acc);
    finish_block(&finish, acc, oc, (uint8_t *)output, 1);
  }
}
