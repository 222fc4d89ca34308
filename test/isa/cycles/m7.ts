/**
 * Cortex-M7 micro-sequences, code and data in TCM. Expected cycles from measurements:
 * JNK  github jnk0le/random, "pipeline cycle test/doc/cortex_m7.md", an STM32H743
 */
import type { MicroSequence } from './micro-sequence.js';

export const M7_SEQUENCES: readonly MicroSequence[] = [
  {
    asm: 'add.w r0, r4, r5; add.w r2, r6, r7',
    code: 'eb04 0005 eb06 0207',
    cycles: 1,
    source: 'JNK: any two with simple operands',
  },
  {
    asm: 'ldr.w r0, [r1]; ldr.w r2, [r3, #4]',
    code: 'f8d1 0000 f8d3 2004',
    cycles: 1,
    source: 'JNK: two loads (of different banks)',
  },
  {
    asm: 'ldr.w r0, [r1]; add.w r2, r0, r4',
    code: 'f8d1 0000 eb00 0204',
    cycles: 2,
    source: 'JNK: a word reaches the late ALU in the next cycle',
  },
  {
    asm: 'ldrb.w r0, [r1]; add.w r2, r0, r4',
    code: 'f891 0000 eb00 0204',
    cycles: 3,
    source: 'JNK: bytes one cycle later',
  },
  {
    asm: 'ldr.w r0, [r1]; add.w r2, r4, r0, lsl #1',
    code: 'f8d1 0000 eb04 0240',
    cycles: 3,
    source: 'JNK: shifted operands a cycle earlier',
  },
  {
    asm: 'smlad r0, r4, r5, r0; smlad r2, r4, r5, r2',
    code: 'fb24 0005 fb24 2205',
    cycles: 2,
    source: 'JNK: MACs do not pair',
  },
  {
    asm: 'smlad r0, r4, r5, r0; ldr.w r2, [r1]',
    code: 'fb24 0005 f8d1 2000',
    cycles: 1,
    source: 'JNK: MAC with load',
  },
  {
    asm: 'smlad r0, r4, r5, r0; str.w r2, [r1]',
    code: 'fb24 0005 f8c1 2000',
    cycles: 2,
    source: 'JNK: MAC not with store',
  },
  {
    asm: 'smlad r0, r4, r5, r0; smlad r0, r4, r5, r0; smlad r0, r4, r5, r0',
    code: 'fb24 0005 fb24 0005 fb24 0005',
    cycles: 3,
    source: 'JNK: chained each cycle',
  },
  {
    asm: 'mul r0, r4, r5; add.w r2, r0, r4',
    code: 'fb04 f005 eb00 0204',
    cycles: 3,
    source: 'JNK: one more cycle of latency',
  },
  {
    asm: 'ldr.w r0, [r1]; smlad r2, r0, r4, r5',
    code: 'f8d1 0000 fb20 5204',
    cycles: 3,
    source: 'JNK: no load of the cycle before',
  },
  {
    asm: 'uxtb.w r0, r4; uxtb.w r2, r5',
    code: 'fa5f f084 fa5f f285',
    cycles: 2,
    source: 'JNK: one bit-field operation a cycle',
  },
  {
    asm: 'uxtb.w r0, r4; add.w r2, r5, r6',
    code: 'fa5f f084 eb05 0206',
    cycles: 1,
    source: 'JNK: in the older slot',
  },
  {
    asm: 'add.w r2, r5, r6; uxtb.w r0, r4',
    code: 'eb05 0206 fa5f f084',
    cycles: 2,
    source: 'JNK: only in the older slot',
  },
  {
    asm: 'uxtb.w r0, r4; ldr.w r2, [r3, r0]',
    code: 'fa5f f084 f853 2000',
    cycles: 3,
    source: 'JNK: one more cycle before an address',
    registers: { 4: 0x0 },
  },
  {
    asm: 'str.w r0, [r1]; str.w r2, [r3]',
    code: 'f8c1 0000 f8c3 2000',
    cycles: 2,
    source: 'JNK: two stores do not pair',
  },
  {
    asm: 'ldr.w r0, [r1]; str.w r2, [r3]',
    code: 'f8d1 0000 f8c3 2000',
    cycles: 1,
    source: 'JNK: a store with a load',
  },
  {
    asm: 'ldr.w r0, [r1]; str.w r0, [r3]',
    code: 'f8d1 0000 f8c3 0000',
    cycles: 1,
    source: 'JNK: any result is stored in the same cycle',
  },
  { asm: 'ldm.w r1, {r0, r2, r4, r5}', code: 'e891 0035', cycles: 2, source: 'JNK: ceil(registers / 2)' },
  { asm: 'ldm.w r1, {r0, r2, r4, r5, r6}', code: 'e891 0075', cycles: 3, source: 'JNK: ceil(registers / 2)' },
  {
    asm: 'ldrd r0, r2, [r1]; add.w r4, r5, r6',
    code: 'e9d1 0200 eb05 0406',
    cycles: 2,
    source: 'JNK: does not pair',
  },
  {
    asm: 'add.w r0, r4, r5, lsl #2; add.w r2, r6, r7, lsl #2',
    code: 'eb04 0085 eb06 0287',
    cycles: 2,
    source: 'JNK: two shifted operands',
  },
  {
    asm: 'add.w r0, r4, r5, lsl #2; lsr.w r2, r6, #3',
    code: 'eb04 0085 ea4f 02d6',
    cycles: 1,
    source: 'JNK: with a plain shift',
  },
  { asm: 'ldr.w r0, [r1, #2]', code: 'f8d1 0002', cycles: 4, source: 'JNK: unaligned +3' },
  {
    asm: 'vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s4',
    code: 'ee30 0a81 ee70 1a02',
    cycles: 4,
    source: 'JNK: latency 3',
  },
  { asm: 'vadd.f32 s0, s1, s2; add.w r0, r4, r5', code: 'ee30 0a81 eb04 0005', cycles: 1, source: 'JNK' },
  {
    asm: 'vfma.f32 s0, s1, s2; vfma.f32 s0, s3, s4',
    code: 'eea0 0a81 eea1 0a82',
    cycles: 4,
    source: 'JNK: accumulator after 3',
  },
  {
    asm: 'vfma.f32 s0, s1, s2; vmul.f32 s3, s0, s4',
    code: 'eea0 0a81 ee60 1a02',
    cycles: 6,
    source: 'JNK: multiplicand after 5',
  },
  {
    asm: 'vmul.f32 s0, s1, s2; vstr s0, [r1]',
    code: 'ee20 0a81 ed81 0a00',
    cycles: 2,
    source: 'JNK: stored after 1',
  },
  { asm: 'vdiv.f32 s0, s1, s2', code: 'ee80 0a81', cycles: 16, source: 'JNK' },
];
