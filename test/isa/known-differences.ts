/**
 * Where the built-in core and Unicorn differ on purpose, one row per reason. In nearly all of them the Architecture
 * Reference Manual calls an encoding UNPREDICTABLE or UNDEFINED: the built-in core refuses it, because firmware that
 * holds it is broken, and Unicorn executes it in some way. A difference that no row covers fails the test.
 * Source: DDI 0403E (ARMv7-M), DDI 0553 (ARMv8-M); section of the instruction in brackets.
 */
export interface KnownDifference {
  readonly name: string;
  readonly why: string;
  /** First and second halfword (0 for 16-bit encodings). */
  readonly covers: (first: number, second: number, registers: Uint32Array) => boolean;
  /** True where Unicorn refuses and the built-in core executes. */
  readonly unicornRefuses?: boolean;
}

const bad = (register: number): boolean => register === 13 || register === 15;
const is = (value: number, mask: number, expected: number): boolean => (value & mask) === expected;
const n = (first: number): number => first & 15;
const d = (second: number): number => (second >> 8) & 15;
const t = (second: number): number => second >> 12;
const m = (second: number): number => second & 15;
const bits = (mask: number): number => mask.toString(2).replaceAll('0', '').length;

const isImmediate = (first: number, second: number): boolean => is(first, 0xfa00, 0xf000) && second < 0x8000;
const isPlainImmediate = (first: number, second: number): boolean =>
  is(first, 0xfa00, 0xf200) && second < 0x8000;
const isShifted = (first: number): boolean => is(first, 0xfe00, 0xea00);
const operation = (first: number): number => (first >> 5) & 15;

/** The registers that AND … RSB may not name, by the rules of their sections. */
function badOperands(first: number, second: number): boolean {
  const op = operation(first);
  const stack = n(first) === 13 && (op === 8 || op === 13);
  const move = n(first) === 15 && (op === 2 || op === 3);
  const test = d(second) === 15 && (first & 16) !== 0 && [0, 4, 8, 13].includes(op);
  if (d(second) === 15 && !test) return true;
  if (d(second) === 13 && !stack) return true;
  return (n(first) === 13 && !stack) || (n(first) === 15 && !move);
}

/** Special registers of MRS and MSR: xPSR parts, stacks and their limits, masks, CONTROL. */
const isSpecial = (register: number): boolean =>
  (register <= 11 && register !== 4) || (register >= 16 && register <= 20);

/** Index of the first single register that VLDM, VSTM move. */
const firstWord = (first: number, second: number): number =>
  second & 0x100 ? t(second) << 1 : (t(second) << 1) | ((first >> 6) & 1);

