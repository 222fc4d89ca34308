/** 32-bit loads and stores (DDI 0403E A5.3.5–A5.3.10; ARMv8-M: DDI 0553 C2.4). */
import type { Fields, Form } from './form.js';

interface Single {
  readonly name: string;
  /** Bits 8, 6…4 of the first halfword: sign, size, load. */
  readonly sign: string;
  readonly code: string;
  readonly word?: boolean;
}

const SINGLES: readonly Single[] = [
  { name: 'STRB', sign: '0', code: '000' },
  { name: 'LDRB', sign: '0', code: '001' },
  { name: 'STRH', sign: '0', code: '010' },
  { name: 'LDRH', sign: '0', code: '011' },
  { name: 'STR', sign: '0', code: '100', word: true },
  { name: 'LDR', sign: '0', code: '101', word: true },
  { name: 'LDRSB', sign: '1', code: '001' },
  { name: 'LDRSH', sign: '1', code: '011' },
];

const unlike = (f: Fields): boolean => f.n !== f.t;
const memory = { base: 'n' };

const singles = SINGLES.flatMap(({ name, sign, code }): readonly Form[] => {
  const literal = name.startsWith('LDR')
    ? [
        {
          name: `${name} literal T2`,
          pattern: `1111100${sign}u${code}1111 ttttiiiiiiiiiiii`,
          memory: { base: 'pc' },
        },
      ]
    : [];
  return [
    { name: `${name} immediate T3`, pattern: `1111100${sign}1${code}nnnn ttttiiiiiiiiiiii`, memory },
    { name: `${name} negative offset`, pattern: `1111100${sign}0${code}nnnn tttt1100iiiiiiii`, memory },
    {
      name: `${name} pre-indexed`,
      pattern: `1111100${sign}0${code}nnnn tttt11U1iiiiiiii`,
      memory,
      valid: unlike,
    },
    {
      name: `${name} post-indexed`,
      pattern: `1111100${sign}0${code}nnnn tttt10U1iiiiiiii`,
      memory,
      valid: unlike,
    },
    {
      name: `${name} register T2`,
      pattern: `1111100${sign}0${code}nnnn tttt000000iimmmm`,
      memory: { base: 'n', index: 'm' },
      valid: (f: Fields) => f.n !== f.m,
    },
    ...literal,
  ];
});

const bits = (mask: number): number => mask.toString(2).replaceAll('0', '').length;
const list = (f: Fields): boolean => bits(f.r!) >= 2 && (f.r! & 0xa000) === 0;
const listBack = (f: Fields): boolean => list(f) && (f.r! & (1 << f.n!)) === 0;

const four = (f: Fields): number => f.i! * 4;
const distinct = (f: Fields): boolean => f.t !== f.u && f.n !== f.t && f.n !== f.u;

export const MEMORY_FORMS: readonly Form[] = [
  ...singles,
  { name: 'LDR SP', pattern: '1111100011011101 ttttiiiiiiiiiiii', memory: { base: 'sp' } },
  {
    name: 'STR pre-indexed SP',
    pattern: '1111100001001101 tttt1101iiiiiiii',
    memory: { base: 'sp', align: 4 },
  },
  { name: 'LDM', pattern: '111010001001nnnn rrrrrrrrrrrrrrrr', memory: { base: 'n', align: 4 }, valid: list },
  {
    name: 'LDM writeback',
    pattern: '111010001011nnnn rrrrrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: listBack,
  },
  {
    name: 'LDMDB',
    pattern: '111010010001nnnn rrrrrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: list,
  },
  {
    name: 'LDMDB writeback',
    pattern: '111010010011nnnn rrrrrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: listBack,
  },
  {
    name: 'STM',
    pattern: '111010001000nnnn 0r0rrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f: Fields) => bits(f.r!) >= 2,
  },
  {
    name: 'STM writeback',
    pattern: '111010001010nnnn 000rrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f: Fields) => bits(f.r!) >= 2 && (f.r! & (1 << f.n!)) === 0,
  },
  {
    name: 'STMDB',
    pattern: '111010010000nnnn 0r0rrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f: Fields) => bits(f.r!) >= 2,
  },
  {
    name: 'STMDB writeback',
    pattern: '111010010010nnnn 000rrrrrrrrrrrrr',
    memory: { base: 'n', align: 4 },
    valid: (f: Fields) => bits(f.r!) >= 2 && (f.r! & (1 << f.n!)) === 0,
  },
  {
    name: 'PUSH T2',
    pattern: '1110100100101101 000rrrrrrrrrrrrr',
    memory: { base: 'sp' },
    valid: (f: Fields) => bits(f.r!) >= 2,
  },
  {
    name: 'POP T2',
    pattern: '1110100010111101 000rrrrrrrrrrrrr',
    memory: { base: 'sp' },
    valid: (f: Fields) => bits(f.r!) >= 2,
  },
  {
    name: 'LDRD offset',
    pattern: '11101001U101nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  {
    name: 'LDRD pre-indexed',
    pattern: '11101001U111nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  {
    name: 'LDRD post-indexed',
    pattern: '11101000U111nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  {
    name: 'LDRD literal',
    pattern: '11101001U1011111 ttttuuuuiiiiiiii',
    memory: { base: 'pc', displacement: four },
    valid: (f: Fields) => f.t !== f.u,
  },
  {
    name: 'STRD offset',
    pattern: '11101001U100nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  {
    name: 'STRD pre-indexed',
    pattern: '11101001U110nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  {
    name: 'STRD post-indexed',
    pattern: '11101000U110nnnn ttttuuuuiiiiiiii',
    memory: { base: 'n', align: 4 },
    valid: distinct,
  },
  { name: 'LDREX', pattern: '111010000101nnnn tttt1111iiiiiiii', memory: { base: 'n', align: 4 } },
  { name: 'LDREXB', pattern: '111010001101nnnn tttt111101001111', memory: { base: 'n' } },
  { name: 'LDREXH', pattern: '111010001101nnnn tttt111101011111', memory: { base: 'n', align: 2 } },
  {
    name: 'LDREX, STREX',
    pattern: '111010000101nnnn uuuu111100000000 111010000100bbbb ttttdddd00000000',
    memory: { base: 'n', align: 4 },
    valid: (f: Fields) => f.b === f.n && f.u !== f.n && f.d !== f.n && f.d !== f.t,
    notInIt: true,
  },
  ...['00', '01', '10'].flatMap((size, index): readonly Form[] => {
    const suffix = ['B', 'H', ''][index]!;
    const aligned = { base: 'n', align: 1 << index };
    return [
      {
        name: `LDA${suffix}`,
        pattern: `111010001101nnnn tttt111110${size}1111`,
        memory: aligned,
        needs: 'armv8m',
      },
      {
        name: `STL${suffix}`,
        pattern: `111010001100nnnn tttt111110${size}1111`,
        memory: aligned,
        needs: 'armv8m',
      },
      {
        name: `LDAEX${suffix}`,
        pattern: `111010001101nnnn tttt111111${size}1111`,
        memory: aligned,
        needs: 'armv8m',
      },
    ];
  }),
  { name: 'PLD immediate', pattern: '111110001001nnnn 1111iiiiiiiiiiii', memory },
  { name: 'PLD literal', pattern: '11111000u0011111 1111iiiiiiiiiiii', memory: { base: 'pc' } },
];
