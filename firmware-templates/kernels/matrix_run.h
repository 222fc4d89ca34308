/* Products of two columns with all output channels: what executes the runs of a weight stream (run_kinds.h). */
#ifndef QMCU_MATRIX_RUN_H
#define QMCU_MATRIX_RUN_H

#include "dot_block.h"
#include "finish_block.h"
#include "run_kinds.h"
#include "run_spread.h"

/*
 * 1: outputs are planes of int16 for a depthwise convolution (depthwise_conv2d_planes.h), four channels to a group, QMCU_P bytes
 * to a row. Two pixels stand in one word of it, or apart: then bit 0 of the output's address is set.
 */
#ifndef QMCU_PLANES
#define QMCU_PLANES 0
#endif

/* As the generated assembly loads it: s1 to s6 in src/codegen/asm/matrix.ts, the last ones by themselves. */
struct qmcu_matrix_run {
  const uint32_t *stream_end;
  /* Bytes from the first pixel's output to the second's. */
  uint32_t pitch;
  /* The output's zero point; plus 128 at 8 bits but in planes, and so are the bounds, each in both halves of its word. */
  int32_t zero;
  const qmcu_word *columns_end;
  uint32_t low, high;
#if QMCU_PLANES
  /* From four channels to the next four. */
  uint32_t group_bytes;
#endif
};

void QMCU_PART(run)(const qmcu_word *columns, const uint32_t *stream, void *output, const struct qmcu_matrix_run *run);

/* What does not change from pixel to pixel. */
struct qmcu_matrix {
  const uint32_t *stream;
  const uint16_t *runs;
  uint32_t run_count;
  /* One fast run is all. */
  uint32_t is_single;
  uint32_t pairs;
  /* Words of a block of a fast run. */
  uint32_t block_words;
  struct qmcu_matrix_run run;
  struct finish_block finish;
};

QMCU_INLINE uint32_t qmcu_matrix_twice(int32_t value) { return qmcu_pair(value, value); }

QMCU_INLINE struct qmcu_matrix qmcu_matrix_of(const uint32_t *stream, const uint16_t *runs, uint32_t run_count,
                                              uint32_t pairs, uint32_t block_words, const qmcu_word *columns,
                                              const struct qmcu_output_stage *stage,
                                              const struct qmcu_channel *channels, uint32_t channel_count) {
  const int32_t offset = QMCU_O == 8 && !QMCU_PLANES ? 128 : 0;
  struct qmcu_matrix matrix;
  matrix.stream = stream, matrix.runs = runs, matrix.run_count = run_count, matrix.pairs = pairs;
  matrix.block_words = block_words;
  matrix.is_single = run_count == 1 && runs[0] == QMCU_RUN_FAST;
  matrix.run.stream_end = stream + runs[1] * block_words;
  matrix.run.zero = stage->zero_point + offset;
  matrix.run.columns_end = columns + 2u * pairs;
  matrix.run.low = qmcu_matrix_twice(stage->clamp_min + offset);
  matrix.run.high = qmcu_matrix_twice(stage->clamp_max + offset);
  matrix.finish = finish_block_of(stage, channels, channel_count, QMCU_O);
  matrix.run.pitch = matrix.finish.pixel_bytes;
  return matrix;
}

/* `count` (1…3) channels of both pixels: a block is written whole, so it goes through a copy. */
static __attribute__((noinline, unused)) void qmcu_matrix_tail(const struct qmcu_matrix *matrix,
                                                               const qmcu_word *columns, const uint32_t *stream,
                                                               uint8_t *first, uint8_t *second, uint32_t count) {
  qmcu_word block[2];
  struct qmcu_matrix_run run = matrix->run;
  run.pitch = 4;
  QMCU_PART(run)(columns, stream, block, &run);
  /* What is behind the last channel stays zero. */
  const uint32_t mask = (1u << (count * QMCU_O)) - 1u;
  for (uint32_t shift = 0; shift < count * QMCU_O; shift += 8) {
    *first++ = (uint8_t)((block[0] & mask) >> shift);
    *second++ = (uint8_t)((block[1] & mask) >> shift);
  }
}

