/*
 * DEPTHWISE_CONV_2D, four channels at a time over the whole map. The input rows under the window are saved,
 * widened and padded, in a ring, so that the output may overwrite the input and no tap needs a bounds check.
 *
 * Ring and weights hold two words per position: lanes (c0, c2) and (c1, c3), as SXTB16 spreads four bytes.
 */
#include "depthwise_conv2d.h"

#include "finish_block.h"

struct ring {
  qmcu_word *rows;
  uint32_t row_count;
  /* Words per row. */
  uint32_t row_words;
  /* The next padded row to be saved; row r stands in slot r mod row_count. */
  uint32_t next;
};

static uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }

static uint32_t ring_columns(const struct depthwise_conv2d_args *args) {
  const struct qmcu_window *window = &args->window;
  uint32_t reach =
      (args->output.width - 1u) * window->stride_width + (window->kernel_width - 1u) * window->dilation_width + 1u;
  return max_u32(reach, (uint32_t)window->pad_left + args->input.width);
}

static void fill(qmcu_word *at, const qmcu_word *end, uint32_t pair) {
  while (at < end) *at++ = pair;
}

/* Saves one input row, four output channels from `oc`, with padding left and right. */
static __attribute__((noinline)) void save_row(const struct depthwise_conv2d_args *args, const uint8_t *input, uint32_t y, uint32_t oc,
                     qmcu_word *row, uint32_t row_words) {
  const uint32_t channels = args->input.channels;
  const uint32_t pixel_bytes = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  const uint32_t padding = qmcu_pair(args->input_zero_point, args->input_zero_point);
  const uint8_t *pixel = input + y * args->input.width * pixel_bytes;
  const uint8_t *end = pixel + args->input.width * pixel_bytes;
  qmcu_word *at = row + 2u * args->window.pad_left;
  fill(row, at, padding);
#if QMCU_INPUT_BITS == 8
  if (args->depth_multiplier == 1 && channels % 4u == 0) {
    for (pixel += oc, end += oc; pixel != end; pixel += pixel_bytes, at += 2) {
      uint32_t word = *(const qmcu_word *)(const void *)pixel;
      at[0] = qmcu_spread_even(word);
      at[1] = qmcu_spread_odd(word);
    }
    fill(at, row + row_words, padding);
    return;
  }
#endif
  uint32_t source[4];
  for (uint32_t c = 0; c < 4; c++) {
    uint32_t channel = oc + c < args->output.channels ? oc + c : args->output.channels - 1u;
    source[c] = args->depth_multiplier == 1 ? channel : channel / args->depth_multiplier;
  }
  for (; pixel != end; pixel += pixel_bytes, at += 2) {
    at[0] = qmcu_pair(qmcu_load_lane(pixel, source[0], QMCU_INPUT_BITS),
                      qmcu_load_lane(pixel, source[2], QMCU_INPUT_BITS));
    at[1] = qmcu_pair(qmcu_load_lane(pixel, source[1], QMCU_INPUT_BITS),
                      qmcu_load_lane(pixel, source[3], QMCU_INPUT_BITS));
  }
  fill(at, row + row_words, padding);
}

/* Saves the padded rows up to `last`, skipping those before `first`. */
static void advance(const struct depthwise_conv2d_args *args, const uint8_t *input, uint32_t oc, struct ring *ring,
                    uint32_t first, uint32_t last) {
  for (uint32_t row = max_u32(ring->next, first); row <= last; row++) {
    qmcu_word *slot = ring->rows + (row % ring->row_count) * ring->row_words;
    if (row < args->window.pad_top || row - args->window.pad_top >= args->input.height)
      fill(slot, slot + ring->row_words, qmcu_pair(args->input_zero_point, args->input_zero_point));
    else
      save_row(args, input, row - args->window.pad_top, oc, slot, ring->row_words);
  }
  ring->next = last + 1u;
}

/* One tap: two saved words times two weight words. */
#define QMCU_TAP(x, w)                    \
  do {                                    \
    uint32_t even = (x)[0], odd = (x)[1]; \
    uint32_t w_even = (w)[0], w_odd = (w)[1]; \
    a0 = qmcu_mac_low(a0, even, w_even);  \
    a2 = qmcu_mac_high(a2, even, w_even); \
    a1 = qmcu_mac_low(a1, odd, w_odd);    \
    a3 = qmcu_mac_high(a3, odd, w_odd);   \
  } while (0)

/* One output row of a 3×3 window without dilation. */
QMCU_INLINE void row_3x3_as(enum finish_kind kind, const qmcu_word *r0, const qmcu_word *r1, const qmcu_word *r2,
                            uint32_t step, uint32_t oc, const qmcu_word *weights, uint8_t *pixel,
                            const struct finish_block *finish, uint32_t width) {
  const struct qmcu_channel *channel = finish->channels + oc;
  const uint8_t *end = pixel + width * finish->pixel_bytes;
  for (; pixel != end; pixel += finish->pixel_bytes) {
    uint32_t a0 = (uint32_t)channel[0].bias, a1 = (uint32_t)channel[1].bias;
    uint32_t a2 = (uint32_t)channel[2].bias, a3 = (uint32_t)channel[3].bias;
    QMCU_TAP(r0, weights);
    QMCU_TAP(r0 + 2, weights + 2);
    QMCU_TAP(r0 + 4, weights + 4);
    QMCU_TAP(r1, weights + 6);
    QMCU_TAP(r1 + 2, weights + 8);
    QMCU_TAP(r1 + 4, weights + 10);
    QMCU_TAP(r2, weights + 12);
    QMCU_TAP(r2 + 2, weights + 14);
    QMCU_TAP(r2 + 4, weights + 16);
    r0 += step, r1 += step, r2 += step;
    const uint32_t acc[4] = {a0, a1, a2, a3};
    finish_as(kind, finish, acc, oc, pixel, 1);
  }
}

