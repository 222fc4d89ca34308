/* DEPTHWISE_CONV_2D over planes of two rows per lane; the inner loops are generated assembly. */
#include "depthwise_conv2d_rowpairs.h"

#include "kernel.h"

enum {
  KERNEL = 3,
  GROUP = 4,
  OUTPUT_PIXEL_BYTES = (QMCU_C * QMCU_W + 7) / 8,
  ROW_WORDS = QMCU_R,
  RECORD_WORDS = 2 + KERNEL,
  /* What is taken off far values. */
  FAR_OFFSET = QMCU_INPUT_BITS == 4 ? 8 : 0
};

#define NEAR_LANES 0x0fff0fffu

/* As the generated assembly loads it: s4 to s9 in src/codegen/asm/planes.ts. */
struct qmcu_pair_run {
  /* From the first row to behind the last one. */
  uint32_t plane_bytes;
  int32_t zero_point;
  /* From a near row of the output to its far one. */
  uint32_t far_bytes;
  uint32_t unused[3];
};

/* Outputs of one channel: whole bytes, or added to those of the channel before it. */
void QMCU_PART(rows)(const qmcu_word *plane, const uint32_t *record, uint8_t *output, const struct qmcu_pair_run *run);
#if QMCU_W < 8
void QMCU_PART(merge)(const qmcu_word *plane, const uint32_t *record, uint8_t *output, const struct qmcu_pair_run *run);
#endif
void QMCU_PART(gather)(const uint8_t *near, qmcu_word *row, uint32_t rows, const uint8_t *far);

/* Sets the lanes' bits that `keep` does not have to those of `padding`. */
static void fill(qmcu_word *at, uint32_t words, uint32_t keep, uint32_t padding) {
  for (const qmcu_word *end = at + words; at != end; at++) *at = (*at & keep) | (padding & ~keep);
}

/* Rows of four channels' planes; `distance` input rows lie between what their lanes hold. Padding stands there already. */
static void gather(const struct depthwise_conv2d_rowpairs_args *args, const uint8_t *pixels, qmcu_word *row, uint32_t rows,
                   int32_t distance, uint32_t padding) {
  const int32_t height = args->input_height;
  int32_t y = -(int32_t)args->pad_top;
  while (rows > 0) {
    const int has_near = y >= 0 && y < height, has_far = y + distance >= 0 && y + distance < height;
    uint32_t count = 1;
    if (has_near && has_far) {
      const uint32_t left = (uint32_t)(height - distance - y);
      count = left < rows ? left : rows;
    }
    if (has_near || has_far) {
      const uint8_t *near = pixels + (has_near ? y : y + distance) * (int32_t)QMCU_X;
      const uint8_t *far = pixels + (has_far ? y + distance : y) * (int32_t)QMCU_X;
      QMCU_PART(gather)(near, row, count, far);
      if (!has_far) fill(row, ROW_WORDS, NEAR_LANES, padding);
      if (!has_near) fill(row, ROW_WORDS, ~NEAR_LANES, padding);
    }
    y += (int32_t)count, rows -= count, row += count * ROW_WORDS;
  }
}

void QMCU_INSTANCE(const struct depthwise_conv2d_rowpairs_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct depthwise_conv2d_rowpairs_args *args, const void *input, void *output, void *scratch) {
  qmcu_word *planes = (qmcu_word *)scratch;
  const uint32_t half = (args->output_height + 1u) / 2u, distance = args->output_height - half;
  const uint32_t rows = (half - 1u) * QMCU_V + KERNEL;
  const int32_t lane = args->input_zero_point + (args->input_zero_point - FAR_OFFSET) * 4096;
  const uint32_t padding = qmcu_pair(lane, lane);
  const struct qmcu_pair_run run = {half * QMCU_V * ROW_WORDS * 4u, args->output_zero_point,
                                    distance * QMCU_O * OUTPUT_PIXEL_BYTES, {0, 0, 0}};
  fill(planes, rows * ROW_WORDS, 0, padding);
  for (uint32_t oc = 0; oc < QMCU_C; oc += GROUP) {
    gather(args, (const uint8_t *)input + oc * QMCU_INPUT_BITS / 8, planes, rows, (int32_t)(distance * QMCU_V), padding);
    const qmcu_word *plane = planes;
    for (uint32_t c = oc; c < oc + GROUP; c++, plane += ROW_WORDS / GROUP) {
      uint8_t *out = (uint8_t *)output + c * QMCU_W / 8;
      const uint32_t *record = args->records + c * RECORD_WORDS;
#if QMCU_W < 8
      if (c % 2 > 0) {
        QMCU_PART(merge)(plane, record, out, &run);
        continue;
      }
#endif
      QMCU_PART(rows)(plane, record, out, &run);
    }
  }
}
