/** Registers only: shifts, extensions, parallel arithmetic, multiplications, divisions (DDI 0403E A5.3.12–A5.3.17). */
import type { Fields, Form } from './form.js';

const SHIFTS = ['LSL', 'LSR', 'ASR', 'ROR'];
const shifts = SHIFTS.flatMap((name, code): readonly Form[] => {
  const bits = code.toString(2).padStart(2, '0');
  return [
    { name: `${name} register T2`, pattern: `111110100${bits}0nnnn 1111dddd0000mmmm` },
    { name: `${name}S register T2`, pattern: `111110100${bits}1nnnn 1111dddd0000mmmm` },
  ];
});

const EXTENSIONS: readonly (readonly [string, string])[] = [
  ['SXTH', '000'],
  ['UXTH', '001'],
  ['SXTB16', '010'],
  ['UXTB16', '011'],
  ['SXTB', '100'],
  ['UXTB', '101'],
];
const extensions = EXTENSIONS.flatMap(([name, code]): readonly Form[] => [
  { name: `${name} T2`, pattern: `111110100${code}1111 1111dddd10rrmmmm` },
  { name: name.replace('XT', 'XTA'), pattern: `111110100${code}nnnn 1111dddd10rrmmmm` },
]);

const PARALLEL: readonly (readonly [string, string])[] = [
  ['ADD8', '000'],
  ['ADD16', '001'],
  ['ASX', '010'],
  ['SUB8', '100'],
  ['SUB16', '101'],
  ['SAX', '110'],
];
const PREFIXES: readonly (readonly [string, string])[] = [
  ['S', '000'],
  ['Q', '001'],
  ['SH', '010'],
  ['U', '100'],
  ['UQ', '101'],
  ['UH', '110'],
];
const parallel = PARALLEL.flatMap(([name, form]) =>
  PREFIXES.map(
    ([prefix, code]): Form => ({
      name: `${prefix}${name}`,
      pattern: `111110101${form}nnnn 1111dddd0${code}mmmm`,
    }),
  ),
);

const same = (f: Fields): boolean => f.n === f.m;
const apart = (f: Fields): boolean => f.h !== f.l;

/** name, op1, op2; with an accumulator and, unless named so, without. */
const MULTIPLIES: readonly (readonly [string, string, string, string])[] = [
  ['MLA', 'MUL', '000', '0000'],
  ['SMLABB', 'SMULBB', '001', '0000'],
  ['SMLABT', 'SMULBT', '001', '0001'],
  ['SMLATB', 'SMULTB', '001', '0010'],
  ['SMLATT', 'SMULTT', '001', '0011'],
  ['SMLAD', 'SMUAD', '010', '0000'],
  ['SMLADX', 'SMUADX', '010', '0001'],
  ['SMLAWB', 'SMULWB', '011', '0000'],
  ['SMLAWT', 'SMULWT', '011', '0001'],
  ['SMLSD', 'SMUSD', '100', '0000'],
  ['SMLSDX', 'SMUSDX', '100', '0001'],
  ['SMMLA', 'SMMUL', '101', '0000'],
  ['SMMLAR', 'SMMULR', '101', '0001'],
  ['USADA8', 'USAD8', '111', '0000'],
];
const multiplies = MULTIPLIES.flatMap(([accumulating, plain, op1, op2]): readonly Form[] => [
  {
    name: accumulating,
    pattern: `111110110${op1}nnnn aaaadddd${op2}mmmm`,
    qIgnored: accumulating.startsWith('SMLAD') || accumulating.startsWith('SMLSD'),
  },
  { name: plain, pattern: `111110110${op1}nnnn 1111dddd${op2}mmmm` },
]);

const LONG: readonly (readonly [string, string, string])[] = [
  ['SMULL', '000', '0000'],
  ['UMULL', '010', '0000'],
  ['SMLAL', '100', '0000'],
  ['SMLALBB', '100', '1000'],
  ['SMLALBT', '100', '1001'],
  ['SMLALTB', '100', '1010'],
  ['SMLALTT', '100', '1011'],
  ['SMLALD', '100', '1100'],
  ['SMLALDX', '100', '1101'],
  ['SMLSLD', '101', '1100'],
  ['SMLSLDX', '101', '1101'],
  ['UMLAL', '110', '0000'],
  ['UMAAL', '110', '0110'],
];
const long = LONG.map(
  ([name, op1, op2]): Form => ({
    name,
    pattern: `111110111${op1}nnnn llllhhhh${op2}mmmm`,
    avoid: { h: [13, 15], l: [13, 15] },
    valid: apart,
  }),
);

export const DSP_FORMS: readonly Form[] = [
  ...shifts,
  ...extensions,
  ...parallel,
  { name: 'QADD', pattern: '111110101000nnnn 1111dddd1000mmmm' },
  { name: 'QDADD', pattern: '111110101000nnnn 1111dddd1001mmmm' },
  { name: 'QSUB', pattern: '111110101000nnnn 1111dddd1010mmmm' },
  { name: 'QDSUB', pattern: '111110101000nnnn 1111dddd1011mmmm' },
  { name: 'REV T2', pattern: '111110101001nnnn 1111dddd1000mmmm', valid: same },
  { name: 'REV16 T2', pattern: '111110101001nnnn 1111dddd1001mmmm', valid: same },
  { name: 'RBIT', pattern: '111110101001nnnn 1111dddd1010mmmm', valid: same },
  { name: 'REVSH T2', pattern: '111110101001nnnn 1111dddd1011mmmm', valid: same },
  { name: 'SEL', pattern: '111110101010nnnn 1111dddd1000mmmm' },
  { name: 'CLZ', pattern: '111110101011nnnn 1111dddd1000mmmm', valid: same },
  { name: 'PKHBT', pattern: '111010101100nnnn 0iiiddddii00mmmm' },
  { name: 'PKHTB', pattern: '111010101100nnnn 0iiiddddii10mmmm' },
  ...multiplies,
  { name: 'MLS', pattern: '111110110000nnnn aaaadddd0001mmmm' },
  { name: 'SMMLS', pattern: '111110110110nnnn aaaadddd0000mmmm' },
  { name: 'SMMLSR', pattern: '111110110110nnnn aaaadddd0001mmmm' },
  ...long,
  { name: 'SDIV', pattern: '111110111001nnnn 1111dddd1111mmmm' },
  { name: 'UDIV', pattern: '111110111011nnnn 1111dddd1111mmmm' },
];
