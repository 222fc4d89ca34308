/*
 * Runs single instructions on a real system emulator: for each case loads every register, executes the code at CODE_AT,
 * which ends with SVC, and stores every register and a checksum of RAM. Board mps2-an386 or mps2-an500 of QEMU.
 * The host writes the cases to CASES (-device loader) and reads results.bin (semihosting).
 */
#include <stdint.h>

#define CODE_AT 0xa000u
#define RAM 0x20000000u
#define RAM_WORDS 4096u
#define CASES 0x20100000u
#define RESULTS 0x20280000u
/* r0…r15, xPSR, s0…s31, FPSCR */
#define STATE_WORDS 50u

typedef struct {
  uint32_t state[STATE_WORDS];
  uint32_t halfwords;
  uint16_t code[6];
} Case;

typedef struct {
  uint32_t state[STATE_WORDS];
  uint32_t checksum;
} Result;

typedef struct {
  uint32_t count;
  uint32_t ram[RAM_WORDS];
  uint32_t code[4096];
  Case cases[];
} Input;

uint32_t *current_result;
uint32_t saved_sp;
extern uint32_t stack_top;

void run_case(const uint32_t *state);
void svc_handler(void);
void main(void);

static uint32_t semihost(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* Anything but SVC: the results so far are not written, which the host takes for a failure. */
static void fail(void) {
  semihost(0x18, (const void *)0x20023);
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) void (*const vectors[16])(void) = {
  (void (*)(void))&stack_top, main, fail, fail, fail, fail, fail, 0, 0, 0, 0, svc_handler, fail, 0, fail, fail,
};

__asm__(
  ".syntax unified\n.thumb\n.thumb_func\n.global run_case\nrun_case:\n"
  "  push {r4-r11, lr}\n"
  "  vpush {s16-s31}\n"
  "  ldr r1, =saved_sp\n"
  "  mov r2, sp\n"
  "  str r2, [r1]\n"
  "  add r1, r0, #68\n"
  "  vldm r1, {s0-s31}\n"
  "  ldr r2, [r0, #196]\n"
  "  vmsr fpscr, r2\n"
  "  ldr r1, [r0, #52]\n"
  "  msr psp, r1\n"
  "  movs r2, #2\n"
  "  msr control, r2\n"
  "  isb\n"
  "  ldr lr, [r0, #56]\n"
  "  ldr r2, [r0, #64]\n"
  "  msr apsr_nzcvqg, r2\n"
  "  ldm r0, {r0-r12}\n"
  "  ldr pc, =0xa001\n"
  "  .ltorg\n"
  /* The frame is on the process stack, FP registers are live (no FP stacking). */
  ".thumb_func\n.global svc_handler\nsvc_handler:\n"
  "  mrs r0, psp\n"
  "  ldr r1, =current_result\n"
  "  ldr r1, [r1]\n"
  "  add r2, r1, #16\n"
  "  stm r2, {r4-r11}\n"
  "  ldm r0, {r4-r11}\n"
  "  stm r1, {r4-r7}\n"
  "  str r8, [r1, #48]\n"
  "  add r2, r0, #32\n"
  "  tst r11, #0x200\n"
  "  it ne\n"
  "  addne r2, #4\n"
  "  str r2, [r1, #52]\n"
  "  str r9, [r1, #56]\n"
  "  str r10, [r1, #60]\n"
  "  str r11, [r1, #64]\n"
  "  add r3, r1, #68\n"
  "  vstm r3, {s0-s31}\n"
  "  vmrs r3, fpscr\n"
  "  str r3, [r1, #196]\n"
  /* what the exception pushed is no part of the comparison */
  "  movs r3, #0\n"
  "1: str r3, [r0], #4\n"
  "  cmp r0, r2\n"
  "  bne 1b\n"
  "  sub sp, #32\n"
  "  ldr r0, =resume\n"
  "  str r0, [sp, #24]\n"
  "  mov r0, #0x01000000\n"
  "  str r0, [sp, #28]\n"
  "  ldr lr, =0xfffffff9\n"
  "  bx lr\n"
  ".thumb_func\nresume:\n"
  "  ldr r1, =saved_sp\n"
  "  ldr sp, [r1]\n"
  "  vpop {s16-s31}\n"
  "  pop {r4-r11, pc}\n"
  "  .ltorg\n");

static uint32_t checksum(void) {
  const uint32_t *word = (const uint32_t *)RAM;
  uint32_t sum = 1;
  for (uint32_t i = 0; i < RAM_WORDS; i++) sum = ((sum << 5) | (sum >> 27)) ^ word[i];
  return sum;
}

static void write_results(uint32_t bytes) {
  static const char name[] = "results.bin";
  const uint32_t open[3] = {(uint32_t)name, 5, sizeof name - 1};
  const uint32_t handle = semihost(1, open);
  const uint32_t write[3] = {handle, RESULTS, bytes};
  semihost(5, write);
  semihost(2, &handle);
  semihost(0x18, (const void *)0x20026);
}

void main(void) {
  *(volatile uint32_t *)0xe000ed88 = 0x00f00000; /* CPACR: FPU on */
  *(volatile uint32_t *)0xe000ef34 = 0;          /* FPCCR: no FP stacking */
  __asm__ volatile("dsb\n isb\n vmov.f32 s0, s0" ::: "memory");
  const Input *input = (const Input *)CASES;
  for (uint32_t i = 0; i < RAM_WORDS; i++) ((uint32_t *)RAM)[i] = input->ram[i];
  for (uint32_t i = 0; i < 4096; i++) ((volatile uint32_t *)0x8000)[i] = input->code[i];
  Result *results = (Result *)RESULTS;
  for (uint32_t i = 0; i < input->count; i++) {
    const Case *test = &input->cases[i];
    for (uint32_t k = 0; k < test->halfwords; k++) ((volatile uint16_t *)CODE_AT)[k] = test->code[k];
    __asm__ volatile("dsb\n isb" ::: "memory");
    current_result = results[i].state;
    run_case(test->state);
    results[i].checksum = checksum();
  }
  write_results(input->count * sizeof(Result));
  for (;;) {
  }
}
