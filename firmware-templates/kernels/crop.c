/* CROP: by words where both rows are aligned, else by bytes. */
#include "crop.h"

#include "kernel.h"

/* From the first byte on: `to` may lie before `from` in the same memory. */
static void copy_row(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  const uint8_t *end = from + bytes;
  if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
    qmcu_word *out = (qmcu_word *)(void *)to;
    const qmcu_word *in = (const qmcu_word *)(const void *)from;
    for (; bytes >= 16; bytes -= 16, in += 4, out += 4) {
      uint32_t a = in[0], b = in[1], c = in[2], d = in[3];
      out[0] = a, out[1] = b, out[2] = c, out[3] = d;
    }
    for (; bytes >= 4; bytes -= 4) *out++ = *in++;
    to = (uint8_t *)out;
    from = (const uint8_t *)in;
  }
  while (from != end) *to++ = *from++;
}

void QMCU_KERNEL(crop)(const struct crop_args *args, const void *input, void *output);
void QMCU_KERNEL(crop)(const struct crop_args *args, const void *input, void *output) {
  const uint8_t *from = (const uint8_t *)input + args->offset;
  uint8_t *to = (uint8_t *)output;
  for (uint32_t row = 0; row < args->rows; row++, from += args->input_pitch, to += args->output_pitch)
    copy_row(to, from, args->row_bytes);
}