function zeroPattern(first: number, second: number): boolean {
  const code = ((first & 0x400) << 1) | ((second >> 4) & 0x700) | (second & 0xff);
  return code >= 0x100 && code < 0x400 && (code & 0xff) === 0;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'CMP T2 on two low registers or PC',
    why: 'UNPREDICTABLE [A7.7.28]',
    covers: (first) =>
      is(first, 0xff00, 0x4500) && ((first & 0x87) === 0x87 || is(first, 0xc0, 0) || is(first, 0x78, 0x78)),
  },
  {
    name: 'BX, BLX with non-zero low bits or PC; ADD pc, pc',
    why: 'UNPREDICTABLE [A7.7.19, A7.7.20, A7.7.4]: bits 2…0 should be zero',
    covers: (first) =>
      (is(first, 0xff00, 0x4700) && ((first & 7) !== 0 || is(first, 0x78, 0x78))) || first === 0x44ff,
  },
  {
    name: 'STM T1 that stores its base behind a lower register',
    why: 'the stored value is UNKNOWN [A7.7.159]',
    covers: (first) => is(first, 0xf800, 0xc000) && (first & (1 << ((first >> 8) & 7))) !== 0,
  },
  {
    name: 'LDM, STM, PUSH, POP with an empty list',
    why: 'UNPREDICTABLE [A7.7.41, A7.7.99, A7.7.101]',
    covers: (first) => (is(first, 0xf000, 0xc000) && (first & 0xff) === 0) || is(first, 0xf7ff, 0xb400),
  },
  {
    name: 'CPS with A set, no flag or should-be-zero bits',
    why: 'UNPREDICTABLE [A7.7.29]',
    covers: (first) => is(first, 0xffe0, 0xb660),
  },
  {
    name: 'SETEND and other halfwords beside CPS',
    why: 'UNDEFINED [A5.2.5]: the M profile has no SETEND',
    covers: (first) => is(first, 0xffe0, 0xb640),
  },
  {
    name: 'Unaligned LDM, STM, LDRD, STRD, LDREX, VLDR, VLDM and relatives',
    why: 'UsageFault [A3.2.1]; Unicorn reads and writes all the same',
    covers: (first, _second, registers) =>
      (is(first, 0xfe00, 0xe800) || is(first, 0xfe00, 0xec00) || is(first, 0xf000, 0xc000)) &&
      (registers[is(first, 0xf000, 0xc000) ? (first >> 8) & 7 : n(first)]! & 3) !== 0,
  },
  {
    name: 'LDM, STM with base PC, SP in the list, fewer than two registers, or a base that is both loaded and written back',
    why: 'UNPREDICTABLE [A7.7.41, A7.7.159]; PC and LR together, or PC stored',
    covers: (first, second) =>
      is(first, 0xfe40, 0xe800) &&
      (n(first) === 15 ||
        (second & 0x2000) !== 0 ||
        bits(second) < 2 ||
        (second & 0xc000) === 0xc000 ||
        (!(first & 16) && (second & 0x8000) !== 0) ||
        ((first & 32) !== 0 && (second & (1 << n(first))) !== 0)),
  },
  {
    name: 'LDRD, STRD with SP or PC as data, equal or written-back registers',
    why: 'UNPREDICTABLE [A7.7.50, A7.7.166]',
    covers: (first, second) =>
      is(first, 0xfe40, 0xe840) &&
      (first & 0x120) !== 0 &&
      (bad(t(second)) ||
        bad(d(second)) ||
        ((first & 16) !== 0 && t(second) === d(second)) ||
        n(first) === 15 ||
        ((first & 32) !== 0 && (n(first) === t(second) || n(first) === d(second)))),
  },
  {
    name: 'Exclusives and acquire-release with SP, PC or overlapping registers, or should-be bits wrong',
    why: 'UNPREDICTABLE [A7.7.52, A7.7.167, DDI 0553 C2.4]',
    covers: (first, second) =>
      (is(first, 0xffe0, 0xe840) || is(first, 0xffe0, 0xe8c0)) &&
      (n(first) === 15 ||
        bad(t(second)) ||
        bad(m(second)) ||
        bad(d(second)) ||
        [t(second), n(first)].includes(m(second)) ||
        [t(second), n(first)].includes(d(second)) ||
        (second & 0xf00) !== 0xf00 ||
        ((first & 16) !== 0 && m(second) !== 15)),
  },
  {
    name: 'TBB, TBH with SP as table or SP, PC as index',
    why: 'UNPREDICTABLE [A7.7.185]',
    covers: (first, second) =>
      is(first, 0xfff0, 0xe8d0) &&
      is(second, 0xe0, 0) &&
      (n(first) === 13 || bad(m(second)) || t(second) !== 15),
  },
  {
    name: 'Data processing (constant) on SP or PC',
    why: 'UNPREDICTABLE in every section of A7.7 from ADC to TST',
    covers: (first, second) => isImmediate(first, second) && badOperands(first, second),
  },
  {
    name: 'Constant that replicates a zero byte',
    why: 'UNPREDICTABLE [A5.3.2]',
    covers: (first, second) => isImmediate(first, second) && zeroPattern(first, second),
  },
  {
    name: 'Data processing (shifted register) on SP or PC, or with bit 15 set',
    why: 'UNPREDICTABLE; bit 15 should be zero [A5.3.11]',
    covers: (first, second) =>
      isShifted(first) &&
      (badOperands(first, second) ||
        bad(m(second)) ||
        second >= 0x8000 ||
        (n(first) === 13 && d(second) === 13)),
  },
  {
    name: 'PKHBT, PKHTB with S or T bit',
    why: 'UNDEFINED [A5.3.11, A7.7.93]',
    covers: (first, second) =>
      isShifted(first) && operation(first) === 6 && ((first & 16) !== 0 || (second & 16) !== 0),
  },
  {
    name: 'Plain constants, bit fields and saturation on SP or PC, or out of range',
    why: 'UNPREDICTABLE [A7.7.3, A7.7.14, A7.7.76, A7.7.126, A7.7.152]; should-be-zero bits',
    covers: (first, second) =>
      isPlainImmediate(first, second) &&
      (bad(d(second)) ||
        bad(n(first)) ||
        (first & 0x400) !== 0 ||
        (second & 0x20) !== 0 ||
        is(first, 0xfbf0, 0xf360) ||
        is(first, 0xfb70, 0xf340) ||
        is(first, 0xfb70, 0xf320)),
  },
  {
    name: 'Stores of bytes and halfwords of SP or PC, of words of PC, with base PC',
    why: 'UNPREDICTABLE, UNDEFINED with base PC [A7.7.163, A7.7.170, A7.7.161]',
    covers: (first, second) => is(first, 0xff10, 0xf800) && (bad(t(second)) || n(first) === 15),
  },
  {
    name: 'Loads of bytes and halfwords into SP, indexed with equal registers, index SP or PC',
    why: 'UNPREDICTABLE [A7.7.46 and neighbours]',
    covers: (first, second) =>
      is(first, 0xfe10, 0xf810) &&
      (t(second) === 13 ||
        ((first & 0x80) === 0 && (second & 0x800) !== 0 && (n(first) === t(second) || t(second) === 15)) ||
        ((first & 0x80) === 0 && (second & 0x800) === 0 && bad(m(second)))),
  },
  {
    name: 'Stores with writeback of the stored register, index SP or PC',
    why: 'UNPREDICTABLE [A7.7.161]',
    covers: (first, second) =>
      is(first, 0xff90, 0xf800) &&
      (((second & 0x800) !== 0 && n(first) === t(second)) || ((second & 0x800) === 0 && bad(m(second)))),
  },
  {
    name: 'Loads and stores with unallocated index bits',
    why: 'UNDEFINED [A5.3.7–A5.3.10]',
    covers: (first, second) => is(first, 0xfe80, 0xf800) && (second & 0x800) === 0 && (second & 0x7c0) !== 0,
  },
  {
    name: 'Signed stores',
    why: 'UNDEFINED [A5.3.10]; Unicorn takes them for NOPs',
    covers: (first) => is(first, 0xff10, 0xf900),
  },
  {
    name: 'Preload hints of the signed and halfword space with unallocated bits',
    why: 'UNPREDICTABLE [A5.3.8, A5.3.9]: unallocated memory hints',
    covers: (first, second) => is(first, 0xfe50, 0xf810) && t(second) === 15,
  },
  {
    name: 'Multiplications and divisions on SP or PC',
    why: 'UNPREDICTABLE [A7.7.74 and neighbours]',
    covers: (first, second) =>
      is(first, 0xff00, 0xfb00) &&
      (bad(n(first)) || bad(m(second)) || bad(d(second)) || t(second) === 13 || t(second) === 15),
  },
  {
    name: 'Long multiplications into one register twice',
    why: 'UNPREDICTABLE [A7.7.149]',
    covers: (first, second) => is(first, 0xff80, 0xfb80) && t(second) === d(second),
  },
  {
    name: 'Register operations on SP or PC',
    why: 'UNPREDICTABLE [A5.3.12]',
    covers: (first, second) =>
      is(first, 0xff00, 0xfa00) && (bad(n(first)) || bad(m(second)) || bad(d(second))),
  },
  {
    name: 'CLZ, RBIT, REV with two different source fields',
    why: 'UNPREDICTABLE [A7.7.24, A7.7.112]',
    covers: (first, second) =>
      (is(first, 0xfff0, 0xfa90) || is(first, 0xfff0, 0xfab0)) && n(first) !== m(second),
  },
  {
    name: 'MRS, MSR of registers that do not exist, or with SP, PC, no mask',
    why: 'UNPREDICTABLE [B5.2.2, B5.2.3]',
    covers: (first, second) =>
      (is(first, 0xffe0, 0xf380) || is(first, 0xffe0, 0xf3e0)) &&
      is(second, 0xd000, 0x8000) &&
      (!isSpecial(second & 0xff) ||
        bad(n(first)) ||
        bad(d(second)) ||
        (second & 0xc00) === 0 ||
        (second & 0x2300) !== 0),
  },
  {
    name: 'Hints, barriers and CLREX with should-be bits wrong, unallocated barriers',
    why: 'UNPREDICTABLE [A5.3.5, A5.3.6]',
    covers: (first, second) => is(first, 0xffe0, 0xf3a0) && is(second, 0xd000, 0x8000),
  },
  {
    name: 'VMOV of two registers with SP, PC, equal core registers or s32',
    why: 'UNPREDICTABLE [A7.7.241, A7.7.242]',
    covers: (first, second) => is(first, 0xffe0, 0xec40) && is(second, 0xed0, 0xa10),
  },
  {
    name: 'VLDM, VSTM of an odd number of words as doubles, or past the last register',
    why: 'the deprecated FLDMX, FSTMX, or UNPREDICTABLE [A7.7.235, A7.7.259]',
    covers: (first, second) =>
      is(first, 0xfe00, 0xec00) &&
      is(second, 0xe00, 0xa00) &&
      (n(first) === 15 ||
        is(second, 0x101, 0x101) ||
        (second & 0xff) === 0 ||
        firstWord(first, second) + (second & 0xff) > 32),
  },
  {
    name: 'VCVT of fixed point with more fraction bits than bits',
    why: 'UNPREDICTABLE [A7.7.229]',
    covers: (first, second) =>
      is(first, 0xffba, 0xeeba) &&
      is(second, 0xe50, 0xa40) &&
      (((second & 15) << 1) | ((second >> 5) & 1)) > (second & 0x80 ? 32 : 16),
  },
  {
    name: 'VMOV, VMRS, VMSR with SP, PC or should-be-zero bits',
    why: 'UNPREDICTABLE [A7.7.239 and neighbours, A7.7.246]',
    covers: (first, second) => is(first, 0xff00, 0xee00) && is(second, 0xe10, 0xa10),
  },
];

/** The name of the row that covers the difference. */
export function explain(code: Uint16Array, registers: Uint32Array, difference: string): string | undefined {
  const theirsRefuses = difference.startsWith('built-in done, reference fault');
  if (!theirsRefuses && !difference.startsWith('built-in fault')) return undefined;
  return KNOWN_DIFFERENCES.find(
    (row) => (row.unicornRefuses ?? false) === theirsRefuses && row.covers(code[0]!, code[1] ?? 0, registers),
  )?.name;
}
