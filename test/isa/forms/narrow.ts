/** 16-bit forms (DDI 0403E A5.2). */
import type { Form } from './form.js';

const ALU: readonly Form[] = [
  'AND',
  'EOR',
  'LSL',
  'LSR',
  'ASR',
  'ADC',
  'SBC',
  'ROR',
  'TST',
  'RSB',
  'CMP',
  'CMN',
  'ORR',
  'MUL',
  'BIC',
  'MVN',
].map((name, code) => ({
  name: `${name} register T1`,
  pattern: `010000 ${code.toString(2).padStart(4, '0')} mmm ddd`,
}));

export const NARROW_FORMS: readonly Form[] = [
  { name: 'LSL immediate T1', pattern: '00000 iiiii mmm ddd', valid: (f) => f.i !== 0 },
  { name: 'MOVS register T2', pattern: '00000 00000 mmm ddd', notInIt: true },
  { name: 'LSR immediate T1', pattern: '00001 iiiii mmm ddd' },
  { name: 'ASR immediate T1', pattern: '00010 iiiii mmm ddd' },
  { name: 'ADD register T1', pattern: '0001100 mmm nnn ddd' },
  { name: 'SUB register T1', pattern: '0001101 mmm nnn ddd' },
  { name: 'ADD immediate T1', pattern: '0001110 iii nnn ddd' },
  { name: 'SUB immediate T1', pattern: '0001111 iii nnn ddd' },
  { name: 'MOV immediate T1', pattern: '00100 ddd iiiiiiii' },
  { name: 'CMP immediate T1', pattern: '00101 nnn iiiiiiii' },
  { name: 'ADD immediate T2', pattern: '00110 ddd iiiiiiii' },
  { name: 'SUB immediate T2', pattern: '00111 ddd iiiiiiii' },
  ...ALU,
  { name: 'ADD register T2', pattern: '01000100 d mmmm ddd', avoid: { d: [15], m: [] } },
  {
    name: 'CMP register T2',
    pattern: '01000101 n mmmm nnn',
    avoid: { n: [15], m: [15] },
    valid: (f) => f.n! >= 8 || f.m! >= 8,
  },
  { name: 'MOV register T1', pattern: '01000110 d mmmm ddd', avoid: { d: [15], m: [] } },
  { name: 'ADR T1', pattern: '10100 ddd iiiiiiii' },
  { name: 'ADD SP immediate T1', pattern: '10101 ddd iiiiiiii' },
  { name: 'ADD SP immediate T2', pattern: '101100000 iiiiiii' },
  { name: 'SUB SP immediate T1', pattern: '101100001 iiiiiii' },
  { name: 'SXTH T1', pattern: '1011001000 mmm ddd' },
  { name: 'SXTB T1', pattern: '1011001001 mmm ddd' },
  { name: 'UXTH T1', pattern: '1011001010 mmm ddd' },
  { name: 'UXTB T1', pattern: '1011001011 mmm ddd' },
  { name: 'REV T1', pattern: '1011101000 mmm ddd' },
  { name: 'REV16 T1', pattern: '1011101001 mmm ddd' },
  { name: 'REVSH T1', pattern: '1011101011 mmm ddd' },
  { name: 'NOP T1', pattern: '10111111 0000 0000' },
  // YIELD, WFE and WFI end a run of Unicorn's
  { name: 'SEV T1', pattern: '10111111 0100 0000' },
  { name: 'CPSIE i', pattern: '1011 0110 0110 0010', notInIt: true },
  { name: 'CPSID i', pattern: '1011 0110 0111 0010', notInIt: true },
];

const offset = (scale: number) => (f: Readonly<Record<string, number>>) => f.i! * scale;

export const NARROW_MEMORY_FORMS: readonly Form[] = [
  { name: 'LDR literal T1', pattern: '01001 ttt iiiiiiii', memory: { base: 'pc' } },
  ...['STR', 'STRH', 'STRB', 'LDRSB', 'LDR', 'LDRH', 'LDRB', 'LDRSH'].map((name, code) => ({
    name: `${name} register T1`,
    pattern: `0101 ${code.toString(2).padStart(3, '0')} mmm nnn ttt`,
    memory: { base: 'n', index: 'm' },
    valid: (f: Readonly<Record<string, number>>) => f.n !== f.m,
  })),
  { name: 'STR immediate T1', pattern: '01100 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'LDR immediate T1', pattern: '01101 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'STRB immediate T1', pattern: '01110 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'LDRB immediate T1', pattern: '01111 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'STRH immediate T1', pattern: '10000 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'LDRH immediate T1', pattern: '10001 iiiii nnn ttt', memory: { base: 'n' } },
  { name: 'STR SP T2', pattern: '10010 ttt iiiiiiii', memory: { base: 'sp', displacement: offset(4) } },
  { name: 'LDR SP T2', pattern: '10011 ttt iiiiiiii', memory: { base: 'sp', displacement: offset(4) } },
  {
    name: 'STM T1',
    pattern: '11000 nnn rrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f) => f.r !== 0 && ((f.r! >> f.n!) & 1 ? (f.r! & ((1 << f.n!) - 1)) === 0 : true),
  },
  {
    name: 'LDM T1',
    pattern: '11001 nnn rrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f) => f.r !== 0,
  },
  { name: 'PUSH T1', pattern: '1011010 rrrrrrrrr', memory: { base: 'sp' }, valid: (f) => f.r !== 0 },
  { name: 'POP T1', pattern: '10111100 rrrrrrrr', memory: { base: 'sp' }, valid: (f) => f.r !== 0 },
  {
    name: 'POP {pc} T1',
    pattern: '10111101 rrrrrrrr',
    memory: { base: 'sp' },
    branch: true,
  },
];

export const NARROW_BRANCH_FORMS: readonly Form[] = [
  { name: 'B<cond> T1', pattern: '1101 cccc iiiiiiii', valid: (f) => f.c! < 14, branch: true },
  { name: 'B T2', pattern: '11100 iiiiiiiiiii', branch: true },
  { name: 'CBZ', pattern: '101100 i 1 iiiii nnn', branch: true },
  { name: 'CBNZ', pattern: '101110 i 1 iiiii nnn', branch: true },
  {
    name: 'BX',
    pattern: '010001110 mmmm 000',
    avoid: { m: [13, 15] },
    branch: true,
    prepare: (state, f) => {
      state[f.m!] = (state[f.m!]! & 0x0fffffff) | 1;
    },
  },
  {
    name: 'BLX register',
    pattern: '010001111 mmmm 000',
    avoid: { m: [13, 15] },
    branch: true,
    prepare: (state, f) => {
      state[f.m!] = state[f.m!]! | 1;
    },
  },
  { name: 'MOV pc, register', pattern: '010001101 mmmm 111', avoid: { m: [13, 15] }, branch: true },
  { name: 'ADD pc, register', pattern: '010001001 mmmm 111', avoid: { m: [13, 15] }, branch: true },
];
