/* DEPTHWISE_CONV_2D over planes of four channels; the inner loops are generated assembly. */
#include "depthwise_conv2d_planes.h"

#include "convolve_planes.h"

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
      convolve(&args->constants, planes, oc, out, rows);
      kept = shared;
      top += (int32_t)(strip * QMCU_V);
      out += rows * QMCU_O * OUTPUT_PIXEL_BYTES;
    }
  }
}
