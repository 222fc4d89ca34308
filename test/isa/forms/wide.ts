/** 32-bit data processing: constants, shifted registers, bit fields, system (DDI 0403E A5.3). */
import type { Fields, Form } from './form.js';

const OPERATIONS: readonly (readonly [string, string])[] = [
  ['AND', '0000'],
  ['BIC', '0001'],
  ['ORR', '0010'],
  ['ORN', '0011'],
  ['EOR', '0100'],
  ['ADD', '1000'],
  ['ADC', '1010'],
  ['SBC', '1011'],
  ['SUB', '1101'],
  ['RSB', '1110'],
];
const TESTS: readonly (readonly [string, string])[] = [
  ['TST', '0000'],
  ['TEQ', '0100'],
  ['CMN', '1000'],
  ['CMP', '1101'],
];

/** Replicated patterns of a zero byte are UNPREDICTABLE. */
const constant = (f: Fields): boolean => f.i! < 0x100 || f.i! >= 0x400 || (f.i! & 0xff) !== 0;

const immediates = OPERATIONS.flatMap(([name, code]): readonly Form[] => [
  { name: `${name} immediate`, pattern: `11110i0${code}0nnnn 0iiiddddiiiiiiii`, valid: constant },
  { name: `${name}S immediate`, pattern: `11110i0${code}1nnnn 0iiiddddiiiiiiii`, valid: constant },
]);
const shifted = OPERATIONS.flatMap(([name, code]): readonly Form[] => [
  { name: `${name} shifted register`, pattern: `1110101${code}0nnnn 0iiiddddiissmmmm` },
  { name: `${name}S shifted register`, pattern: `1110101${code}1nnnn 0iiiddddiissmmmm` },
]);
const tests = TESTS.flatMap(([name, code]): readonly Form[] => [
  { name: `${name} immediate`, pattern: `11110i0${code}1nnnn 0iii1111iiiiiiii`, valid: constant },
  { name: `${name} shifted register`, pattern: `1110101${code}1nnnn 0iii1111iissmmmm` },
]);

const width = (f: Fields): boolean => f.l! + f.w! < 32;

