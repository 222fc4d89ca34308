/** Floating point: FPv4-SP on every core, FPv5 on M7 and M33, doubles on the M7 (DDI 0403E A6.4 ff.). */
import type { Fields, Form, Needs } from './form.js';

/** Both sizes of an operation; double registers have no extra bits. */
function both(name: string, pattern: string, needs?: Needs): readonly Form[] {
  const single = pattern.replace(/z/g, '0');
  const double = pattern.replace(/z/g, '1').replace(/[DNM]/g, '0');
  return [
    { name: `${name}.F32`, pattern: single, ...(needs === undefined ? { needs: 'fpu' } : { needs }) },
    { name: `${name}.F64`, pattern: double, needs: 'double' },
  ];
}

const fixed = (f: Fields): boolean => (f.x === 1 ? 32 : 16) >= f.i!;
const memory = (base: string) => ({ base, align: 4 });
const words = (f: Fields): boolean => f.i! > 0 && f.i! <= 16 && f.v! + f.i! <= 32;
const doubles = (f: Fields): boolean => f.i! > 0 && f.i! <= 8 && f.v! + f.i! <= 16;

const ARITHMETIC: readonly (readonly [string, string, string])[] = [
  ['VMLA', '0D00', '0'],
  ['VMLS', '0D00', '1'],
  ['VNMLS', '0D01', '0'],
  ['VNMLA', '0D01', '1'],
  ['VMUL', '0D10', '0'],
  ['VNMUL', '0D10', '1'],
  ['VADD', '0D11', '0'],
  ['VSUB', '0D11', '1'],
  ['VDIV', '1D00', '0'],
  ['VFNMS', '1D01', '0'],
  ['VFNMA', '1D01', '1'],
  ['VFMA', '1D10', '0'],
  ['VFMS', '1D10', '1'],
];

const UNARY: readonly (readonly [string, string, string])[] = [
  ['VMOV register', '0000', '01'],
  ['VABS', '0000', '11'],
  ['VNEG', '0001', '01'],
  ['VSQRT', '0001', '11'],
  ['VCMP', '0100', '01'],
  ['VCMPE', '0100', '11'],
];

const DIRECTIONS = ['A', 'N', 'P', 'M'].map(
  (name, code) => [name, code.toString(2).padStart(2, '0')] as const,
);

