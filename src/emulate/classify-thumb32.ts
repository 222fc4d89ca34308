/**
 * Static decoder of the 32-bit Thumb instructions, integer and DSP; floating point is in classify-vfp.ts.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A5.3 "32-bit Thumb instruction encoding".
 */
import { classifyVfp } from './classify-vfp.js';
import {
  accessClass,
  bit,
  type InstructionClass,
  type InstructionFields,
  instruction,
  LR,
  PC,
  popCount,
  SP,
  signExtend,
  type ThumbInstruction,
} from './thumb-instruction.js';

type Make = (kind: InstructionClass, fields?: InstructionFields) => ThumbInstruction;

/** Register fields at their usual places; 15 in an operand place mostly means "none". */
interface Fields {
  readonly n: number;
  readonly t: number;
  readonly d: number;
  readonly m: number;
}

/** Mask of a register operand, 0 when the field says "none" (15). */
const operand = (register: number): number => (register === PC ? 0 : bit(register));

/** Decodes `w` = first halfword · 2^16 + second. Unknown encodings get class `undefined`. */
export function classifyThumb32(address: number, w: number): ThumbInstruction {
  const make: Make = (kind, fields) => instruction(address, w >>> 0, 4, kind, fields);
  const f: Fields = { n: (w >>> 16) & 15, t: (w >>> 12) & 15, d: (w >>> 8) & 15, m: w & 15 };
  const group = (w >>> 25) & 0x7f; // bits 31…25
  if (group === 0x74) return w & 0x00400000 ? doubleOrExclusive(make, w, f) : multiple(make, w, f);
  if (group === 0x75) return shiftedRegister(make, w, f);
  if ((w & 0xec000000) >>> 0 === 0xec000000) return classifyVfp(make, w);
  if ((w & 0xf8008000) >>> 0 === 0xf0008000) return branchOrControl(make, address, w, f);
  if ((w & 0xfa008000) >>> 0 === 0xf0000000) return modifiedImmediate(make, w, f);
  if ((w & 0xfa008000) >>> 0 === 0xf2000000) return plainImmediate(make, w, f);
  if (group === 0x7c) return loadStoreSingle(make, w, f);
  if ((w & 0xff000000) >>> 0 === 0xfa000000) return registerData(make, w, f);
  if ((w & 0xff800000) >>> 0 === 0xfb000000) return multiply(make, f);
  if ((w & 0xff800000) >>> 0 === 0xfb800000) return longMultiply(make, w, f);
  return make('undefined');
}

function multiple(make: Make, w: number, f: Fields): ThumbInstruction {
  const direction = (w >>> 23) & 3;
  if (direction === 0 || direction === 3) return make('undefined');
  const list = w & 0xffff;
  const count = popCount(list);
  const load = (w & 0x00100000) !== 0;
  const writeback = (w & 0x00200000) !== 0;
  const descending = direction === 2;
  const moved = descending ? -4 * count : 4 * count;
  return make(load ? 'load_multiple' : 'store_multiple', {
    addressReads: bit(f.n),
    ...(load ? { writes: list } : { storeReads: list }),
    baseWriteback: writeback ? bit(f.n) : 0,
    transferCount: count,
    accessBytes: 4,
    ...(f.n === SP && writeback ? { spDelta: moved } : {}),
  });
}

function doubleOrExclusive(make: Make, w: number, f: Fields): ThumbInstruction {
  if ((w & 0xfff0ffe0) >>> 0 === 0xe8d0f000) {
    return make('table_branch', { addressReads: bit(f.n) | bit(f.m), accessBytes: w & 0x10 ? 2 : 1 });
  }
  const load = (w & 0x00100000) !== 0;
  const indexed = (w & 0x01200000) !== 0;
  if (!indexed) return exclusive(make, w, f, load);
  const writeback = (w & 0x00200000) !== 0;
  const bytes = (w & 0x00800000 ? 4 : -4) * (w & 0xff);
  const pair = bit(f.t) | bit(f.d);
  return make(load ? 'load_double' : 'store_double', {
    addressReads: bit(f.n),
    ...(load ? { writes: pair } : { storeReads: pair }),
    baseWriteback: writeback ? bit(f.n) : 0,
    transferCount: 2,
    accessBytes: 4,
    ...(f.n === SP && writeback ? { spDelta: bytes } : {}),
  });
}