export const WIDE_FORMS: readonly Form[] = [
  ...immediates,
  ...shifted,
  ...tests,
  { name: 'MOV immediate T2', pattern: '11110i00010S1111 0iiiddddiiiiiiii', valid: constant },
  { name: 'MVN immediate', pattern: '11110i00011S1111 0iiiddddiiiiiiii', valid: constant },
  { name: 'MOV register T3', pattern: '11101010010S1111 0000dddd0000mmmm' },
  { name: 'MOV register SP', pattern: '1110101001001111 0000dddd00001101' },
  { name: 'MOV SP, register', pattern: '1110101001001111 000011010000mmmm' },
  { name: 'LSL, LSR, ASR, ROR, RRX immediate', pattern: '11101010010S1111 0iiiddddiissmmmm' },
  { name: 'MVN shifted register', pattern: '11101010011S1111 0iiiddddiissmmmm' },
  { name: 'ADD SP immediate T3', pattern: '11110i01000S1101 0iiiddddiiiiiiii', valid: constant },
  { name: 'SUB SP immediate T2', pattern: '11110i01101S1101 0iiiddddiiiiiiii', valid: constant },
  { name: 'ADD SP, SP', pattern: '11110i0100001101 0iii1101iiiiiiii', valid: constant },
  { name: 'SUB SP, SP', pattern: '11110i0110101101 0iii1101iiiiiiii', valid: constant },
  { name: 'ADD SP register', pattern: '1110101100001101 0iiiddddiissmmmm' },
  { name: 'SUB SP, SP, register', pattern: '1110101110101101 00001101ii00mmmm' },
  { name: 'ADDW', pattern: '11110i100000nnnn 0iiiddddiiiiiiii' },
  { name: 'SUBW', pattern: '11110i101010nnnn 0iiiddddiiiiiiii' },
  { name: 'ADDW SP', pattern: '11110i1000001101 0iiiddddiiiiiiii' },
  { name: 'SUBW SP, SP', pattern: '11110i1010101101 0iii1101iiiiiiii' },
  { name: 'ADR T3', pattern: '11110i1000001111 0iiiddddiiiiiiii' },
  { name: 'ADR T2', pattern: '11110i1010101111 0iiiddddiiiiiiii' },
  { name: 'MOVW', pattern: '11110i100100iiii 0iiiddddiiiiiiii' },
  { name: 'MOVT', pattern: '11110i101100iiii 0iiiddddiiiiiiii' },
  { name: 'SSAT LSL', pattern: '111100110000nnnn 0iiiddddii0wwwww' },
  { name: 'SSAT ASR', pattern: '111100110010nnnn 0iiiddddii0wwwww', valid: (f: Fields) => f.i !== 0 },
  { name: 'USAT LSL', pattern: '111100111000nnnn 0iiiddddii0wwwww' },
  { name: 'USAT ASR', pattern: '111100111010nnnn 0iiiddddii0wwwww', valid: (f: Fields) => f.i !== 0 },
  { name: 'SSAT16', pattern: '111100110010nnnn 0000dddd0000wwww' },
  { name: 'USAT16', pattern: '111100111010nnnn 0000dddd0000wwww' },
  { name: 'SBFX', pattern: '111100110100nnnn 0lllddddll0wwwww', avoid: { l: [] }, valid: width },
  { name: 'UBFX', pattern: '111100111100nnnn 0lllddddll0wwwww', avoid: { l: [] }, valid: width },
  {
    name: 'BFI',
    pattern: '111100110110nnnn 0lllddddll0wwwww',
    avoid: { l: [] },
    valid: (f: Fields) => f.w! >= f.l!,
  },
  {
    name: 'BFC',
    pattern: '1111001101101111 0lllddddll0wwwww',
    avoid: { l: [] },
    valid: (f: Fields) => f.w! >= f.l!,
  },
  { name: 'NOP.W', pattern: '1111001110101111 1000000000000000' },
  { name: 'DSB', pattern: '1111001110111111 100011110100iiii' },
  { name: 'DMB', pattern: '1111001110111111 100011110101iiii' },
  { name: 'ISB', pattern: '1111001110111111 100011110110iiii' },
  { name: 'CLREX', pattern: '1111001110111111 1000111100101111' },
  { name: 'MRS APSR', pattern: '1111001111101111 1000dddd00000000' },
  { name: 'MRS MSP', pattern: '1111001111101111 1000dddd00001000' },
  {
    name: 'CPSID, MRS PRIMASK',
    pattern: '1011011001110010 1111001111101111 1000dddd00010000',
    notInIt: true,
  },
  {
    name: 'CPSIE, MRS PRIMASK',
    pattern: '1011011001100010 1111001111101111 1000dddd00010000',
    notInIt: true,
  },
  { name: 'MSR APSR_nzcvq', pattern: '111100111000nnnn 1000100000000000' },
  { name: 'MSR APSR_nzcvqg', pattern: '111100111000nnnn 1000110000000000' },
  { name: 'MSR MSP', pattern: '111100111000nnnn 1000100000001000' },
];

export const WIDE_BRANCH_FORMS: readonly Form[] = [
  {
    name: 'B<cond>.W',
    pattern: '11110Scccciiiiii 10J0Jiiiiiiiiiii',
    valid: (f: Fields) => f.c! < 14,
    branch: true,
  },
  { name: 'B.W', pattern: '11110Siiiiiiiiii 10J1Jiiiiiiiiiii', branch: true },
  { name: 'BL', pattern: '11110Siiiiiiiiii 11J1Jiiiiiiiiiii', branch: true },
  {
    name: 'TBB',
    pattern: '111010001101nnnn 111100000000mmmm',
    memory: { base: 'n', index: 'm' },
    valid: (f: Fields) => f.n !== f.m,
    branch: true,
  },
  {
    name: 'TBH',
    pattern: '111010001101nnnn 111100000001mmmm',
    memory: { base: 'n', index: 'm', align: 2 },
    valid: (f: Fields) => f.n !== f.m,
    branch: true,
  },
];
