/*
 * The four memory functions that a freestanding compiler may still call, under their C and Arm EABI names.
 * Weak, so that a C library's own win. Compile with -fno-builtin, or a loop here may become a call of itself.
 */
#include <stddef.h>
#include <stdint.h>

#define WEAK __attribute__((weak, used))

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void __aeabi_memcpy(void *to, const void *from, size_t bytes);
void __aeabi_memcpy4(void *to, const void *from, size_t bytes);
void __aeabi_memcpy8(void *to, const void *from, size_t bytes);
void __aeabi_memset(void *to, size_t bytes, int value);
void __aeabi_memset4(void *to, size_t bytes, int value);
void __aeabi_memset8(void *to, size_t bytes, int value);
void __aeabi_memclr(void *to, size_t bytes);
void __aeabi_memclr4(void *to, size_t bytes);
void __aeabi_memclr8(void *to, size_t bytes);

WEAK void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *out = to;
  const uint8_t *in = from;
  while (bytes-- > 0) *out++ = *in++;
  return to;
}

WEAK void *memmove(void *to, const void *from, size_t bytes) {
  uint8_t *out = to;
  const uint8_t *in = from;
  if (out < in) {
    while (bytes-- > 0) *out++ = *in++;
    return to;
  }
  while (bytes-- > 0) out[bytes] = in[bytes];
  return to;
}

WEAK void *memset(void *to, int value, size_t bytes) {
  uint8_t *out = to;
  while (bytes-- > 0) *out++ = (uint8_t)value;
  return to;
}

WEAK int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (; bytes > 0; bytes--, x++, y++)
    if (*x != *y) return *x < *y ? -1 : 1;
  return 0;
}

WEAK void __aeabi_memcpy(void *to, const void *from, size_t bytes) { (void)memcpy(to, from, bytes); }
WEAK void __aeabi_memcpy4(void *to, const void *from, size_t bytes) { (void)memcpy(to, from, bytes); }
WEAK void __aeabi_memcpy8(void *to, const void *from, size_t bytes) { (void)memcpy(to, from, bytes); }
WEAK void __aeabi_memset(void *to, size_t bytes, int value) { (void)memset(to, value, bytes); }
WEAK void __aeabi_memset4(void *to, size_t bytes, int value) { (void)memset(to, value, bytes); }
WEAK void __aeabi_memset8(void *to, size_t bytes, int value) { (void)memset(to, value, bytes); }
WEAK void __aeabi_memclr(void *to, size_t bytes) { (void)memset(to, 0, bytes); }
WEAK void __aeabi_memclr4(void *to, size_t bytes) { (void)memset(to, 0, bytes); }
WEAK void __aeabi_memclr8(void *to, size_t bytes) { (void)memset(to, 0, bytes); }
