/*
 * CONV_2D by shared lanes: the driver. A tile of output pixels is expanded to QMCU_COLUMNS (1 or 2) columns of lanes,
 * then multiplied by all channels in generated assembly (src/codegen/asm). The including file defines
 *   LANE_COLUMN_PIXELS   pixels of a column: 1 or 2
 *   LANE_SECOND_COLUMN   bytes from the first column's lanes to the second's
 *   LANE_GROUP_LENGTH, LANE_GROUP_BYTES   k of a group of lanes, and its bytes for all columns
 *   LANE_BLOCK           channels of a block: 4 or 8
 * With QMCU_FINISH 2 the multiplying kernel yields sums, block by block, and outputs are finished here: any shift, clamp
 * and width.
 */
#ifndef QMCU_LANE_DRIVER_H
#define QMCU_LANE_DRIVER_H

#include "conv2d_lanes.h"
#include "finish_block.h"
#include "packed_pieces.h"

struct lane_output {
  const uint32_t *stream_end;
  int32_t zero_point;
  uint32_t pixel_bytes;
};

uint32_t QMCU_PART(expand)(const void *a, const void *b, void *lanes, uint32_t words, uint32_t sum);
#if QMCU_FINISH == 2
const uint32_t *QMCU_PART(multiply)(const void *lanes, const uint32_t *stream, void *accumulators);
#else
void QMCU_PART(multiply)(const void *lanes, const uint32_t *stream, void *output, const struct lane_output *);
#endif

#define TILE (QMCU_COLUMNS * LANE_COLUMN_PIXELS)

struct position {
  int32_t y, x;
};

/* Expands a column of lanes: the packed columns of LANE_COLUMN_PIXELS output pixels. `copies`: two pieces. */
static void expand_column(const struct packed_source *source, const struct position *at, uint8_t *lanes,
                          uint8_t *copies) {
  const struct qmcu_packed_column *column = source->column;
  const uint32_t words = column->piece_words;
  const struct position second = at[LANE_COLUMN_PIXELS - 1];
  uint8_t *other = copies + 4u * words;
  uint32_t sum = 0;
  for (uint32_t ky = 0; ky < source->window->kernel_height; ky++)
    for (uint32_t kx = 0; kx < source->window->kernel_width; kx += column->run_taps) {
      const uint8_t *a = packed_piece(source, at->y, at->x, ky, kx, copies);
      const uint8_t *b = LANE_COLUMN_PIXELS == 2 ? packed_piece(source, second.y, second.x, ky, kx, other) : a;
      sum = QMCU_PART(expand)(a, b, lanes, words, sum);
      lanes += words * QMCU_INPUT_LANES / LANE_GROUP_LENGTH * LANE_GROUP_BYTES;
    }
}

/* Expands the next `count` output pixels and steps over them; missing ones repeat the last. */
static void expand_tile(const struct packed_source *source, struct position *next, uint32_t output_width,
                        uint32_t count, uint8_t *lanes, uint8_t *copies) {
  struct position at[TILE];
  for (uint32_t i = 0; i < TILE; i++) {
    at[i] = i < count ? *next : at[i - 1];
    if (i < count && ++next->x == (int32_t)output_width) next->x = 0, next->y++;
  }
  expand_column(source, at, lanes, copies);
  if (QMCU_COLUMNS == 2) expand_column(source, at + TILE - LANE_COLUMN_PIXELS, lanes + LANE_SECOND_COLUMN, copies);
}

/* The same where output pixels are input pixels, one after the other, and no piece passes the input's end. */
QMCU_INLINE void expand_pixels(const uint8_t *input, uint32_t pixel_bytes, uint32_t words, uint32_t count,
                                 uint8_t *lanes) {
  const uint8_t *a = input, *b = count > 1 ? a + pixel_bytes : a;
  if (LANE_COLUMN_PIXELS == 1) {
    QMCU_PART(expand)(a, a, lanes, words, 0);
    if (QMCU_COLUMNS == 2) QMCU_PART(expand)(b, b, lanes + LANE_SECOND_COLUMN, words, 0);
  } else {
    const uint8_t *c = count > 2 ? b + pixel_bytes : b, *d = count > 3 ? c + pixel_bytes : c;
    QMCU_PART(expand)(a, b, lanes, words, 0);
    if (QMCU_COLUMNS == 2) QMCU_PART(expand)(c, d, lanes + LANE_SECOND_COLUMN, words, 0);
  }
}

