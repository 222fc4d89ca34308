/* DEPTHWISE_CONV_2D over planes of four channels; the inner loops are generated assembly. */
#include "depthwise_conv2d_planes.h"

#include "kernel.h"

enum {
  KERNEL = QMCU_K,
  /* Bytes of a filter row's taps in a record. */
  TAP_PITCH = (KERNEL + 3) / 4 * 4,
  GROUP = 4,
  OUTPUT_PIXEL_BYTES = (QMCU_C * QMCU_W + 7) / 8,
  ROW_WORDS = QMCU_R,
  /* bias, multiplier, and in the modes that round by a shift its addend and distance; taps */
#if defined(QMCU_REQUANT_MULHI)
  RECORD_TAPS = 2,
#else
  RECORD_TAPS = 4,
#endif
  RECORD_WORDS = RECORD_TAPS + KERNEL * TAP_PITCH / 4
};

/* As the generated assembly loads it: s4 to s9 in src/codegen/asm/planes.ts. */
struct qmcu_plane_run {
  /* From the first row to behind the last one. */
  uint32_t plane_bytes;
  int32_t zero_point;
  /* Bounds, each in both halves of its word. */
  uint32_t low, high;
  /* Where the channel's bits stand in their byte. */
  uint32_t shift;
  /* Filters beyond 3×3: taps as src/codegen/asm/planes.ts streams them. */
  const qmcu_word *taps;
};

/* Outputs of one channel: whole bytes, or added to those of the channels before it. */
void QMCU_PART(rows)(const qmcu_word *plane, const uint32_t *record, uint8_t *output, const struct qmcu_plane_run *run);
#if QMCU_W < 8
void QMCU_PART(merge)(const qmcu_word *plane, const uint32_t *record, uint8_t *output, const struct qmcu_plane_run *run);
#endif

#if QMCU_G
void QMCU_PART(gather)(const uint8_t *pixels, qmcu_word *row, uint32_t rows);
#endif

static void fill(qmcu_word *at, uint32_t words, uint32_t pair) {
  for (const qmcu_word *end = at + words; at != end; at++) *at = pair;
}

/* `rows` rows of the input from `y` on; rows outside it are padding, which stands there already unless it `moves`. */
static void gather(const struct depthwise_conv2d_planes_args *args, const uint8_t *input, uint32_t oc, int32_t y,
                   uint32_t rows, qmcu_word *row, int moves) {
  const int32_t height = args->input.height;
  const uint32_t padding = qmcu_pair(args->input_zero_point, args->input_zero_point);
  while (rows > 0) {
    if (y < 0 || y >= height) {
      if (moves) fill(row, ROW_WORDS, padding);
      y++, rows--, row += ROW_WORDS;
      continue;
    }
    const uint32_t count = (uint32_t)(height - y) < rows ? (uint32_t)(height - y) : rows;
    const uint8_t *pixels = input + (uint32_t)y * QMCU_X;
#if QMCU_G
    QMCU_PART(gather)(pixels + oc * QMCU_INPUT_BITS / 8, row, count);
    row += count * ROW_WORDS;
#else
    const uint32_t channels = (uint32_t)args->output.channels - oc < GROUP ? args->output.channels - oc : GROUP;
    const uint32_t pixel_bytes = qmcu_pixel_bytes(args->output.channels, QMCU_INPUT_BITS);
    for (uint32_t r = 0; r < count; r++, pixels += QMCU_X, row += ROW_WORDS) {
      for (uint32_t c = 0; c < channels; c++) {
        int16_t *at = (int16_t *)row + c * (ROW_WORDS / GROUP * 2) + QMCU_P;
        const uint8_t *pixel = pixels;
        for (const int16_t *end = at + QMCU_I; at != end; pixel += pixel_bytes)
          *at++ = (int16_t)qmcu_load_lane(pixel, oc + c, QMCU_INPUT_BITS);
      }
    }
#endif
    y += (int32_t)count, rows -= count;
  }
}

/* The rows of one channel whose requantisation needs the full form. */
static __attribute__((noinline)) void exact_rows(const struct depthwise_conv2d_planes_args *args, const qmcu_word *plane,
                                                 uint32_t oc, uint8_t *output, uint32_t rows, uint32_t shift) {
  const struct qmcu_channel *channel = args->channels + oc;
  const int8_t *taps = (const int8_t *)(args->records + oc * RECORD_WORDS + RECORD_TAPS);
  for (uint32_t y = 0; y < rows; y++, plane += QMCU_V * ROW_WORDS) {
    const int16_t *column = (const int16_t *)plane;
    for (uint32_t x = 0; x < QMCU_O; x++, column += QMCU_S, output += OUTPUT_PIXEL_BYTES) {
      uint32_t acc = (uint32_t)channel->bias;
      for (uint32_t ky = 0; ky < KERNEL; ky++) {
        for (uint32_t kx = 0; kx < KERNEL; kx++)
          acc += (uint32_t)(column[ky * ROW_WORDS * 2 + kx] * taps[ky * TAP_PITCH + kx]);
      }
      const uint32_t q = (uint32_t)qmcu_requantize_channel(acc, channel, &args->stage) << shift;
      *output = (uint8_t)(shift == 0 ? q : *output | q);
    }
  }
}

