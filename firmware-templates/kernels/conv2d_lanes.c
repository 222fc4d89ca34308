/*
 * CONV_2D by shared lanes: the driver. Four output pixels are expanded to lanes, then multiplied by all channels.
 *
 * QMCU_PART(expand) and QMCU_PART(multiply) are generated (src/codegen/asm). With QMCU_FINISH 2 the multiplying
 * kernel yields sums, block by block, and outputs are finished here: any shift, clamp and width.
 */
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

#define TILE 4u
/* Of a column of four pixels, per word of packed input. */
#define LANE_BYTES_PER_WORD (40u * QMCU_INPUT_LANES / 8u)
/* Lanes of pixels 2 and 3 stand this far behind those of 0 and 1. */
#define SECOND_PAIR 20u

struct position {
  int32_t y, x;
};

/* Expands the columns of two output pixels. `copies`: two pieces. */
static void expand_pair(const struct packed_source *source, const struct position at[2], uint8_t *lanes,
                        uint8_t *copies) {
  const struct qmcu_packed_column *column = source->column;
  const uint32_t words = column->piece_words;
  uint8_t *second = copies + 4u * words;
  if (column->gathered) {
    packed_gather(source, at[0].y, at[0].x, copies);
    packed_gather(source, at[1].y, at[1].x, second);
    QMCU_PART(expand)(copies, second, lanes, words, 0);
    return;
  }
  uint32_t sum = 0;
  for (uint32_t ky = 0; ky < source->window->kernel_height; ky++)
    for (uint32_t kx = 0; kx < source->window->kernel_width; kx += column->run_taps) {
      const uint8_t *a = packed_piece(source, at[0].y, at[0].x, ky, kx, copies);
      const uint8_t *b = packed_piece(source, at[1].y, at[1].x, ky, kx, second);
      sum = QMCU_PART(expand)(a, b, lanes, words, sum);
      lanes += words * LANE_BYTES_PER_WORD;
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
  expand_pair(source, at, lanes, copies);
  expand_pair(source, at + 2, lanes + SECOND_PAIR, copies);
}

/* The same where columns are the input's own pixels, one after the other. */
QMCU_INLINE void expand_in_place(const uint8_t *input, const struct qmcu_packed_column *column, uint32_t count,
                                 uint8_t *lanes) {
  const uint32_t bytes = column->pixel_bytes, words = column->piece_words;
  const uint8_t *b = count > 1 ? input + bytes : input;
  const uint8_t *c = count > 2 ? b + bytes : b;
  const uint8_t *d = count > 3 ? c + bytes : c;
  QMCU_PART(expand)(input, b, lanes, words, 0);
  QMCU_PART(expand)(c, d, lanes + SECOND_PAIR, words, 0);
}

#if QMCU_FINISH == 2
static void multiply(const struct conv2d_lanes_args *args, const struct finish_block *finish, const uint8_t *lanes,
                     uint8_t *output, uint32_t count, uint8_t *tile) {
  const uint32_t *stream = args->stream;
  for (uint32_t oc = 0; oc < finish->channel_count; oc += 4) {
    stream = QMCU_PART(multiply)(lanes, stream, tile);
    for (uint32_t pixel = 0; pixel < count; pixel++)
      finish_any(finish, (const uint32_t *)(void *)tile + 4 * pixel, oc, output + pixel * finish->pixel_bytes);
  }
}
#else
/* Whole tiles of whole blocks go straight to the output, others by way of `tile`. */
static void multiply(const struct conv2d_lanes_args *args, const struct finish_block *finish, const uint8_t *lanes,
                     uint8_t *output, uint32_t count, uint8_t *tile) {
  const uint32_t blocked = (args->output.channels + 3u) & ~3u;
  const int whole = count == TILE && args->output.channels == blocked;
  struct lane_output to;
  to.stream_end = args->stream + args->stream_words;
  to.zero_point = args->stage.zero_point;
  to.pixel_bytes = qmcu_pixel_bytes(blocked, args->output_bits);
  QMCU_PART(multiply)(lanes, args->stream, whole ? output : tile, &to);
  if (whole) return;
  /* Missing channels have weights and multipliers of zero: their lanes hold the zero point. */
  const uint32_t unused = finish->pixel_bytes * 8u - args->output.channels * args->output_bits;
  for (uint32_t pixel = 0; pixel < count; pixel++, output += finish->pixel_bytes, tile += to.pixel_bytes) {
    packed_copy(output, tile, finish->pixel_bytes);
    output[finish->pixel_bytes - 1u] &= (uint8_t)(0xffu >> unused);
  }
}
#endif

void QMCU_INSTANCE(const struct conv2d_lanes_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct conv2d_lanes_args *args, const void *input, void *output,
                                 void *scratch) {
  const struct qmcu_packed_column *column = &args->column;
  const struct finish_block finish =
      finish_block_of(&args->stage, args->channels, args->output.channels, args->output_bits);
  uint8_t *lanes = (uint8_t *)scratch;
  uint8_t *tile = lanes + args->lane_bytes;
  uint8_t *copies = tile + args->tile_bytes;
  uint8_t *blank = copies + 8u * column->piece_words;
  struct packed_source source = {column,         &args->window, (const uint8_t *)input, args->input.height,
                                 args->input.width, blank};
  if (!column->in_place && !column->gathered) packed_fill(blank, 4u * column->piece_words, column->padding);
  struct position next = {0, 0};
  uint8_t *out = (uint8_t *)output;
  uint32_t left = (uint32_t)args->output.height * args->output.width;
  while (left > 0) {
    const uint32_t count = left < TILE ? left : TILE;
    if (column->in_place) {
      expand_in_place(source.input, column, count, lanes);
      source.input += TILE * column->pixel_bytes;
    } else {
      expand_tile(&source, &next, args->output.width, count, lanes, copies);
    }
    multiply(args, &finish, lanes, out, count, tile);
    out += TILE * finish.pixel_bytes;
    left -= count;
  }
}
