/*
 * Columns gathered run by run: bytes of the input that stand together under one output pixel. Sub-byte inputs only where a
 * pixel is whole words.
 *
 * A run is a row of the window (kernel_width pixels), or one tap when the window is dilated, in the order of
 * run_spread.h. Every run starts at a pair of its own. A slot's pairs stand two words apart. With narrow weights the sums of
 * both slots' elements stand in the two words before the columns.
 */
#ifndef QMCU_RUN_COLUMN_H
#define QMCU_RUN_COLUMN_H

#include "run_spread.h"
#include "window.h"

/* Pairs of a run. */
QMCU_INLINE uint32_t run_pairs(uint32_t bytes) {
  return bytes / 4u * (QMCU_INPUT_LANES / 2u) + (bytes % 4u + 1u) / 2u;
}

/* `bytes` of elements that are all the same. */
QMCU_INLINE qmcu_word *run_fill(qmcu_word *pair, uint32_t twice, uint32_t bytes, uint32_t *sum) {
  if (QMCU_WEIGHT_BITS != 8) *sum += (uint32_t)(int16_t)(uint16_t)twice * bytes;
  for (uint32_t i = run_pairs(bytes); i > 0; i--, pair += 2) *pair = twice;
  return pair;
}

/* What is the same for every pixel of a call. */
struct run_window {
  const uint8_t *input;
  struct qmcu_window window;
  int32_t height, width;
  uint32_t pixel_bytes;
  /* Taps of a run, and runs in a row of the window. */
  int32_t taps;
  uint32_t runs;
  /* Bytes of a run, of a row of the input, and between neighbouring rows of the window. */
  uint32_t bytes, pitch, row_step;
  int32_t zero_point;
};

/* `bytes` is known when the instance is compiled, or 0. */
QMCU_INLINE struct run_window run_window_of(const struct qmcu_shape *shape, const struct qmcu_window *window,
                                            int32_t zero_point, const uint8_t *input, uint32_t bytes) {
  struct run_window runs;
  const uint32_t dilated = window->dilation_width != 1;
  runs.input = input;
  runs.window = *window;
  runs.height = shape->height, runs.width = shape->width;
  runs.pixel_bytes = qmcu_pixel_bytes(shape->channels, QMCU_INPUT_BITS);
  runs.taps = dilated ? 1 : window->kernel_width;
  runs.runs = dilated ? window->kernel_width : 1;
  runs.bytes = bytes != 0 ? bytes : (uint32_t)runs.taps * runs.pixel_bytes;
  runs.pitch = (uint32_t)shape->width * runs.pixel_bytes;
  runs.row_step = window->dilation_height * runs.pitch;
  runs.zero_point = zero_point;
  return runs;
}

/* A run that starts at tap column `start`, of which some but not all lie outside the row. */
static __attribute__((noinline, unused)) qmcu_word *run_clipped(const struct run_window *runs, qmcu_word *pair,
                                                                const uint8_t *row, int32_t start, uint32_t *sum) {
  const uint32_t bytes = QMCU_R != 0 ? QMCU_R : runs->bytes, pixel_bytes = runs->pixel_bytes;
  const uint32_t first = (uint32_t)qmcu_clamp(-start, 0, runs->taps) * pixel_bytes;
  const uint32_t last = (uint32_t)qmcu_clamp(runs->width - start, 0, runs->taps) * pixel_bytes;
  const int32_t zero_point = runs->zero_point;
  const uint8_t *from = row + start * (int32_t)pixel_bytes;
  const uint32_t twice = qmcu_pair(zero_point, zero_point);
  if (pixel_bytes % 4u == 0) {
    pair = run_fill(pair, twice, first, sum);
    pair = run_expand(pair, from + first, last - first, sum);
    return run_fill(pair, twice, bytes - last, sum);
  }
  /* From a copy, a few words at a time: bytes before and behind the row are replaced. */
  qmcu_word copy[4];
  int8_t *values = (int8_t *)copy;
  for (uint32_t at = 0; at < bytes; at += sizeof copy) {
    const uint32_t count = bytes - at < sizeof copy ? bytes - at : sizeof copy;
    const uint32_t begin = first < at ? at : first, end = last < at + count ? last : at + count;
    copy[0] = copy[1] = copy[2] = copy[3] = (uint32_t)(zero_point & 0xff) * 0x01010101u;
    for (uint32_t i = begin; i < end; i++) values[i - at] = (int8_t)from[i];
    pair = run_expand(pair, (const uint8_t *)copy, QMCU_R != 0 ? QMCU_R : count, sum);
  }
  return pair;
}

/* The column of any output pixel, whose window starts at (row, left), into a slot of two. */
static __attribute__((noinline, unused)) void run_gather_any(const struct run_window *runs, qmcu_word *pair,
                                                             int32_t row, int32_t left) {
  const uint32_t bytes = QMCU_R != 0 ? QMCU_R : runs->bytes;
  const uint32_t twice = qmcu_pair(runs->zero_point, runs->zero_point);
  const int32_t taps = runs->taps, last = runs->width - taps, step = runs->window.dilation_height;
  const uint8_t *from = runs->input + row * (int32_t)runs->pitch;
  qmcu_word *first = pair;
  uint32_t sum = 0;
  for (uint32_t ky = runs->window.kernel_height; ky > 0; ky--, row += step, from += runs->row_step) {
    int32_t start = left;
    for (uint32_t i = runs->runs; i > 0; i--, start += runs->window.dilation_width) {
      if ((uint32_t)row >= (uint32_t)runs->height || start <= -taps || start >= runs->width)
        pair = run_fill(pair, twice, bytes, &sum);
      else if (start >= 0 && start <= last)
        pair = run_expand(pair, from + start * (int32_t)runs->pixel_bytes, bytes, &sum);
      else
        pair = run_clipped(runs, pair, from, start, &sum);
    }
  }
  if (QMCU_WEIGHT_BITS != 8) first[-2] = sum;
}

/*
 * Both columns of two neighbouring windows inside the input, not dilated in width: `rows` runs, `row_step` bytes apart, the
 * second window `step` bytes behind the first.
 */
static __attribute__((noinline, unused)) void run_gather_inside(qmcu_word *pair, const uint8_t *from, uint32_t step,
                                                                const struct run_window *runs) {
  const uint32_t bytes = QMCU_R != 0 ? QMCU_R : runs->bytes;
  const uint32_t row_step = runs->row_step;
  const uint8_t *second = from + step;
  qmcu_word *first = pair;
  uint32_t row = QMCU_R != 0 ? QMCU_H : runs->window.kernel_height;
  uint32_t sums[2] = {0, 0};
  for (; row > 0; row--, from += row_step, second += row_step) {
    qmcu_word *next = run_expand(pair, from, bytes, &sums[0]);
    run_expand(pair + 1, second, bytes, &sums[1]);
    pair = next;
  }
  if (QMCU_WEIGHT_BITS != 8) first[-2] = sums[0], first[-1] = sums[1];
}

/* Output columns whose windows do not leave the input to the left or right: `count` of them from `first` on. */
struct run_columns {
  uint32_t first, count;
};

QMCU_INLINE struct run_columns run_columns_of(const struct run_window *runs) {
  const struct qmcu_window *window = &runs->window;
  const int32_t stride = window->stride_width;
  const int32_t first = (window->pad_left + stride - 1) / stride;
  const int32_t room = runs->width - window->kernel_width + window->pad_left;
  struct run_columns inside = {(uint32_t)first, 0};
  if (runs->runs == 1 && room >= 0 && room / stride >= first) inside.count = (uint32_t)(room / stride - first + 1);
  return inside;
}

#endif