#if QMCU_FINISH == 2
static void multiply_sums(const struct conv2d_lanes_args *args, const struct finish_block *finish,
                          const uint8_t *lanes, uint8_t *output, uint32_t count, uint8_t *tile) {
  const uint32_t *stream = args->stream;
  const uint32_t *sums = (const uint32_t *)(void *)tile;
  for (uint32_t oc = 0; oc < finish->channel_count; oc += 4) {
    if (oc % LANE_BLOCK == 0) stream = QMCU_PART(multiply)(lanes, stream, tile);
    for (uint32_t pixel = 0; pixel < count; pixel++)
      finish_any(finish, sums + LANE_BLOCK * pixel + oc % LANE_BLOCK, oc, output + pixel * finish->pixel_bytes);
  }
}
#else
/* A tile of fewer pixels or channels than the kernel's passes through `tile`. */
static __attribute__((noinline)) void multiply_part(const struct conv2d_lanes_args *args,
                                                    const struct lane_output *to, const uint8_t *lanes,
                                                    uint8_t *output, uint32_t count, uint8_t *tile) {
  const uint32_t pixel_bytes = qmcu_pixel_bytes(args->output.channels, args->output_bits);
  /* Missing channels have weights and multipliers of zero: their lanes hold the zero point. */
  const uint32_t unused = pixel_bytes * 8u - args->output.channels * args->output_bits;
  QMCU_PART(multiply)(lanes, args->stream, tile, to);
  for (uint32_t pixel = 0; pixel < count; pixel++, output += pixel_bytes, tile += to->pixel_bytes) {
    packed_copy(output, tile, pixel_bytes);
    output[pixel_bytes - 1u] &= (uint8_t)(0xffu >> unused);
  }
}
#endif

/* All channels of the tile of `count` pixels at `output` whose lanes are ready. */
QMCU_INLINE void multiply_tile(const struct conv2d_lanes_args *args, const struct finish_block *finish,
                               const struct lane_output *to, const uint8_t *lanes, uint8_t *output, uint32_t count,
                               uint8_t *tile) {
#if QMCU_FINISH == 2
  (void)to;
  multiply_sums(args, finish, lanes, output, count, tile);
#else
  if (count == TILE && args->output.channels % LANE_BLOCK == 0)
    QMCU_PART(multiply)(lanes, args->stream, output, to);
  else
    multiply_part(args, to, lanes, output, count, tile);
  (void)finish;
#endif
}

static void convolve_lanes(const struct conv2d_lanes_args *args, const void *input, void *output, void *scratch) {
  const struct qmcu_packed_column column = args->column;
  const struct finish_block finish =
      finish_block_of(&args->stage, args->channels, args->output.channels, args->output_bits);
  const uint32_t blocked = (args->output.channels + LANE_BLOCK - 1u) / LANE_BLOCK * LANE_BLOCK;
  const struct lane_output to = {args->stream + args->stream_words, args->stage.zero_point,
                                 qmcu_pixel_bytes(blocked, args->output_bits)};
  uint8_t *lanes = (uint8_t *)scratch;
  uint8_t *tile = lanes + args->lane_bytes;
  uint8_t *copies = tile + args->tile_bytes;
  uint8_t *blank = copies + 8u * column.piece_words;
  const uint8_t *input_end =
      (const uint8_t *)input + (uint32_t)args->input.height * args->input.width * column.pixel_bytes;
  const struct packed_source source = {&column,   &args->window,      (const uint8_t *)input,
                                       input_end, args->input.height, args->input.width,
                                       blank};
  if (!column.pointwise) packed_fill(blank, 4u * column.piece_words, column.padding);
  struct position next = {0, 0};
  /* Of the last piece of a tile of input pixels. */
  const uint32_t reach = (TILE - 1u) * column.pixel_bytes + 4u * column.piece_words;
  const uint8_t *in = (const uint8_t *)input;
  uint8_t *out = (uint8_t *)output;
  for (uint32_t left = (uint32_t)args->output.height * args->output.width; left > 0;) {
    const uint32_t count = left < TILE ? left : TILE;
    if (column.pointwise && (uint32_t)(input_end - in) >= reach) {
      expand_pixels(in, column.pixel_bytes, column.piece_words, count, lanes);
      next.x += TILE;
    } else {
      while (next.x >= args->output.width) next.x -= args->output.width, next.y++;
      expand_tile(&source, &next, args->output.width, count, lanes, copies);
    }
    multiply_tile(args, &finish, &to, lanes, out, count, tile);
    in += TILE * column.pixel_bytes;
    out += TILE * finish.pixel_bytes;
    left -= count;
  }
}

#endif