/** LDREX and STREX, and the ARMv8-M load-acquire and store-release forms: timed like LDR and STR. */
function exclusive(make: Make, w: number, f: Fields, load: boolean): ThumbInstruction {
  const common = { addressReads: bit(f.n), transferCount: 1, accessBytes: 4 };
  if (load) return make('load', { ...common, writes: bit(f.t) });
  const status = (w & 0x00800000) === 0 ? bit(f.d) : operand(f.m);
  return make('store', { ...common, storeReads: bit(f.t), writes: status });
}

/** TST, TEQ, CMN, CMP are AND, EOR, ADD, SUB with S set and no destination. */
function isCompare(operation: number, f: Fields, setsFlags: boolean): boolean {
  return setsFlags && f.d === PC && [0, 4, 8, 13].includes(operation);
}

function shiftedRegister(make: Make, w: number, f: Fields): ThumbInstruction {
  const operation = (w >>> 21) & 15;
  const setsFlags = (w & 0x00100000) !== 0;
  const amount = ((w >>> 10) & 0x1c) | ((w >>> 6) & 3);
  const plain = amount === 0 && (w & 0x30) === 0;
  if (operation === 6)
    return make('extend_add', { reads: bit(f.n), shiftedReads: bit(f.m), writes: bit(f.d) });
  const writes = isCompare(operation, f, setsFlags) ? 0 : bit(f.d);
  // ORR and ORN without a first operand are MOV (with the plain shifts as aliases) and MVN
  const noFirst = f.n === PC && (operation === 2 || operation === 3);
  const first = noFirst ? 0 : bit(f.n);
  if (noFirst && operation === 2) {
    return make(plain ? 'alu' : 'shift', { reads: bit(f.m), writes, setsFlags });
  }
  return plain
    ? make('alu', { reads: first | bit(f.m), writes, setsFlags })
    : make('alu_shifted', { reads: first, shiftedReads: bit(f.m), writes, setsFlags });
}

function modifiedImmediate(make: Make, w: number, f: Fields): ThumbInstruction {
  const operation = (w >>> 21) & 15;
  const setsFlags = (w & 0x00100000) !== 0;
  const compare = isCompare(operation, f, setsFlags);
  const noFirst = f.n === PC && (operation === 2 || operation === 3);
  const rotation = ((w >>> 23) & 8) | ((w >>> 12) & 7);
  // i:imm3 of 0…3 are plain bytes and byte patterns; above, a rotated byte
  const kind = rotation < 4 ? 'alu' : 'alu_rotated_constant';
  const value = expandImmediate(w);
  const stack = f.d === SP && f.n === SP && (operation === 8 || operation === 13) && !compare;
  return make(kind, {
    reads: noFirst ? 0 : bit(f.n),
    writes: compare ? 0 : bit(f.d),
    setsFlags,
    ...(stack ? { spDelta: operation === 8 ? value : -value } : {}),
  });
}

/** ThumbExpandImm: i:imm3:imm8. */
function expandImmediate(w: number): number {
  const low = w & 0xff;
  const control = ((w >>> 23) & 8) | ((w >>> 12) & 7);
  if (control >= 4) {
    const rotation = (control << 1) | (low >>> 7);
    const byte = low | 0x80;
    return ((byte >>> rotation) | (byte << (32 - rotation))) >>> 0;
  }
  return [low, low * 0x00010001, low * 0x01000100, low * 0x01010101][control]! >>> 0;
}

function plainImmediate(make: Make, w: number, f: Fields): ThumbInstruction {
  const operation = (w >>> 20) & 31;
  const d = bit(f.d);
  const value = ((w >>> 15) & 0x800) | ((w >>> 4) & 0x700) | (w & 0xff);
  switch (operation) {
    case 0:
    case 10: {
      const spDelta = f.d === SP && f.n === SP ? { spDelta: operation === 0 ? value : -value } : {};
      return make('alu', { reads: bit(f.n), writes: d, ...spDelta });
    }
    case 4:
      return make('alu', { writes: d });
    case 12:
      return make('alu', { reads: d, writes: d });
    case 16:
    case 18:
    case 24:
    case 26:
      return make('dsp', { reads: bit(f.n), writes: d });
    case 20:
    case 28:
      return make('bitfield', { reads: bit(f.n), writes: d });
    case 22:
      return make('bitfield', { reads: d | operand(f.n), writes: d });
    default:
      return make('undefined');
  }
}

