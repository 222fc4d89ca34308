/*
 * Start-up for any Cortex-M with an FPU: vector table, FPU access, initial values, then main.
 * Symbols come from linker.ld. Interrupts stay disabled: the table holds the system exceptions only.
 */
#include <stdint.h>

extern uint32_t __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);
void Default_Handler(void);
void SystemInit(void);

/* Clocks, flash wait states, caches: define your own SystemInit to set them up. */
__attribute__((weak)) void SystemInit(void) {}

void Default_Handler(void) {
  for (;;) __asm__ volatile("nop");
}

typedef void (*handler)(void);

/* ARMv7-M and ARMv8-M: initial stack pointer, then exceptions 1 to 15. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack_top;
  handler handlers[15];
} vectors = {
    __stack_top,
    {Reset_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler,
     Default_Handler, 0, 0, 0, Default_Handler, Default_Handler, 0, Default_Handler, Default_Handler},
};

void Reset_Handler(void) {
  /* CPACR: full access to coprocessors 10 and 11, the FPU. */
  volatile uint32_t *cpacr = (volatile uint32_t *)0xE000ED88u;
  *cpacr |= 0xFu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  const uint32_t *from = __data_load;
  for (uint32_t *to = __data_start; to < __data_end; to++) *to = *from++;
  for (uint32_t *to = __bss_start; to < __bss_end; to++) *to = 0;
  SystemInit();
  (void)main();
  Default_Handler();
}
