/* The self-check: see self_check.h. Freestanding. */
#include "self_check.h"

#include "quantmcu.h"

uint32_t quantmcu_crc32(uint32_t crc, const void *bytes, uint32_t count) {
  /* The CRC of each nibble: 64 bytes of flash instead of 1 KiB. */
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
  };
  const uint8_t *in = bytes;
  crc = ~crc;
  while (count-- > 0) {
    crc ^= *in++;
    crc = (crc >> 4) ^ table[crc & 15];
    crc = (crc >> 4) ^ table[crc & 15];
  }
  return ~crc;
}

uint8_t quantmcu_random_byte(uint32_t seed, uint32_t index) {
  const uint32_t state = seed + (index + 1) * 0x6d2b79f5u;
  uint32_t t = state;
  t = (t ^ (t >> 15)) * (t | 1);
  t ^= t + (t ^ (t >> 7)) * (t | 61);
  return (uint8_t)((t ^ (t >> 14)) >> 24);
}

#if QUANTMCU_SELF_CHECK

#if QUANTMCU_SEMIHOSTING
/* Arm "Semihosting for AArch32 and AArch64": SYS_WRITE0 and SYS_EXIT. */
static void semihosting(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

/* One call per line: each stops the core for a debugger. */
__attribute__((weak)) void quantmcu_putchar(char c) {
  static char line[160];
  static uint32_t used;
  line[used++] = c;
  if (c != '\n' && used < sizeof line - 1) return;
  line[used] = 0;
  used = 0;
  semihosting(0x04, line);
}
#endif

static void print(const char *text) {
  while (*text != 0) quantmcu_putchar(*text++);
}

static void print_decimal(uint32_t value) {
  char digits[10];
  uint32_t count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) quantmcu_putchar(digits[--count]);
}

static void print_crc(uint32_t crc) {
  print(" crc=");
  for (int32_t shift = 28; shift >= 0; shift -= 4) quantmcu_putchar("0123456789abcdef"[(crc >> shift) & 15]);
}

static void print_head(const char *what, uint32_t index) {
  print("quantmcu-check ");
  print(what);
  print_decimal(index);
}

void quantmcu_check_begin(const char *about) {
  volatile uint32_t *const demcr = (volatile uint32_t *)0xE000EDFCu;
  volatile uint32_t *const dwt_ctrl = (volatile uint32_t *)0xE0001000u;
  *demcr |= 1u << 24; /* TRCENA */
#if defined(__ARM_ARCH_7EM__)
  *(volatile uint32_t *)0xE0001FB0u = 0xC5ACCE55u; /* DWT_LAR: the Cortex-M7 locks its counter */
#endif
  *(volatile uint32_t *)0xE0001004u = 0;
  *dwt_ctrl |= 1u; /* CYCCNTENA */
  print("quantmcu-check begin ");
  print(about);
  print("\n");
}

void quantmcu_check_input(uint32_t index, uint32_t bytes, uint32_t crc) {
  print_head("input ", index);
  print(" bytes=");
  print_decimal(bytes);
  print_crc(crc);
  print("\n");
}

/* Of the bytes that the map has where it is stored pixel by pixel. */
static uint32_t crc_of_planes(const struct quantmcu_map *map) {
  const uint32_t mask = (1u << map->bits) - 1u;
  uint32_t crc = 0;
  for (uint32_t i = 0; i < map->rows * map->width; i++) {
    const uint8_t *pixel = quantmcu_arena + map->offset + i / map->width * 4 * map->pitch + i % map->width * 2;
    uint8_t byte = 0;
    for (uint32_t c = 0; c < map->channels; c++) {
      const uint32_t shift = c * map->bits % 8;
      byte |= (uint8_t)((pixel[c / 4 * map->group_bytes + c % 4 * map->pitch] & mask) << shift);
      if (shift + map->bits < 8 && c + 1 < map->channels) continue;
      crc = quantmcu_crc32(crc, &byte, 1);
      byte = 0;
    }
  }
  return crc;
}

void quantmcu_check_layer(uint32_t index, uint32_t cycles) {
  const struct quantmcu_map *map = &quantmcu_maps[index];
  const uint8_t *row = quantmcu_arena + map->offset;
  uint32_t crc = 0;
  if (map->group_bytes > 0)
    crc = crc_of_planes(map);
  else
    for (uint32_t y = 0; y < map->rows; y++, row += map->pitch) crc = quantmcu_crc32(crc, row, map->row_bytes);
  print_head("layer ", index);
  print_crc(crc);
  print(" cycles=");
  print_decimal(cycles);
  print("\n");
}

void quantmcu_check_output(uint32_t index, const void *bytes, uint32_t count) {
  print_head("output ", index);
  print_crc(quantmcu_crc32(0, bytes, count));
  print("\n");
}

void quantmcu_check_end(void) {
  print("quantmcu-check end\n");
#if QUANTMCU_SEMIHOSTING
  semihosting(0x18, (const void *)0x20026); /* SYS_EXIT, ADP_Stopped_ApplicationExit */
#endif
}

#endif
