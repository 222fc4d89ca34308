/*
 * CONV_2D: rows of the input are widened once into a ring of as many rows as the window has, strip by strip; generated
 * assembly walks the windows there, two outputs at a time.
 *
 *   ring   | row r0 mod g | … |   each: | padding | widened pixels | padding |
 *
 * Narrow weights are stored with an offset, so the sums of the windows' elements are needed as well: those of every pixel in
 * the ring stand behind it, then those of the windows.
 *
 *   scratch   | ring | sums of the ring's pixels, row by row | sums of a strip's windows |
 */
#include "conv2d_rows.h"

#include "column.h"
#include "dot_block.h"
#include "finish_block.h"
#include "run_kinds.h"
#include "run_spread.h"

/* As the generated assembly loads it: s0 to s6 in src/codegen/asm/rows.ts, then the windows' rows. */
struct rows_run {
  const uint32_t *stream;
  const uint32_t *stream_end;
  /* Bytes from one output pixel to the next. */
  uint32_t pitch;
  /* The output's zero point; plus 128 at 8 bits, and so are the bounds, each in both halves of its word. */
  int32_t zero;
  uint8_t *output;
  uint32_t low, high;
  const qmcu_word *rows[QMCU_G];
};

/* `count` pairs of outputs, all blocks of `run`; `sums` of their windows. */
void QMCU_PART(run)(const struct rows_run *run, uint32_t count, const qmcu_word *sums);

struct rows {
  const struct conv2d_rows_args *args;
  struct finish_block finish;
  struct rows_run run;
  /* Of the windows, with narrow weights. */
  qmcu_word *sums;
};

/* Exact runs in C: one output, one block of channels. */
static void rows_block(const struct rows *rows, const qmcu_word *weights, uint32_t oc, uint32_t at, uint8_t *output) {
  const struct qmcu_channel *channels = rows->finish.channels + oc;
  const uint32_t correction = QMCU_WEIGHT_BITS == 8 ? 0 : 8u * rows->sums[at];
  uint32_t acc[4];
  for (uint32_t c = 0; c < 4; c++) acc[c] = (uint32_t)channels[c].bias - correction;
  for (uint32_t g = 0; g < QMCU_G; g++, weights += QMCU_BLOCK_WORDS(QMCU_U * QMCU_T))
    qmcu_dot_1x4(weights, rows->run.rows[g] + at * (QMCU_D / 4u), QMCU_U * QMCU_T, acc);
  finish_any(&rows->finish, acc, oc, output + at * rows->finish.pixel_bytes);
}

static __attribute__((noinline)) const uint32_t *rows_exact(const struct rows *rows, const uint32_t *stream,
                                                            uint32_t oc, uint32_t end, uint8_t *output,
                                                            uint32_t outputs) {
  const qmcu_word *weights = (const qmcu_word *)stream;
  for (; oc < end; oc += 4, weights += QMCU_BLOCK_WORDS(rows->args->pairs))
    for (uint32_t i = 0; i < outputs; i++)
      rows_block(rows, weights, oc, i, output);
  return (const uint32_t *)weights;
}

/* Neighbouring outputs by generated assembly; a last one alone is computed with a second one over it, written first. */
static void rows_fast(struct rows *rows, uint8_t *output, uint32_t outputs) {
  struct rows_run *run = &rows->run;
  run->output = output;
  run->pitch = rows->finish.pixel_bytes;
  if (outputs >= 2) QMCU_PART(run)(run, outputs / 2u, rows->sums);
  if (outputs % 2u == 0) return;
  struct rows_run last = *run;
  last.output = output + (outputs - 1u) * run->pitch;
  last.pitch = 0;
  for (uint32_t g = 0; g < QMCU_G; g++) last.rows[g] += (outputs - 1u) * (QMCU_D / 4u);
  QMCU_PART(run)(&last, 1, rows->sums + outputs - 1u);
}

