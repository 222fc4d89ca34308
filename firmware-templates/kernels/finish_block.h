/*
 * From accumulators to stored outputs: four channels of one or two pixels. Whole blocks of bytes that the short form
 * of requantisation serves go through a loop of their own; everything else through the general one.
 */
#ifndef QMCU_FINISH_BLOCK_H
#define QMCU_FINISH_BLOCK_H

#include "kernel.h"

enum finish_kind {
  /* Bytes, short form, and the clamp is int8's whole range: saturation does it. */
  FINISH_SATURATE,
  /* Bytes, short form, any clamp. */
  FINISH_CLAMP,
  /* Sub-byte outputs, the exact form, or fewer than four channels. */
  FINISH_ANY
};

/* What is the same for every block of a kernel call; a local copy, which stores to the output cannot alias. */
struct finish_block {
  struct qmcu_output_stage stage;
  const struct qmcu_channel *channels;
  uint32_t channel_count;
  /* Bytes from one pixel to the next. */
  uint32_t pixel_bytes;
  uint32_t bits;
  /* Of whole blocks of narrow channels. */
  enum finish_kind whole;
};

QMCU_INLINE struct finish_block finish_block_of(const struct qmcu_output_stage *stage,
                                                const struct qmcu_channel *channels, uint32_t channel_count,
                                                uint32_t bits) {
  struct finish_block finish;
  finish.stage = *stage;
  finish.channels = channels;
  finish.channel_count = channel_count;
  finish.pixel_bytes = qmcu_pixel_bytes(channel_count, bits);
  finish.bits = bits;
  finish.whole = bits != 8                                               ? FINISH_ANY
                 : stage->clamp_min == -128 && stage->clamp_max == 127 ? FINISH_SATURATE
                                                                       : FINISH_CLAMP;
  return finish;
}

QMCU_INLINE enum finish_kind finish_kind_of(const struct finish_block *finish, uint32_t oc) {
  return finish->channel_count - oc < 4 || finish->channels[oc].wide ? FINISH_ANY : finish->whole;
}

/* One output in the short form: scaled, moved to the zero point, cut to its bounds. */
QMCU_INLINE int32_t finish_short(uint32_t acc, int32_t multiplier, uint32_t left, uint32_t right,
                                 const struct qmcu_output_stage *stage, uint32_t full_range) {
#if defined(QMCU_REQUANT_MULHI)
  (void)right;
  const int32_t value = qmcu_mul_high_add((int32_t)(acc << left), multiplier, stage->zero_point);
#else
  const int32_t value = qmcu_scale_narrow((int32_t)acc, multiplier, left, right) + stage->zero_point;
#endif
  return full_range ? qmcu_saturate8(value) : qmcu_clamp(value, stage->clamp_min, stage->clamp_max);
}

/* One channel of one or two pixels: constants are loaded once. */
QMCU_INLINE void finish_channel(const struct qmcu_channel *channel, const uint32_t *acc, uint32_t c, int8_t *out,
                                int8_t *second, uint32_t pixels, const struct qmcu_output_stage *stage,
                                uint32_t full_range) {
  const int32_t multiplier = channel[c].multiplier;
  const uint32_t left = channel[c].left, right = channel[c].right;
  out[c] = (int8_t)finish_short(acc[c], multiplier, left, right, stage, full_range);
  if (pixels == 2) second[c] = (int8_t)finish_short(acc[c + 4], multiplier, left, right, stage, full_range);
}

QMCU_INLINE void finish_bytes(const struct finish_block *finish, const uint32_t *acc, uint32_t oc, int8_t *out,
                              uint32_t pixels, uint32_t full_range) {
  const struct qmcu_output_stage stage = finish->stage;
  const struct qmcu_channel *channel = finish->channels + oc;
  int8_t *second = out + finish->pixel_bytes;
  finish_channel(channel, acc, 0, out, second, pixels, &stage, full_range);
  finish_channel(channel, acc, 1, out, second, pixels, &stage, full_range);
  finish_channel(channel, acc, 2, out, second, pixels, &stage, full_range);
  finish_channel(channel, acc, 3, out, second, pixels, &stage, full_range);
}

static __attribute__((noinline, unused)) void finish_any(const struct finish_block *finish, const uint32_t *acc,
                                                         uint32_t oc, uint8_t *pixel) {
  const uint32_t left = finish->channel_count - oc;
  int32_t values[4];
  for (uint32_t c = 0; c < 4; c++)
    values[c] = qmcu_requantize_channel(acc[c], finish->channels + oc + c, &finish->stage);
  qmcu_store_block(pixel, oc, values, left < 4 ? left : 4, finish->bits);
}

/*
 * acc[0…3] belong to `pixel`, acc[4…7] to the pixel after it when `pixels` is 2. `pixel` starts at channel 0. With a
 * constant `kind` (finish_kind_of) only that branch remains.
 */
QMCU_INLINE void finish_as(enum finish_kind kind, const struct finish_block *finish, const uint32_t *acc, uint32_t oc,
                           uint8_t *pixel, uint32_t pixels) {
  if (kind == FINISH_ANY) {
    finish_any(finish, acc, oc, pixel);
    if (pixels == 2) finish_any(finish, acc + 4, oc, pixel + finish->pixel_bytes);
  } else {
    finish_bytes(finish, acc, oc, (int8_t *)pixel + oc, pixels, kind == FINISH_SATURATE);
  }
}

/* The same with the kind chosen block by block. */
QMCU_INLINE void finish_block(const struct finish_block *finish, const uint32_t *acc, uint32_t oc, uint8_t *pixel,
                              uint32_t pixels) {
  switch (finish_kind_of(finish, oc)) {
    case FINISH_SATURATE: finish_as(FINISH_SATURATE, finish, acc, oc, pixel, pixels); break;
    case FINISH_CLAMP: finish_as(FINISH_CLAMP, finish, acc, oc, pixel, pixels); break;
    default: finish_as(FINISH_ANY, finish, acc, oc, pixel, pixels); break;
  }
}

#endif
