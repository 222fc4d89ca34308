/**
 * Static decoder of the 16-bit Thumb instructions.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A5.2 "16-bit Thumb instruction encoding".
 */
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

/** Decodes the halfword `h` at `address`. Unknown encodings get class `undefined`. */
export function classifyThumb16(address: number, h: number): ThumbInstruction {
  const make: Make = (kind, fields) => instruction(address, h, 2, kind, fields);
  const top = h >>> 10;
  if (top < 0x10) return shiftAddMoveCompare(make, h);
  if (top === 0x10) return dataProcessing(make, h);
  if (top === 0x11) return specialData(make, h);
  if (top < 0x14) {
    return make('load', single(bit(PC), 4, { writes: bit((h >>> 8) & 7) }));
  }
  if (h < 0xa000) return loadStore(make, h);
  if (h < 0xb000) {
    // ADR and ADD Rd, SP, #imm8
    const base = h & 0x0800 ? SP : PC;
    return make('alu', { reads: bit(base), writes: bit((h >>> 8) & 7) });
  }
  if (h < 0xc000) return miscellaneous(make, address, h);
  if (h < 0xd000) return multiple(make, h);
  if (h < 0xe000) return conditionalBranch(make, address, h);
  return make('branch', { branchTarget: address + 4 + signExtend(h & 0x7ff, 11) * 2 });
}

function single(base: number, bytes: number, fields: InstructionFields): InstructionFields {
  return { addressReads: base, accessBytes: bytes, transferCount: 1, ...fields };
}

function shiftAddMoveCompare(make: Make, h: number): ThumbInstruction {
  const low = { d: bit(h & 7), n: bit((h >>> 3) & 7), m: bit((h >>> 6) & 7), wide: bit((h >>> 8) & 7) };
  if (h < 0x1800) {
    // LSLS #0 is MOVS Rd, Rm
    return make(h >>> 6 === 0 ? 'alu' : 'shift', { reads: low.n, writes: low.d, setsFlags: true });
  }
  if (h < 0x2000) {
    const reads = h & 0x0400 ? low.n : low.n | low.m;
    return make('alu', { reads, writes: low.d, setsFlags: true });
  }
  const operation = (h >>> 11) & 3; // MOV, CMP, ADD, SUB with an 8-bit immediate
  return make('alu', {
    reads: operation === 0 ? 0 : low.wide,
    writes: operation === 1 ? 0 : low.wide,
    setsFlags: true,
  });
}

function dataProcessing(make: Make, h: number): ThumbInstruction {
  const operation = (h >>> 6) & 15;
  const d = bit(h & 7);
  const m = bit((h >>> 3) & 7);
  if (operation === 13) return make('multiply', { reads: d | m, writes: d, setsFlags: true });
  if (operation === 8 || operation === 10 || operation === 11) {
    return make('alu', { reads: d | m, setsFlags: true }); // TST, CMP, CMN
  }
  const shifts = operation === 2 || operation === 3 || operation === 4 || operation === 7;
  const reads = operation === 15 || operation === 9 ? m : d | m; // MVN and RSB read one register
  return make(shifts ? 'shift' : 'alu', { reads, writes: d, setsFlags: true });
}

function specialData(make: Make, h: number): ThumbInstruction {
  const d = (h & 7) | ((h >>> 4) & 8);
  const m = (h >>> 3) & 15;
  switch ((h >>> 8) & 3) {
    case 0:
      return make(d === PC ? 'branch_indirect' : 'alu', { reads: bit(d) | bit(m), writes: bit(d) });
    case 1:
      return make('alu', { reads: bit(d) | bit(m), setsFlags: true });
    case 2:
      return make(d === PC ? 'branch_indirect' : 'alu', { reads: bit(m), writes: bit(d) });
    default:
      return h & 0x80
        ? make('branch_indirect', { reads: bit(m), writes: bit(LR) })
        : make('branch_indirect', { reads: bit(m) });
  }
}

/** Access size by bits 11…9 of 0101xxx: STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH. */
const REGISTER_OFFSET_BYTES = [4, 2, 1, 1, 4, 2, 1, 2] as const;