/* Fewer than four channels: a block is written whole, so it goes through a copy. */
static __attribute__((noinline)) void rows_tail(struct rows *rows, uint8_t *output, uint32_t outputs, uint32_t bits) {
  const uint32_t mask = (1u << bits) - 1u;
  struct rows_run run = rows->run;
  qmcu_word block[2];
  run.output = (uint8_t *)block;
  run.pitch = 4;
  for (uint32_t i = 0; i < outputs; i += 2) {
    QMCU_PART(run)(&run, 1, rows->sums + i);
    for (uint32_t g = 0; g < QMCU_G; g++) run.rows[g] += 2u * (QMCU_D / 4u);
    for (uint32_t p = 0; p < 2 && i + p < outputs; p++, output += rows->finish.pixel_bytes)
      for (uint32_t shift = 0; shift < bits; shift += 8) output[shift / 8u] = (uint8_t)((block[p] & mask) >> shift);
  }
}

/* All channels of `outputs` neighbouring outputs whose windows' rows stand ready. */
static void rows_multiply(struct rows *rows, uint8_t *output, uint32_t outputs) {
  const struct conv2d_rows_args *args = rows->args;
  const uint32_t *stream = args->stream;
  const uint16_t *runs = args->runs;
  uint32_t oc = 0;
  for (uint32_t i = args->run_count; i > 0; i--) {
    const uint32_t kind = *runs++, blocks = *runs++;
    uint8_t *at = output + oc * QMCU_O / 8u;
    if (kind == QMCU_RUN_EXACT) {
      stream = rows_exact(rows, stream, oc, oc + 4u * blocks, output, outputs);
    } else {
      rows->run.stream = stream;
      stream = rows->run.stream_end = stream + blocks * args->block_words;
      if (kind == QMCU_RUN_FAST)
        rows_fast(rows, at, outputs);
      else
        rows_tail(rows, at, outputs, (args->output.channels - oc) * QMCU_O);
    }
    oc += 4u * blocks;
  }
}

/* `columns` pixels of padding; their sums with narrow weights. */
static void rows_fill(qmcu_word *to, qmcu_word *sums, const struct conv2d_rows_args *args, uint32_t columns) {
  const uint32_t channels = args->input.channels;
  const uint32_t twice = qmcu_pair(args->input_zero_point, args->input_zero_point);
  for (uint32_t i = columns * (channels / 2u); i > 0; i--) *to++ = twice;
  if (QMCU_WEIGHT_BITS != 8)
    for (uint32_t i = 0; i < columns; i++) sums[i] = (uint32_t)args->input_zero_point * channels;
}

/* `count` whole pixels. */
QMCU_INLINE void rows_spread(qmcu_word *to, qmcu_word *sums, const uint8_t *from, uint32_t count, uint32_t channels) {
  const uint32_t pixel_bytes = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  uint32_t unused = 0;
  if (QMCU_INPUT_BITS != 8) {
    qmcu_column_append(to, 1, 0, from, count, channels);
  } else if (QMCU_WEIGHT_BITS == 8) {
    run_spread(to, 1, from, count * pixel_bytes, &unused);
  } else {
    for (uint32_t i = 0; i < count; i++, from += pixel_bytes) {
      uint32_t sum = 0;
      to = run_spread(to, 1, from, pixel_bytes, &sum);
      sums[i] = sum;
    }
  }
}

