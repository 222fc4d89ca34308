/* MAX_POOL_2D: the window clipped to the input, by words of channels where pixels are whole words, else channel by channel. */
#include "max_pool2d.h"

#include "kernel.h"

#include "clipped_window.h"

/* Lanes of a byte go one after the other. */
QMCU_INLINE uint32_t larger_lanes(uint32_t a, uint32_t b) {
  const uint32_t lanes = 0x01010101u * ((1u << QMCU_INPUT_BITS) - 1u);
  if (QMCU_INPUT_BITS == 8) return qmcu_max_bytes(a, b);
  uint32_t result = 0;
  for (uint32_t shift = 0; shift < 8; shift += QMCU_INPUT_BITS)
    result |= qmcu_max_bytes((a >> shift) & lanes, (b >> shift) & lanes) << shift;
  return result;
}

/* The larger of the clamp's lower bound and of `a`, and the smaller of that and its upper bound. */
QMCU_INLINE uint32_t clamped_lanes(uint32_t a, uint32_t low, uint32_t high) {
  a = larger_lanes(a, low);
  if (QMCU_INPUT_BITS == 8) return qmcu_min_bytes(a, high);
  /* Of unsigned lanes: the larger complement. */
  return ~larger_lanes(~a, ~high);
}

QMCU_INLINE uint32_t every_lane(int32_t value) {
  uint32_t byte = 0;
  for (uint32_t shift = 0; shift < 8; shift += QMCU_INPUT_BITS)
    byte |= ((uint32_t)value & ((1u << QMCU_INPUT_BITS) - 1u)) << shift;
  return byte * 0x01010101u;
}

/* One word, or with `two` two, of an output pixel. */
QMCU_INLINE void max_words(const struct clipped_window *clip, const uint8_t *pixel, uint32_t step, qmcu_word *out,
                           uint32_t low, uint32_t high, int two) {
  uint32_t first = low, second = low;
  for (uint32_t ky = clip->rows; ky > 0; ky--, pixel += clip->row_step * step) {
    const uint8_t *at = pixel;
    for (uint32_t kx = clip->columns; kx > 0; kx--, at += clip->column_step * step) {
      const qmcu_word *words = (const qmcu_word *)(const void *)at;
      first = larger_lanes(first, words[0]);
      if (two) second = larger_lanes(second, words[1]);
    }
  }
  out[0] = clamped_lanes(first, low, high);
  if (two) out[1] = clamped_lanes(second, low, high);
}

/* One output pixel. */
static void max_pixel(const struct clipped_window *clip, const uint8_t *input, uint32_t step, uint8_t *output,
                      uint32_t low, uint32_t high) {
  const uint8_t *pixel = input + clip->first * step;
  qmcu_word *out = (qmcu_word *)(void *)output;
  uint32_t left = step / 4u;
  for (; left >= 2; left -= 2, pixel += 8, out += 2) max_words(clip, pixel, step, out, low, high, 1);
  if (left > 0) max_words(clip, pixel, step, out, low, high, 0);
}

void QMCU_KERNEL(max_pool2d)(const struct max_pool2d_args *args, const void *input, void *output);
void QMCU_KERNEL(max_pool2d)(const struct max_pool2d_args *args, const void *input, void *output) {
  const uint32_t channels = args->input.channels;
  const uint32_t step = qmcu_pixel_bytes(channels, QMCU_INPUT_BITS);
  uint8_t *out = (uint8_t *)output;
  const uint32_t low = every_lane(args->clamp_min), high = every_lane(args->clamp_max);
  for (uint32_t y = 0; y < args->output.height; y++) {
    for (uint32_t x = 0; x < args->output.width; x++, out += step) {
      const struct clipped_window clip = qmcu_clip(&args->window, &args->input, y, x);
      if (channels * QMCU_INPUT_BITS % 32u == 0) {
        max_pixel(&clip, (const uint8_t *)input, step, out, low, high);
        continue;
      }
      for (uint32_t c = 0; c < channels; c++) {
        int32_t best = INT32_MIN;
        for (uint32_t ky = 0; ky < clip.rows; ky++) {
          const uint8_t *at = (const uint8_t *)input + qmcu_clipped_pixel(&clip, ky, 0) * step;
          for (uint32_t kx = 0; kx < clip.columns; kx++, at += clip.column_step * step) {
            int32_t value = qmcu_load_lane(at, c, QMCU_INPUT_BITS);
            if (value > best) best = value;
          }
        }
        qmcu_store_lane(out, c, channels, QMCU_INPUT_BITS, qmcu_clamp(best, args->clamp_min, args->clamp_max));
      }
    }
  }
}