#if QMCU_K > 3
/* Words per filter row. */
#define TAP_WORDS (QMCU_S == 1 ? KERNEL - 1 : (KERNEL + 1) / 2)

static void spread_taps(const int8_t *taps, qmcu_word *words) {
#if defined(QMCU_REQUANT_TFLM)
  const int32_t factor = 2;
#else
  const int32_t factor = 1;
#endif
  for (uint32_t ky = 0; ky < KERNEL; ky++, taps += TAP_PITCH) {
    for (uint32_t kx = 0; kx < KERNEL - 1; kx += QMCU_S)
      *words++ = qmcu_pair(factor * taps[kx], factor * taps[kx + 1]);
    if (QMCU_S == 2) *words++ = qmcu_pair(factor * taps[KERNEL - 1], 0);
  }
}
#endif

static void convolve(const struct depthwise_conv2d_planes_args *args, const qmcu_word *planes, uint32_t oc,
                     uint8_t *output, uint32_t rows) {
  struct qmcu_plane_run run = {rows * QMCU_V * ROW_WORDS * 4u, args->stage.zero_point,
                               qmcu_pair(args->stage.clamp_min, args->stage.clamp_min),
                               qmcu_pair(args->stage.clamp_max, args->stage.clamp_max), 0, NULL};
#if QMCU_K > 3
  qmcu_word taps[KERNEL * TAP_WORDS];
  run.taps = taps;
#endif
  const uint32_t end = oc + GROUP < QMCU_C ? oc + GROUP : QMCU_C;
  for (; oc < end; oc++, planes += ROW_WORDS / GROUP) {
    uint8_t *out = output + oc * QMCU_W / 8;
    const uint32_t *record = args->records + oc * RECORD_WORDS;
    run.shift = oc * QMCU_W % 8;
#if QMCU_K > 3
    spread_taps((const int8_t *)(record + RECORD_TAPS), taps);
#endif
    if (args->exact != NULL && args->exact[oc])
      exact_rows(args, planes, oc, out, rows, run.shift);
#if QMCU_W < 8
    else if (run.shift > 0)
      QMCU_PART(merge)(planes, record, out, &run);
#endif
    else
      QMCU_PART(rows)(planes, record, out, &run);
  }
}

void QMCU_INSTANCE(const struct depthwise_conv2d_planes_args *args, const void *input, void *output, void *scratch);
void QMCU_INSTANCE(const struct depthwise_conv2d_planes_args *args, const void *input, void *output, void *scratch) {
  qmcu_word *planes = (qmcu_word *)scratch;
  const uint32_t height = args->output.height, strip = args->strip_rows;
  const uint32_t shared = KERNEL > QMCU_V ? KERNEL - QMCU_V : 0;
  const uint32_t most_rows = (strip - 1u) * QMCU_V + KERNEL;
  fill(planes, most_rows * ROW_WORDS, qmcu_pair(args->input_zero_point, args->input_zero_point));
  for (uint32_t oc = 0; oc < QMCU_C; oc += GROUP) {
    uint8_t *out = (uint8_t *)output;
    int32_t top = -(int32_t)args->window.pad_top;
    uint32_t kept = 0;
    for (uint32_t y = 0; y < height; y += strip) {
      const uint32_t rows = height - y < strip ? height - y : strip;
      const uint32_t needed = (rows - 1u) * QMCU_V + KERNEL;
      if (kept > 0) {
        const qmcu_word *from = planes + strip * QMCU_V * ROW_WORDS;
        for (uint32_t i = 0; i < kept * ROW_WORDS; i++) planes[i] = from[i];
      }
      gather(args, (const uint8_t *)input, oc, top + (int32_t)kept, needed - kept, planes + kept * ROW_WORDS,
             strip < height);
      convolve(args, planes, oc, out, rows);
      kept = shared;
      top += (int32_t)(strip * QMCU_V);
      out += rows * QMCU_O * OUTPUT_PIXEL_BYTES;
    }
  }
}