function branchOrControl(make: Make, address: number, w: number, f: Fields): ThumbInstruction {
  const link = (w & 0x4000) !== 0;
  if ((w & 0x1000) !== 0) {
    const s = (w >>> 26) & 1;
    const i1 = ((w >>> 13) & 1) ^ s ^ 1;
    const i2 = ((w >>> 11) & 1) ^ s ^ 1;
    const high = (s << 24) | (i1 << 23) | (i2 << 22) | (((w >>> 16) & 0x3ff) << 12);
    const target = address + 4 + signExtend(high | ((w & 0x7ff) << 1), 25);
    return make(link ? 'branch_link' : 'branch', {
      branchTarget: target,
      ...(link ? { writes: bit(LR) } : {}),
    });
  }
  if (link) return make('undefined');
  if (((w >>> 23) & 7) !== 7) {
    const high = (((w >>> 26) & 1) << 20) | (((w >>> 11) & 1) << 19) | (((w >>> 13) & 1) << 18);
    const low = (((w >>> 16) & 0x3f) << 12) | ((w & 0x7ff) << 1);
    return make('branch', {
      conditional: true,
      readsFlags: true,
      branchTarget: address + 4 + signExtend(high | low, 21),
    });
  }
  switch ((w >>> 20) & 0x7f) {
    case 0x38: // MSR: writing MSP or PSP changes SP in a way that is not static
      return make('system', { reads: bit(f.n), writes: (w & 0xfe) === 0x08 ? bit(SP) : 0 });
    case 0x3a:
      return make('nop');
    case 0x3b:
      return make('barrier');
    case 0x3e:
      return make('system', { writes: bit(f.d) });
    default:
      return make('undefined');
  }
}

function loadStoreSingle(make: Make, w: number, f: Fields): ThumbInstruction {
  const sizeCode = (w >>> 21) & 3;
  if (sizeCode === 3) return make('undefined');
  const load = (w & 0x00100000) !== 0;
  const accessBytes = 1 << sizeCode;
  if (load && f.t === PC && accessBytes < 4) return make('nop'); // PLD, PLI
  const immediate12 = (w & 0x00800000) !== 0 || f.n === PC;
  const indexed = !immediate12 && (w & 0x800) !== 0;
  const registerOffset = !immediate12 && !indexed;
  const writeback = indexed && (w & 0x100) !== 0;
  const offset = (w & 0x200 ? 1 : -1) * (w & 0xff);
  return make(accessClass(load, accessBytes), {
    addressReads: bit(f.n) | (registerOffset ? bit(f.m) : 0),
    ...(load ? { writes: bit(f.t) } : { storeReads: bit(f.t) }),
    baseWriteback: writeback ? bit(f.n) : 0,
    transferCount: 1,
    accessBytes,
    registerOffset,
    ...(f.n === SP && writeback && f.t !== SP ? { spDelta: offset } : {}),
  });
}

function registerData(make: Make, w: number, f: Fields): ThumbInstruction {
  const operation = (w >>> 20) & 15;
  const kind = (w >>> 4) & 15;
  const d = bit(f.d);
  if (operation < 8) {
    if (kind === 0) {
      return make('shift', { reads: bit(f.n) | bit(f.m), writes: d, setsFlags: (operation & 1) === 1 });
    }
    if (kind < 8 || operation > 5) return make('undefined');
    return f.n === PC
      ? make('extend', { reads: bit(f.m), writes: d })
      : make('extend_add', { accumulateReads: bit(f.n), shiftedReads: bit(f.m), writes: d });
  }
  if (kind < 8) return make('dsp', { reads: bit(f.n) | bit(f.m), writes: d });
  if (kind >= 12) return make('undefined');
  if (operation === 9) return make('reverse', { reads: bit(f.m), writes: d });
  if (operation === 11) return make('bitfield', { reads: bit(f.m), writes: d });
  return make('dsp', { reads: bit(f.n) | bit(f.m), writes: d });
}

function multiply(make: Make, f: Fields): ThumbInstruction {
  const factors = bit(f.n) | bit(f.m);
  return f.t === PC
    ? make('multiply', { reads: factors, writes: bit(f.d) })
    : make('multiply_accumulate', { reads: factors, accumulateReads: bit(f.t), writes: bit(f.d) });
}

function longMultiply(make: Make, w: number, f: Fields): ThumbInstruction {
  const operation = (w >>> 20) & 7;
  const factors = bit(f.n) | bit(f.m);
  const pair = bit(f.t) | bit(f.d);
  switch (operation) {
    case 0:
    case 2:
      return make('multiply_long', { reads: factors, writes: pair });
    case 1:
    case 3:
      return make('divide', { reads: factors, writes: bit(f.d) });
    case 4:
    case 5:
    case 6:
      return make('multiply_accumulate_long', { reads: factors, accumulateReads: pair, writes: pair });
    default:
      return make('undefined');
  }
}
