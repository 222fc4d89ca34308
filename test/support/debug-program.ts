/** Small C programs with start-up code of their own, for tests of `emulate`: compiled by arm-none-eabi-gcc. */
import type { CoreId } from '../../src/targets/target.js';
import { buildElf } from './thumb-program.js';

export const FLASH = 0x08000000;
export const SRAM = 0x20000000;
export const STACK_TOP = SRAM + 0x2000;

/** Stack at the start of SRAM, 8 KiB; then .data and .bss. */
const SCRIPT = `ENTRY(Reset_Handler)
SECTIONS {
  .text ${FLASH} : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); load = .; }
  __stack_limit = ${SRAM};
  __stack_top = ${STACK_TOP};
  .data ${STACK_TOP} : AT(load) { start = .; *(.data*) . = ALIGN(4); end = .; }
  .bss (NOLOAD) : { *(.bss*) *(COMMON) }
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
`;

const START = `#include <stdint.h>
extern uint32_t __stack_top[], load[], start[], end[];
int main(void);
void finish(int status) {
  uint32_t block[2] = {0x20026, (uint32_t)status};
  register uint32_t r0 __asm__("r0") = 0x20;
  register uint32_t *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
  for (;;) {}
}
void print(const char *text) {
  register uint32_t r0 __asm__("r0") = 4;
  register const char *r1 __asm__("r1") = text;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
void Reset_Handler(void) {
#ifndef NO_FPU
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
#endif
  for (uint32_t *to = start, *from = load; to < end;) *to++ = *from++;
  finish(main());
}
#ifndef NO_VECTORS
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {__stack_top, Reset_Handler};
#endif
`;

/** Links `main.c`, which defines main(), and may use print(text) and finish(status). */
export function buildProgram(source: string, args: readonly string[] = [], core: CoreId = 'm4'): Uint8Array {
  const files = {
    'main.c': `#include <stdint.h>\nvoid print(const char *text);\nvoid finish(int status);\n#line 1 "main.c"\n${source}`,
    'start.c': START,
    'link.ld': SCRIPT,
  };
  const common = ['-O1', '-ffreestanding', '-fno-builtin', '-Wl,--build-id=none', '-T', 'link.ld'];
  return buildElf(core, files, [...common, ...args]);
}