/* Any channels from `oc` on, of the pixel at `output`. */
QMCU_INLINE void matrix_finish(const struct qmcu_matrix *matrix, const uint32_t *acc, uint32_t oc, uint8_t *output) {
#if QMCU_PLANES
  const struct finish_block *finish = &matrix->finish;
  uint8_t *at = output + oc / 4u * matrix->run.group_bytes;
  for (uint32_t c = 0; c < 4 && oc + c < finish->channel_count; c++, at += QMCU_P)
    *(qmcu_half *)(void *)at = (int16_t)qmcu_requantize_channel(acc[c], finish->channels + oc + c, &finish->stage);
#else
  finish_any(&matrix->finish, acc, oc, output);
#endif
}

static __attribute__((noinline, unused)) const uint32_t *qmcu_matrix_exact(const struct qmcu_matrix *matrix,
                                                                           const qmcu_word *columns,
                                                                           const uint32_t *stream, uint8_t *output,
                                                                           uint32_t oc, uint32_t end) {
  const struct finish_block *finish = &matrix->finish;
  const qmcu_word *weights = (const qmcu_word *)stream;
  for (; oc < end; oc += 4, weights += QMCU_BLOCK_WORDS(matrix->pairs)) {
    uint32_t acc[8];
    qmcu_dot_2x4(weights, columns, matrix->pairs, finish->channels + oc, acc);
    if (QMCU_WEIGHT_BITS == 4)
      for (uint32_t c = 0; c < 4; c++) acc[c] -= 8u * columns[-2], acc[c + 4] -= 8u * columns[-1];
    uint8_t *first = QMCU_PLANES ? output - ((uintptr_t)output & 1u) : output;
    matrix_finish(matrix, acc, oc, first);
    matrix_finish(matrix, acc + 4, oc, first + matrix->run.pitch);
  }
  return (const uint32_t *)weights;
}

#if QMCU_PLANES
#define QMCU_GROUP_BYTES(matrix) ((matrix)->run.group_bytes)
#else
#define QMCU_GROUP_BYTES(matrix) 0u
#endif

/* Blocks of constant channels of both pixels. */
QMCU_INLINE void qmcu_matrix_constant(const uint32_t *outputs, uint32_t blocks, uint8_t *first, uint8_t *second) {
  for (; blocks > 0; blocks--, first += QMCU_O / 2, second += QMCU_O / 2) {
    const uint32_t word = *outputs++;
    if (QMCU_O == 8) {
      *(qmcu_loose_word *)(void *)second = word;
      *(qmcu_loose_word *)(void *)first = word;
    } else {
      for (uint32_t i = 0; i < QMCU_O / 2; i++) first[i] = second[i] = (uint8_t)(word >> (8 * i));
    }
  }
}

/* All runs, whatever their kind. */
static __attribute__((noinline, unused)) void qmcu_matrix_runs(struct qmcu_matrix *matrix, const qmcu_word *columns,
                                                               uint8_t *output) {
  const uint32_t *stream = matrix->stream;
  const uint16_t *run = matrix->runs;
  uint32_t oc = 0;
  for (uint32_t i = matrix->run_count; i > 0; i--) {
    const uint32_t kind = *run++, blocks = *run++;
    uint8_t *at = output + (QMCU_PLANES ? oc / 4u * QMCU_GROUP_BYTES(matrix) : oc * QMCU_O / 8u);
    if (kind == QMCU_RUN_EXACT) {
      stream = qmcu_matrix_exact(matrix, columns, stream, output, oc, oc + 4u * blocks);
    } else if (!QMCU_PLANES && kind == QMCU_RUN_CONSTANT) {
      qmcu_matrix_constant(stream, blocks, at, at + matrix->run.pitch);
      stream += blocks;
    } else {
      const uint32_t *end = stream + blocks * matrix->block_words;
      matrix->run.stream_end = end;
      /* A group of planes has room for four channels. */
      if (kind == QMCU_RUN_FAST || QMCU_PLANES)
        QMCU_PART(run)(columns, stream, at, &matrix->run);
      else
        qmcu_matrix_tail(matrix, columns, stream, at, at + matrix->run.pitch, matrix->finish.channel_count - oc);
      stream = end;
    }
    oc += 4u * blocks;
  }
}

/* All channels of two pixels, the second `run.pitch` bytes behind the first. */
QMCU_INLINE void qmcu_matrix_multiply(struct qmcu_matrix *matrix, const qmcu_word *columns, uint8_t *output) {
  if (matrix->is_single)
    QMCU_PART(run)(columns, matrix->stream, output, &matrix->run);
  else
    qmcu_matrix_runs(matrix, columns, output);
}

#endif
