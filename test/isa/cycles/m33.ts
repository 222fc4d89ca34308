/**
 * Cortex-M33 micro-sequences. Expected cycles from measurements:
 * JNK  github jnk0le/random, "pipeline cycle test/doc/cortex_m33.md", an RP2350
 */
import type { MicroSequence } from './micro-sequence.js';

export const M33_SEQUENCES: readonly MicroSequence[] = [
  {
    asm: 'subs r7, #1; bne 1f; nop; 1:',
    code: '3f01 d100 bf00',
    cycles: 3,
    source: 'JNK: 1, then 2 taken',
    registers: { 7: 0x5 },
  },
  {
    asm: 'subs r7, #1; bne 1f; add r0, r4; 1:',
    code: '3f01 d100 4420',
    cycles: 2,
    source: 'JNK: 1, then 0 not taken',
    registers: { 7: 0x1 },
  },
  {
    asm: 'subs r7, #1; add r0, r4; bne 1f; nop; 1:',
    code: '3f01 4420 d100 bf00',
    cycles: 3,
    source: 'JNK: 1, 1, 1 taken',
    registers: { 7: 0x5 },
  },
  {
    asm: 'subs r7, #1; add r0, r4; bne 1f; add r0, r4; 1:',
    code: '3f01 4420 d100 4420',
    cycles: 3,
    source: 'JNK: 1, 1, 0 not taken, 1',
    registers: { 7: 0x1 },
  },
  {
    asm: 'subs r7, #1; ldmia r3!, {r0, r2, r4, r5}; bne 1f; nop; 1:',
    code: '3f01 cb35 d100 bf00',
    cycles: 6,
    source: 'JNK: 1, 4, 1 taken',
    registers: { 7: 0x5 },
  },
  {
    asm: 'adds r0, r4, r5; adds r2, r4, r5',
    code: '1960 1962',
    cycles: 2,
    source: 'JNK: arithmetic does not pair with arithmetic',
  },
  { asm: 'nop; adds r0, r4, r5', code: 'bf00 1960', cycles: 1, source: 'JNK: NOP pairs with what follows' },
  { asm: 'adds r0, r4, r5; nop', code: '1960 bf00', cycles: 2, source: 'JNK: not with what precedes' },
  {
    asm: 'nop.w; adds r0, r4, r5',
    code: 'f3af 8000 1960',
    cycles: 2,
    source: 'JNK: only 16-bit instructions',
  },
  { asm: 'ldr r0, [r1]; adds r2, r0, r4', code: '6808 1902', cycles: 3, source: 'JNK: load to use 2' },
  {
    asm: 'ldr r0, [r1]; nop.w; adds r2, r0, r4',
    code: '6808 f3af 8000 1902',
    cycles: 3,
    source: 'JNK: load to use 2',
  },
  {
    asm: 'ldr r0, [r1]; mla r0, r4, r5, r0',
    code: '6808 fb04 0005',
    cycles: 2,
    source: 'JNK: as accumulator in 1',
  },
  {
    asm: 'ldr r0, [r1]; mla r2, r0, r5, r4',
    code: '6808 fb00 4205',
    cycles: 3,
    source: 'JNK: as multiplicand in 2',
  },
  { asm: 'ldr r0, [r1]; str r0, [r3]', code: '6808 6018', cycles: 2, source: 'JNK: load to store 1' },
  {
    asm: 'smlad r0, r4, r5, r0; smlad r0, r4, r5, r0',
    code: 'fb24 0005 fb24 0005',
    cycles: 2,
    source: 'JNK: MACs chain',
  },
  {
    asm: 'smlad r0, r4, r5, r0; str r0, [r3]',
    code: 'fb24 0005 6018',
    cycles: 2,
    source: 'JNK: stored from the accumulate stage in 1',
  },
  {
    asm: 'smlad r0, r4, r5, r0; adds r2, r0, r4',
    code: 'fb24 0005 1902',
    cycles: 3,
    source: 'JNK: latency 2',
  },
  {
    asm: 'add.w r0, r4, r5, ror #23; add r0, r2',
    code: 'eb04 50f5 4410',
    cycles: 3,
    source: 'JNK: 1, then 2',
  },
  {
    asm: 'uadd8 r0, r4, r5; smlad r0, r4, r5, r0',
    code: 'fa84 f045 fb24 0005',
    cycles: 3,
    source: 'JNK: no chaining from DSP',
  },
  { asm: 'muls r0, r4, r0', code: '4360', cycles: 2, source: 'JNK: MULS 2 in all' },
  { asm: 'adds.w r0, r4, #0x1fc0', code: 'f514 50fe', cycles: 2, source: 'JNK: 2 with flags' },
  { asm: 'add.w r0, r4, #0x1fc0', code: 'f504 50fe', cycles: 1, source: 'JNK' },
  { asm: 'ldrd r0, r2, [r1]', code: 'e9d1 0200', cycles: 2, source: 'JNK: double 2' },
  { asm: 'stm r1, {r0, r2, r4, r5}', code: 'e881 0035', cycles: 4, source: 'JNK: x registers in x cycles' },
  {
    asm: 'cmp r0, r0; it eq; addeq r0, r4',
    code: '4280 bf08 1900',
    cycles: 2,
    source: 'JNK: IT pairs with the instruction before',
  },
  {
    asm: 'vfma.f32 s0, s1, s2; vfma.f32 s0, s3, s4',
    code: 'eea0 0a81 eea1 0a82',
    cycles: 4,
    source: 'JNK: accumulator after 3',
  },
  {
    asm: 'vfma.f32 s0, s1, s2; vadd.f32 s5, s6, s7',
    code: 'eea0 0a81 ee73 2a23',
    cycles: 4,
    source: 'JNK: no other FP instruction in the next two cycles',
  },
  {
    asm: 'vfma.f32 s0, s1, s2; vfma.f32 s5, s0, s7',
    code: 'eea0 0a81 eee0 2a23',
    cycles: 5,
    source: 'JNK: multiplicand after 4',
  },
  {
    asm: 'vadd.f32 s0, s1, s2; vadd.f32 s3, s4, s5',
    code: 'ee30 0a81 ee72 1a22',
    cycles: 2,
    source: 'JNK: pipelined',
  },
  {
    asm: 'vmul.f32 s0, s1, s2; vadd.f32 s3, s0, s5',
    code: 'ee20 0a81 ee70 1a22',
    cycles: 3,
    source: 'JNK: latency 2',
  },
  {
    asm: 'vldr s0, [r1]; vadd.f32 s2, s0, s1',
    code: 'ed91 0a00 ee30 1a20',
    cycles: 2,
    source: 'JNK: 1 cycle of load to use',
  },
];