static __attribute__((noinline)) void row_3x3(const struct depthwise_conv2d_args *args, const struct ring *ring,
                                              uint32_t top, uint32_t oc, const qmcu_word *weights, uint8_t *pixel,
                                              const struct finish_block *finish) {
  const qmcu_word *r0 = ring->rows + (top % 3u) * ring->row_words;
  const qmcu_word *r1 = ring->rows + ((top + 1u) % 3u) * ring->row_words;
  const qmcu_word *r2 = ring->rows + ((top + 2u) % 3u) * ring->row_words;
  const uint32_t step = 2u * args->window.stride_width, width = args->output.width;
  switch (finish_kind_of(finish, oc)) {
    case FINISH_SATURATE: row_3x3_as(FINISH_SATURATE, r0, r1, r2, step, oc, weights, pixel, finish, width); break;
    case FINISH_CLAMP: row_3x3_as(FINISH_CLAMP, r0, r1, r2, step, oc, weights, pixel, finish, width); break;
    default: row_3x3_as(FINISH_ANY, r0, r1, r2, step, oc, weights, pixel, finish, width); break;
  }
}

/* One output row of any window. */
static __attribute__((noinline)) void row_any(const struct depthwise_conv2d_args *args, const struct ring *ring, uint32_t top, uint32_t oc,
                    const qmcu_word *weights, uint8_t *pixel, const struct finish_block *finish) {
  const struct qmcu_window *window = &args->window;
  const struct qmcu_channel *channel = args->channels + oc;
  for (uint32_t x = 0; x < args->output.width; x++, pixel += finish->pixel_bytes) {
    uint32_t a0 = (uint32_t)channel[0].bias, a1 = (uint32_t)channel[1].bias;
    uint32_t a2 = (uint32_t)channel[2].bias, a3 = (uint32_t)channel[3].bias;
    const qmcu_word *w = weights;
    uint32_t row = top;
    for (uint32_t ky = 0; ky < window->kernel_height; ky++, row += window->dilation_height) {
      const qmcu_word *at =
          ring->rows + (row % ring->row_count) * ring->row_words + 2u * x * window->stride_width;
      for (uint32_t kx = 0; kx < window->kernel_width; kx++, w += 2, at += 2u * window->dilation_width)
        QMCU_TAP(at, w);
    }
    const uint32_t acc[4] = {a0, a1, a2, a3};
    finish_block(finish, acc, oc, pixel, 1);
  }
}

/* Widens the weights of four channels, zero point subtracted, to two words per tap. */
static void widen_weights(const struct depthwise_conv2d_args *args, const uint8_t *packed, uint32_t taps,
                          qmcu_word *weights) {
  const int32_t z = args->weight_zero_point;
  for (uint32_t tap = 0; tap < taps; tap++) {
    int32_t w[4];
    for (uint32_t c = 0; c < 4; c++) w[c] = qmcu_load_weight(packed, tap * 4u + c, QMCU_WEIGHT_BITS) - z;
    weights[tap * 2u] = qmcu_pair(w[0], w[2]);
    weights[tap * 2u + 1u] = qmcu_pair(w[1], w[3]);
  }
}

void QMCU_WEIGHTED_KERNEL(depthwise_conv2d)(const struct depthwise_conv2d_args *args, const void *input, void *output,
                                            void *scratch);
void QMCU_WEIGHTED_KERNEL(depthwise_conv2d)(const struct depthwise_conv2d_args *args, const void *input, void *output,
                                            void *scratch) {
  const struct qmcu_window *window = &args->window;
  const uint32_t taps = (uint32_t)window->kernel_height * window->kernel_width;
  const uint32_t span = (window->kernel_height - 1u) * window->dilation_height + 1u;
  const struct finish_block finish =
      finish_block_of(&args->stage, args->channels, args->output.channels, args->output_bits);
  const int is_3x3 = window->kernel_height == 3 && window->kernel_width == 3 && window->dilation_height == 1 &&
                     window->dilation_width == 1;
  qmcu_word *weights = (qmcu_word *)scratch;
  struct ring ring = {weights + 2u * taps, span, 2u * ring_columns(args), 0};
  const uint8_t *packed = args->weights;
  for (uint32_t oc = 0; oc < args->output.channels; oc += 4, packed += taps * 4u * QMCU_WEIGHT_BITS / 8u) {
    widen_weights(args, packed, taps, weights);
    ring.next = 0;
    for (uint32_t y = 0; y < args->output.height; y++) {
      uint32_t top = y * window->stride_height;
      uint8_t *pixel = (uint8_t *)output + y * args->output.width * finish.pixel_bytes;
      advance(args, (const uint8_t *)input, oc, &ring, top, top + span - 1u);
      if (is_3x3)
        row_3x3(args, &ring, top, oc, weights, pixel, &finish);
      else
        row_any(args, &ring, top, oc, weights, pixel, &finish);
    }
  }
}