export const FLOAT_FORMS: readonly Form[] = [
  ...ARITHMETIC.flatMap(([name, opc1, op]) => both(name, `11101110${opc1}bbbb vvvv101zN${op}M0cccc`)),
  ...UNARY.flatMap(([name, opc2, opc3]) => both(name, `111011101D11${opc2} vvvv101z${opc3}M0cccc`)),
  ...both('VMOV immediate', '111011101D11iiii vvvv101z0000iiii'),
  ...both('VCMP zero', '111011101D110101 vvvv101z01000000'),
  ...both('VCMPE zero', '111011101D110101 vvvv101z11000000'),
  // conversions: the integer side is a single register
  ...['1000', '1100', '1101'].flatMap((opc2): readonly Form[] => {
    const toFloat = opc2 === '1000';
    const name = toFloat ? 'VCVT from integer' : `VCVT to ${opc2 === '1101' ? 'signed' : 'unsigned'}`;
    return [
      { name: `${name}.F32`, pattern: `111011101D11${opc2} vvvv1010x1M0cccc` },
      {
        name: `${name}.F64`,
        pattern: toFloat ? `111011101011${opc2} vvvv1011x1M0cccc` : `111011101D11${opc2} vvvv1011x100cccc`,
        needs: 'double',
      },
    ];
  }),
  ...['1010', '1011', '1110', '1111'].flatMap((opc2) =>
    both(`VCVT fixed ${opc2}`, `111011101D11${opc2} vvvv101zx1i0iiii`).map((form) => ({
      ...form,
      // to floating point rounds to nearest whatever FPSCR says (DDI 0403E A7.7.229); Unicorn obeys FPSCR
      nearestOnly: opc2.startsWith('10'),
      // the fraction's lowest bit stands first
      valid: (f: Fields) => fixed({ ...f, i: ((f.i! & 15) << 1) | (f.i! >> 4) }),
    })),
  ),
  { name: 'VCVTB, VCVTT from half', pattern: '111011101D110010 vvvv1010T1M0cccc' },
  { name: 'VCVTB, VCVTT to half', pattern: '111011101D110011 vvvv1010T1M0cccc' },
  { name: 'VCVTB, VCVTT double from half', pattern: '111011101011 0010 vvvv1011T1M0cccc', needs: 'double' },
  { name: 'VCVTB, VCVTT double to half', pattern: '111011101D110011 vvvv1011T100cccc', needs: 'double' },
  { name: 'VCVT.F64.F32', pattern: '1110111010110111 vvvv101011M0cccc', needs: 'double' },
  { name: 'VCVT.F32.F64', pattern: '111011101D110111 vvvv10111100cccc', needs: 'double' },
  ...both('VRINTR', '111011101D110110 vvvv101z01M0cccc', 'fpv5'),
  ...both('VRINTZ', '111011101D110110 vvvv101z11M0cccc', 'fpv5'),
  ...both('VRINTX', '111011101D110111 vvvv101z01M0cccc', 'fpv5'),
  ...both('VSEL', '111111100Dssbbbb vvvv101zN0M0cccc', 'fpv5').map((form) => ({ ...form, notInIt: true })),
  ...both('VMAXNM', '111111101D00bbbb vvvv101zN0M0cccc', 'fpv5').map((form) => ({ ...form, notInIt: true })),
  ...both('VMINNM', '111111101D00bbbb vvvv101zN1M0cccc', 'fpv5').map((form) => ({ ...form, notInIt: true })),
  ...DIRECTIONS.flatMap(([name, code]): readonly Form[] => [
    ...both(`VRINT${name}`, `111111101D1110${code} vvvv101z01M0cccc`, 'fpv5').map((f) => ({
      ...f,
      notInIt: true,
    })),
    {
      name: `VCVT${name}.F32`,
      pattern: `111111101D1111${code} vvvv1010x1M0cccc`,
      needs: 'fpv5',
      notInIt: true,
    },
    {
      name: `VCVT${name}.F64`,
      pattern: `111111101D1111${code} vvvv1011x100cccc`,
      needs: 'double',
      notInIt: true,
    },
  ]),
  // moves
  { name: 'VMOV to core', pattern: '111011100001vvvv tttt1010N0010000' },
  { name: 'VMOV from core', pattern: '111011100000vvvv tttt1010N0010000' },
  { name: 'VMOV.32 to core', pattern: '1110111000x1vvvv tttt101100010000' },
  { name: 'VMOV.32 from core', pattern: '1110111000x0vvvv tttt101100010000' },
  {
    name: 'VMOV pair to core',
    pattern: '111011000101uuuu tttt101000M1cccc',
    valid: (f) => f.t !== f.u && (f.c! << 1) + f.M! < 31,
  },
  {
    name: 'VMOV pair from core',
    pattern: '111011000100uuuu tttt101000M1cccc',
    valid: (f) => (f.c! << 1) + f.M! < 31,
  },
  { name: 'VMOV double to core', pattern: '111011000101uuuu tttt10110001cccc', valid: (f) => f.t !== f.u },
  { name: 'VMOV double from core', pattern: '111011000100uuuu tttt10110001cccc' },
  { name: 'VMRS', pattern: '1110111011110001 tttt101000010000' },
  { name: 'VMRS APSR_nzcv', pattern: '1110111011110001 1111101000010000' },
  { name: 'VMSR', pattern: '1110111011100001 tttt101000010000' },
  // memory
  { name: 'VLDR.32', pattern: '11101101UD01nnnn vvvv1010iiiiiiii', memory: memory('n') },
  { name: 'VLDR.64', pattern: '11101101U001nnnn vvvv1011iiiiiiii', memory: memory('n') },
  { name: 'VSTR.32', pattern: '11101101UD00nnnn vvvv1010iiiiiiii', memory: memory('n') },
  { name: 'VSTR.64', pattern: '11101101U000nnnn vvvv1011iiiiiiii', memory: memory('n') },
  { name: 'VLDR literal', pattern: '11101101UD011111 vvvv1010iiiiiiii', memory: memory('pc') },
  ...['VLDM', 'VSTM'].flatMap((name, store): readonly Form[] => {
    const load = store === 0 ? '1' : '0';
    const words32 = {
      memory: memory('n'),
      valid: (f: Fields) => words({ ...f, v: ((f.v! & 15) << 1) | (f.v! >> 4) }),
    };
    return [
      { name: `${name}IA.32`, pattern: `111011001v0${load}nnnn vvvv1010iiiiiiii`, ...words32 },
      { name: `${name}IA.32 writeback`, pattern: `111011001v1${load}nnnn vvvv1010iiiiiiii`, ...words32 },
      { name: `${name}DB.32`, pattern: `111011010v1${load}nnnn vvvv1010iiiiiiii`, ...words32 },
      {
        name: `${name}IA.64 writeback`,
        pattern: `11101100101${load}nnnn vvvv1011iiiiiii0`,
        memory: memory('n'),
        valid: doubles,
      },
      {
        name: `${name}DB.64`,
        pattern: `11101101001${load}nnnn vvvv1011iiiiiii0`,
        memory: memory('n'),
        valid: doubles,
      },
    ];
  }),
  { name: 'VPUSH', pattern: '1110110100101101 vvvv1011iiiiiii0', memory: memory('sp'), valid: doubles },
  { name: 'VPOP', pattern: '1110110010111101 vvvv1011iiiiiii0', memory: memory('sp'), valid: doubles },
];