function loadStore(make: Make, h: number): ThumbInstruction {
  const t = bit(h & 7);
  const n = bit((h >>> 3) & 7);
  if (h < 0x6000) {
    const operation = (h >>> 9) & 7;
    const base = n | bit((h >>> 6) & 7);
    const bytes = REGISTER_OFFSET_BYTES[operation]!;
    const load = operation >= 3;
    const fields = load ? { writes: t } : { storeReads: t };
    return make(accessClass(load, bytes), single(base, bytes, { ...fields, registerOffset: true }));
  }
  const load = (h & 0x0800) !== 0;
  if (h >= 0x9000) {
    const wide = bit((h >>> 8) & 7);
    return make(load ? 'load' : 'store', single(bit(SP), 4, load ? { writes: wide } : { storeReads: wide }));
  }
  const bytes = h < 0x7000 ? 4 : h < 0x8000 ? 1 : 2;
  return make(accessClass(load, bytes), single(n, bytes, load ? { writes: t } : { storeReads: t }));
}

function miscellaneous(make: Make, address: number, h: number): ThumbInstruction {
  const d = bit(h & 7);
  const m = bit((h >>> 3) & 7);
  if ((h & 0xff00) === 0xb000) {
    const bytes = (h & 0x7f) * 4;
    return make('alu', { reads: bit(SP), writes: bit(SP), spDelta: h & 0x80 ? -bytes : bytes });
  }
  if ((h & 0xf500) === 0xb100) {
    const offset = (((h >>> 9) & 1) << 6) | (((h >>> 3) & 31) << 1);
    return make('branch', { reads: d, conditional: true, branchTarget: address + 4 + offset });
  }
  if ((h & 0xff00) === 0xb200) return make('extend', { reads: m, writes: d });
  if ((h & 0xfe00) === 0xb400) return push(make, (h & 0xff) | (h & 0x100 ? bit(LR) : 0));
  if ((h & 0xffe8) === 0xb660) return make('system');
  if ((h & 0xff00) === 0xba00) return make('reverse', { reads: m, writes: d });
  if ((h & 0xfe00) === 0xbc00) return pop(make, (h & 0xff) | (h & 0x100 ? bit(PC) : 0));
  if ((h & 0xff00) === 0xbe00) return make('trap');
  if ((h & 0xff00) === 0xbf00) {
    const mask = h & 15;
    if (mask === 0) return make('nop');
    const trailingZeros = 31 - Math.clz32(mask & -mask);
    return make('it', { itCount: 4 - trailingZeros });
  }
  return make('undefined');
}

function push(make: Make, list: number): ThumbInstruction {
  const count = popCount(list);
  return make('store_multiple', {
    addressReads: bit(SP),
    storeReads: list,
    baseWriteback: bit(SP),
    transferCount: count,
    accessBytes: 4,
    spDelta: -4 * count,
  });
}

function pop(make: Make, list: number): ThumbInstruction {
  const count = popCount(list);
  return make('load_multiple', {
    addressReads: bit(SP),
    writes: list,
    baseWriteback: bit(SP),
    transferCount: count,
    accessBytes: 4,
    spDelta: 4 * count,
  });
}

function multiple(make: Make, h: number): ThumbInstruction {
  const list = h & 0xff;
  const n = bit((h >>> 8) & 7);
  const common = { addressReads: n, transferCount: popCount(list), accessBytes: 4 };
  if ((h & 0x0800) === 0) {
    return make('store_multiple', { ...common, storeReads: list, baseWriteback: n });
  }
  return make('load_multiple', { ...common, writes: list, baseWriteback: list & n ? 0 : n });
}

function conditionalBranch(make: Make, address: number, h: number): ThumbInstruction {
  const condition = (h >>> 8) & 15;
  if (condition === 14) return make('undefined');
  if (condition === 15) return make('trap');
  return make('branch', {
    conditional: true,
    readsFlags: true,
    branchTarget: address + 4 + signExtend(h & 0xff, 8) * 2,
  });
}
