/* Four planes, one of each channel (depthwise_conv2d_planes.h draws them), convolved by generated assembly. */
#ifndef QMCU_CONVOLVE_PLANES_H
#define QMCU_CONVOLVE_PLANES_H

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

/* The rows of one channel whose requantisation needs the full form. */
static __attribute__((noinline)) void exact_rows(const struct qmcu_plane_channels *constants, const qmcu_word *plane,
                                                 uint32_t oc, uint8_t *output, uint32_t rows, uint32_t shift) {
  const struct qmcu_channel *channel = constants->channels + oc;
  const int8_t *taps = (const int8_t *)(constants->records + oc * RECORD_WORDS + RECORD_TAPS);
  for (uint32_t y = 0; y < rows; y++, plane += QMCU_V * ROW_WORDS) {
    const int16_t *column = (const int16_t *)plane;
    for (uint32_t x = 0; x < QMCU_O; x++, column += QMCU_S, output += OUTPUT_PIXEL_BYTES) {
      uint32_t acc = (uint32_t)channel->bias;
      for (uint32_t ky = 0; ky < KERNEL; ky++) {
        for (uint32_t kx = 0; kx < KERNEL; kx++)
          acc += (uint32_t)(column[ky * ROW_WORDS * 2 + kx] * taps[ky * TAP_PITCH + kx]);
      }
      const uint32_t q = (uint32_t)qmcu_requantize_channel(acc, channel, &constants->stage) << shift;
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

static void convolve(const struct qmcu_plane_channels *constants, const qmcu_word *planes, uint32_t oc,
                     uint8_t *output, uint32_t rows) {
  struct qmcu_plane_run run = {rows * QMCU_V * ROW_WORDS * 4u, constants->stage.zero_point,
                               qmcu_pair(constants->stage.clamp_min, constants->stage.clamp_min),
                               qmcu_pair(constants->stage.clamp_max, constants->stage.clamp_max), 0, NULL};
#if QMCU_K > 3
  qmcu_word taps[KERNEL * TAP_WORDS];
  run.taps = taps;
#endif
  const uint32_t end = oc + GROUP < QMCU_C ? oc + GROUP : QMCU_C;
  for (; oc < end; oc++, planes += ROW_WORDS / GROUP) {
    uint8_t *out = output + oc * QMCU_W / 8;
    const uint32_t *record = constants->records + oc * RECORD_WORDS;
    run.shift = oc * QMCU_W % 8;
#if QMCU_K > 3
    spread_taps((const int8_t *)(record + RECORD_TAPS), taps);
#endif
    if (constants->exact != NULL && constants->exact[oc])
      exact_rows(constants, planes, oc, out, rows, run.shift);
#if QMCU_W < 8
    else if (run.shift > 0)
      QMCU_PART(merge)(planes, record, out, &run);
#endif
    else
      QMCU_PART(rows)(planes, record, out, &run);
  }
}

#endif
