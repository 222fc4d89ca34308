/** Block costs against the sums that Arm's manual prints and the sequences measured by jnk0le/random. */
import { describe, expect, it } from 'vitest';
import { blockCost } from '../../../src/emulate/block-cost.js';
import { classifyRange } from '../../../src/emulate/classify-thumb.js';
import { CORE_TIMINGS } from '../../../src/targets/index.js';
import type { CoreId } from '../../../src/targets/target.js';
import { assemble, CODE_ORIGIN, hasArmGcc, programCode } from '../../support/thumb-program.js';

describe.skipIf(!hasArmGcc)('blockCost (needs arm-none-eabi-gcc)', () => {
  function cost(core: CoreId, text: string) {
    const image = assemble(`${text.replaceAll(';', '\n')}\n`, core);
    const code = programCode(image);
    return blockCost(CORE_TIMINGS[core], classifyRange(code, CODE_ORIGIN));
  }

  it.each([
    // Cortex-M4 TRM 3.3.2, "Some optimized examples are"
    ['ldr r0, [r1]; ldr r1, [r2]', 3],
    ['ldr r0, [r1, r2]; str r0, [r3, #20]', 3],
    ['ldr r0, [r1, r2]; str r1, [r3, r2]', 3],
    ['ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]', 4],
    // the same section, in words
    ['str r0, [r1, #4]', 1],
    ['str r0, [r1, r2]', 2],
    ['ldm r0, {r1, r2, r3}', 4],
    ['stm r0!, {r1, r2, r3, r4, r5, r6, r7}', 8],
    ['stmia.w r8!, {r0, r1, r2, r3, r4, r5, r6, r7}', 9],
    ['ldrd r0, r1, [r2]', 3],
    ['ldrd r0, r1, [r2]; ldr r3, [r4]', 5],
    ['add r0, r1, #1; ldr r2, [r0]', 4],
    ['add r0, r1, #1; ldr r2, [r3]', 3],
    ['add r0, r1, #1; str r0, [r3]', 2],
    ['ldr r0, [r1]; ldr r2, [r0]', 4],
    // Table 3-1
    ['smlad r0, r1, r2, r3; smull r0, r1, r2, r3; mla r0, r1, r2, r3', 3],
    ['push {r4, r5, lr}', 4],
    ['sxtb16 r0, r1; pkhbt r0, r1, r2, lsl #16; usat16 r0, #8, r1; smmlar r0, r1, r2, r3', 4],
    // FPU table
    ['vmov s0, r1; vmov r1, s0; vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5', 4],
    ['vldr s0, [r0]', 2],
    ['vmla.f32 s0, s1, s2', 3],
    ['vdiv.f32 s0, s1, s2', 14],
    ['vpush {s16-s19}', 5],
    // measured (cortex_m3m4.md): indexed loads do not chain on one base, but on two
    ['ldr r0, [r1], #4; ldr r2, [r1], #4', 4],
    ['ldr r0, [r1], #4; ldr r2, [r3], #4', 3],
  ])('M4: %s takes %d cycles', (text, cycles) => {
    expect(cost('m4', text).cycles).toBe(cycles);
  });

  it('M4: branches add the refill when taken', () => {
    expect(cost('m4', '1: subs r0, #1; bne 1b')).toEqual({ cycles: 2, taken: 2, notTaken: 0 });
    // TRM 3.3.2: LDR PC at least five, TBB at least six cycles; POP {…, pc} 1 + N + P
    const jump = cost('m4', 'ldr pc, [r0]');
    expect(jump.cycles + jump.taken).toBe(5);
    const back = cost('m4', 'pop {r4, pc}');
    expect(back.cycles + back.taken).toBe(6);
    const table = cost('m4', 'tbb [r0, r1]');
    expect(table.cycles + table.taken).toBeGreaterThanOrEqual(5);
  });

  it.each([
    // cortex_m33.md: load to use 2 cycles, LDM of n registers n cycles, doubles 2
    ['ldr r0, [r1]; add r2, r0, r3', 3],
    ['ldr r0, [r1]; mov r4, r5; add.w r2, r0, r3', 3],
    ['ldm r0, {r1, r2, r3, r4}', 4],
    ['ldrd r0, r1, [r2]', 2],
    // accumulators chain every cycle, factors wait for the result
    ['smlad r0, r1, r2, r0; smlad r0, r3, r4, r0; smlad r0, r5, r6, r0', 3],
    ['mul r0, r1, r2; add.w r3, r0, r4', 3],
    // a NOP pairs as the older of two 16-bit instructions; two additions do not
    ['nop; adds r0, r1, r2', 1],
    ['adds r0, r1, r2; nop', 2],
    ['adds r0, r1, r2; adds r3, r4, r5', 2],
  ])('M33: %s takes %d cycles', (text, cycles) => {
    expect(cost('m33', text).cycles).toBe(cycles);
  });

  it('M33: a branch behind 16-bit code is free when not taken', () => {
    const branch = cost('m33', '1: subs r0, #1; bne 1b');
    expect(branch.cycles + branch.notTaken).toBe(1);
    expect(branch.cycles + branch.taken).toBe(3);
    const hidden = cost('m33', '1: subs r0, #1; mov r1, r2; bne 1b');
    expect(hidden.cycles + hidden.taken).toBe(3);
  });

  it.each([
    // cortex_m7.md: two independent operations a cycle, one multiply, one bit-field operation, in the older slot
    ['add.w r0, r1, r2; add.w r3, r4, r5', 1],
    ['add.w r0, r1, r2; add.w r3, r0, r5', 2],
    ['smlad r0, r1, r2, r0; smlad r3, r1, r2, r3', 2],
    ['smlad r0, r1, r2, r0; ldr.w r5, [r6]', 1],
    ['smlad r0, r1, r2, r0; str.w r5, [r6]', 2],
    ['sxtb16 r0, r1; sxtb16 r2, r3', 2],
    ['sxtb16 r0, r1; add.w r2, r3, r4', 1],
    ['add.w r2, r3, r4; sxtb16 r0, r1', 2],
    ['add.w r0, r1, r2, lsl #3; eor.w r3, r4, r5, ror #2', 2],
    ['str.w r0, [r1]; str.w r2, [r3]', 2],
    ['ldr.w r0, [r1]; str.w r0, [r3]', 1],
    ['ldm.w r0, {r1, r2, r3, r4, r5}', 3],
    ['mul r0, r1, r2; add.w r3, r0, r4', 3],
    // word loads reach the next cycle's late ALU, bytes one later, multipliers one later
    ['ldr.w r0, [r1]; nop.w; add.w r3, r0, r4', 2],
    ['ldrb.w r0, [r1]; nop.w; add.w r3, r0, r4', 3],
    ['ldr.w r0, [r1]; nop.w; smlad r3, r0, r4, r3', 3],
  ])('M7: %s takes %d cycles', (text, cycles) => {
    expect(cost('m7', text).cycles).toBe(cycles);
  });

  it('M7: only a loop that ends is mispredicted', () => {
    const loop = cost('m7', '1: nop.w; subs.w r0, r0, #1; bne 1b');
    expect(loop.taken).toBe(0);
    expect(loop.notTaken).toBeGreaterThanOrEqual(6);
    expect(loop.notTaken).toBeLessThanOrEqual(8);
    expect(cost('m7', 'beq 1f; 1:').notTaken).toBe(0);
  });
});