/* Widens columns `left` … of row `y` of the input; what lies outside is the input's zero point. */
static __attribute__((noinline)) void rows_widen(const struct conv2d_rows_args *args, const uint8_t *input, int32_t y,
                                                 int32_t left, uint32_t columns, qmcu_word *to, qmcu_word *sums) {
  const uint32_t channels = args->input.channels, pixel_words = channels / 2u;
  const int32_t width = args->input.width;
  const int32_t first = left < 0 ? 0 : left;
  const int32_t behind = left + (int32_t)columns < width ? left + (int32_t)columns : width;
  if (y >= 0 && y < args->input.height && first < behind) {
    const uint8_t *row = input + (uint32_t)y * (uint32_t)width * qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
    const uint32_t before = (uint32_t)(first - left), count = (uint32_t)(behind - first);
    rows_fill(to, sums, args, before);
    to += before * pixel_words, sums += before;
    rows_spread(to, sums, row + (uint32_t)first * qmcu_pixel_bytes(channels, QMCU_INPUT_BITS), count, channels);
    to += count * pixel_words, sums += count;
    columns -= before + count;
  }
  rows_fill(to, sums, args, columns);
}

/* The sums of `outputs` windows from those of the ring's pixels, `columns` to a row. */
static __attribute__((noinline, unused)) void rows_sum_windows(const struct rows *rows, const qmcu_word *pixels,
                                                               uint32_t columns, uint32_t outputs) {
  const struct qmcu_window *window = &rows->args->window;
  for (uint32_t i = 0; i < outputs; i++, pixels += window->stride_width) {
    const qmcu_word *row = pixels;
    uint32_t total = 0;
    for (uint32_t g = 0; g < QMCU_G; g++, row += columns)
      for (uint32_t x = 0; x < window->kernel_width; x++) total += row[x];
    rows->sums[i] = total;
  }
  /* A last output alone is computed with one behind it, whose sum may be anything that can be read. */
  rows->sums[outputs] = 0;
}

void QMCU_INSTANCE(const struct conv2d_rows_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_rows_args *args, const void *input, void *output, void *scratch) {
  const struct qmcu_window *window = &args->window;
  const int32_t offset = QMCU_O == 8 ? 128 : 0;
  const int32_t low = args->stage.clamp_min + offset, high = args->stage.clamp_max + offset;
  const uint32_t columns = (args->strip - 1u) * window->stride_width + window->kernel_width;
  const uint32_t row_words = columns * args->input.channels / 2u;
  const int32_t stride = window->stride_height;
  qmcu_word *ring = (qmcu_word *)scratch, *pixel_sums = ring + QMCU_G * row_words;
  struct rows rows;
  rows.sums = pixel_sums + QMCU_G * columns;
  rows.args = args;
  rows.finish = finish_block_of(&args->stage, args->channels, args->output.channels, QMCU_O);
  rows.run.zero = args->stage.zero_point + offset;
  rows.run.low = qmcu_pair(low, low), rows.run.high = qmcu_pair(high, high);
  for (uint32_t x = 0; x < args->output.width; x += args->strip) {
    const uint32_t left = args->output.width - x;
    const uint32_t outputs = left < args->strip ? left : args->strip;
    const int32_t start = (int32_t)x * window->stride_width - window->pad_left;
    uint8_t *out = (uint8_t *)output + x * rows.finish.pixel_bytes;
    /* Rows of the window count from the topmost one's padding; `next` is the first that is not in the ring. */
    int32_t next = 0;
    for (uint32_t y = 0; y < args->output.height; y++, out += args->output.width * rows.finish.pixel_bytes) {
      const int32_t top = (int32_t)y * stride;
      if (next < top) next = top;
      uint32_t slot = (uint32_t)next % QMCU_G;
      for (; next < top + QMCU_G; next++) {
        rows_widen(args, (const uint8_t *)input, next - window->pad_top, start, columns, ring + slot * row_words,
                   pixel_sums + slot * columns);
        if (++slot == QMCU_G) slot = 0;
      }
      slot = (uint32_t)top % QMCU_G;
      for (uint32_t g = 0; g < QMCU_G; g++) {
        rows.run.rows[g] = ring + slot * row_words;
        if (++slot == QMCU_G) slot = 0;
      }
      if (QMCU_WEIGHT_BITS != 8) rows_sum_windows(&rows, pixel_sums, columns, outputs);
      rows_multiply(&rows, out, outputs);
    }
  }
}
