/*
 * The self-check: prints a CRC-32 of every feature map and the cycles of every layer while the network runs, for
 * `quantmcu verify --log`. One line each:
 *
 *   quantmcu-check begin version=1 layers=L mode=M core=C board=B model=NAME
 *   quantmcu-check input I bytes=N crc=XXXXXXXX
 *   quantmcu-check layer I crc=XXXXXXXX cycles=N
 *   quantmcu-check output I crc=XXXXXXXX
 *   quantmcu-check end
 */
#ifndef QUANTMCU_SELF_CHECK_H
#define QUANTMCU_SELF_CHECK_H

#include <stdint.h>

/* 0: the firmware without the check, on the same input. */
#ifndef QUANTMCU_SELF_CHECK
#define QUANTMCU_SELF_CHECK 1
#endif

/*
 * 1: prints and ends through semihosting, as a debugger or an emulator serves it; without one it faults.
 * 0: prints with your quantmcu_putchar, to a serial port for example, and does not end.
 */
#ifndef QUANTMCU_SEMIHOSTING
#define QUANTMCU_SEMIHOSTING 1
#endif

/* CRC-32 as in Ethernet and zip (reflected 0xEDB88320): start with 0, feed the result back for more bytes. */
uint32_t quantmcu_crc32(uint32_t crc, const void *bytes, uint32_t count);

/* Byte `index` of the pseudo-random input of `seed`: mulberry32, top byte, the same as `--seed` of quantmcu verify. */
uint8_t quantmcu_random_byte(uint32_t seed, uint32_t index);

#if QUANTMCU_SELF_CHECK

void quantmcu_putchar(char c);

/*
 * A feature map in the arena: `rows` runs of `row_bytes` bytes, `pitch` bytes from one to the next. With `group_bytes`: planes
 * of int16 from the first pixel on, `pitch` bytes from a channel's row to the next channel's, four channels to a group.
 */
struct quantmcu_map {
  uint32_t offset;
  uint32_t rows;
  uint32_t row_bytes;
  uint32_t pitch;
  uint32_t group_bytes;
  uint16_t width, channels, bits;
};

/* The output of each step, in order; a map of 0 rows is stored nowhere. Generated. */
extern const struct quantmcu_map quantmcu_maps[];

/* DWT CYCCNT (ARM DDI 0403E, C1.8.8); quantmcu_check_begin starts it. It reads 0 on cores without one. */
static inline uint32_t quantmcu_cycles(void) { return *(volatile uint32_t *)0xE0001004u; }

/* Runs the step `index` and prints its line; the printing is not part of its cycles. */
#define QUANTMCU_LAYER(index, run)                       \
  do {                                                   \
    const uint32_t begin = quantmcu_cycles();            \
    run;                                                 \
    const uint32_t cycles = quantmcu_cycles() - begin;   \
    quantmcu_check_layer((index), cycles);               \
  } while (0)

void quantmcu_check_begin(const char *about);
void quantmcu_check_input(uint32_t index, uint32_t bytes, uint32_t crc);
void quantmcu_check_layer(uint32_t index, uint32_t cycles);
void quantmcu_check_output(uint32_t index, const void *bytes, uint32_t count);
void quantmcu_check_end(void);

#else
#define QUANTMCU_LAYER(index, run) run
#endif

#endif
