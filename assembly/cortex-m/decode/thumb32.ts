/** 32-bit encodings: the first fork (DDI 0403E A5.3), then constants and system instructions. */
import { CORE, ZERO } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { decodeBranch32 } from './branch';
import { dst, emit, field, isBad, pc, refuse, src } from './emit';
import { decodeFloat } from './float';
import { decodeDual, decodeLoadStore } from './memory';
import { emitMultiple } from './memory-multiple';
import { decodeMultiply } from './multiply';
import { decodeRegister } from './register';
import { dataImmediate, decodeShifted } from './shifted';

export function decode32(h1: u32, h2: u32): void {
  switch (field(h1, 11, 2)) {
    case 1:
      if (h1 & 0x400) return decodeFloat(h1, h2);
      if (h1 & 0x200) return decodeShifted(h1, h2);
      if (h1 & 0x40) return decodeDual(h1, h2);
      return multiple(h1, h2);
    case 2:
      if (h2 & 0x8000) return branchOrSystem(h1, h2);
      if (h1 & 0x200) return plainImmediate(h1, h2);
      return modifiedImmediate(h1, h2);
    default:
      if (h1 & 0x400) return decodeFloat(h1, h2);
      if ((h1 & 0x200) == 0) return decodeLoadStore(h1, h2);
      if (h1 & 0x100) return decodeMultiply(h1, h2);
      return decodeRegister(h1, h2);
  }
}

function multiple(h1: u32, h2: u32): void {
  const mode = field(h1, 7, 2);
  const isLoad = (h1 & 0x10) != 0;
  if (mode == 0 || mode == 3) {
    return secureGateway(h1, h2);
  }
  emitMultiple(isLoad, mode == 1, h1 & 0xf, h2, (h1 & 0x20) != 0, false);
}

/** SG and its neighbours need the secure state, which no supported core models. */
function secureGateway(_h1: u32, _h2: u32): void {
  refuse();
}

/** The constant of a modified immediate; `carryOfConstant` tells what it does to C: 0, 1, or 2 for nothing. */
export let carryOfConstant: u32 = 2;
let unpredictableConstant: bool = false;

export function expandConstant(code: u32): u32 {
  carryOfConstant = 2;
  unpredictableConstant = false;
  const low = code & 0xff;
  if ((code & 0xc00) == 0) {
    const pattern = field(code, 8, 2);
    unpredictableConstant = pattern != 0 && low == 0;
    switch (pattern) {
      case 0: return low;
      case 1: return low | (low << 16);
      case 2: return (low << 8) | (low << 24);
      default: return low * 0x01010101;
    }
  }
  const value = rotr<u32>(0x80 | (code & 0x7f), code >>> 7);
  carryOfConstant = value >>> 31;
  return value;
}

function modifiedImmediate(h1: u32, h2: u32): void {
  const code = (h2 & 0xff) | ((h2 >>> 4) & 0x700) | ((h1 << 1) & 0x800);
  const value = expandConstant(code);
  if (unpredictableConstant) return refuse();
  info.setClass(carryOfConstant == 2 ? Cls.ALU : Cls.ALU_ROTATED_CONSTANT);
  dataImmediate(field(h1, 5, 4), (h1 & 0x10) != 0, field(h2, 8, 4), h1 & 0xf, value, carryOfConstant);
}

function plainImmediate(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  const d = field(h2, 8, 4);
  const imm12 = (h2 & 0xff) | ((h2 >>> 4) & 0x700) | ((h1 << 1) & 0x800);
  const imm16 = imm12 | (n << 12);
  const op = field(h1, 4, 5);
  if (isBad(d) && !(d == 13 && n == 13 && (op == 0 || op == 10))) return refuse();
  switch (op) {
    case 0:
      if (n == 15) return emit(Op.MOV_I, dst(d), 0, 0, ((pc + 4) & ~3) + imm12);
      return emit(Op.ADD_I, dst(d), src(n), 0, imm12);
    case 10:
      if (n == 15) return emit(Op.MOV_I, dst(d), 0, 0, ((pc + 4) & ~3) - imm12);
      return emit(Op.ADD_I, dst(d), src(n), 0, -<i32>imm12);
    case 4: return emit(Op.MOV_I, dst(d), 0, 0, imm16);
    case 12: return emit(Op.MOVT, dst(d), src(d), 0, imm16 << 16);
    default: return saturateOrField(h1, h2, op, n, d);
  }
}

function saturateOrField(h1: u32, h2: u32, op: u32, n: u32, d: u32): void {
  if (h1 & 0x400 || h2 & 0x20) return refuse();
  const amount = ((h2 >>> 10) & 0x1c) | ((h2 >>> 6) & 3);
  const width = h2 & 0x1f;
  switch (op) {
    case 16: case 18: case 24: case 26: return saturate(h2, op, n, d, amount, width);
    case 20: case 28: {
      if (isBad(n) || amount + width > 31) return refuse();
      info.setClass(Cls.BITFIELD);
      return emit(op == 20 ? Op.SBFX : Op.UBFX, dst(d), 0, src(n), width + 1, 0, amount);
    }
    case 22: {
      if (n == 13 || width < amount) return refuse();
      info.setClass(Cls.BITFIELD);
      const mask = (<u32>0xffffffff >>> (31 - (width - amount))) << amount;
      return emit(Op.BFI, dst(d), src(d), n == 15 ? ZERO : src(n), mask, 0, amount);
    }
    default: return refuse();
  }
}

function saturate(h2: u32, op: u32, n: u32, d: u32, amount: u32, width: u32): void {
  const isUnsigned = op >= 24;
  const right = (op & 2) != 0;
  if (isBad(n)) return refuse();
  info.setClass(Cls.DSP);
  if (right && amount == 0) {
    if (width > 15) return refuse();
    return emit(isUnsigned ? Op.USAT16 : Op.SSAT16, dst(d), 0, src(n), isUnsigned ? width : width + 1);
  }
  // aux: shift amount, +32 for a right shift
  emit(isUnsigned ? Op.USAT : Op.SSAT, dst(d), 0, src(n), isUnsigned ? width : width + 1, 0, amount | (right ? 32 : 0));
}

/** h2 bit 15 set: branches, MSR, MRS, hints, barriers. */
function branchOrSystem(h1: u32, h2: u32): void {
  if ((h2 & 0x5000) != 0 || (h1 & 0x380) != 0x380) return decodeBranch32(h1, h2);
  if ((h1 & 0x400) != 0) return refuse();
  const op = field(h1, 4, 6);
  switch (op) {
    case 0x38: {
      const n = h1 & 0xf;
      if (isBad(n) || (h2 & 0xc00) == 0 || (h2 & 0x2300) != 0 || !isSpecial(h2 & 0xff)) return refuse();
      info.setClass(Cls.SYSTEM);
      return emit(Op.MSR, 0, src(n), 0, h2 & 0xff, 0, field(h2, 10, 2));
    }
    case 0x3a: return hint(h1, h2);
    case 0x3b: return barrier(h1, h2);
    case 0x3e: {
      const d = field(h2, 8, 4);
      if (isBad(d) || (h1 & 0xf) != 0xf || (h2 & 0x2000) != 0 || !isSpecial(h2 & 0xff)) return refuse();
      info.setClass(Cls.SYSTEM);
      return emit(Op.MRS, dst(d), 0, 0, h2 & 0xff);
    }
    default: return refuse();
  }
}

/** Special registers that exist: xPSR parts, stack pointers (and limits on ARMv8-M), masks, CONTROL. */
function isSpecial(register: u32): bool {
  if (register <= 9) return register != 4;
  if (register <= 11) return load<u32>(CORE) == 2;
  return register >= 16 && register <= 20;
}

/** NOP.W, YIELD, WFE, WFI, SEV, DBG: nothing to wait for here. */
function hint(h1: u32, h2: u32): void {
  if ((h2 & 0x2700) != 0) return refuse();
  if ((h1 & 0xf) != 0xf || (h2 & 0x800) != 0) return refuse();
  info.setClass(Cls.NOP);
  emit(Op.NOP);
}

function barrier(h1: u32, h2: u32): void {
  if ((h1 & 0xf) != 0xf || (h2 & 0x2f00) != 0xf00) return refuse();
  switch (field(h2, 4, 4)) {
    case 2: emit(Op.CLREX); break;
    case 4: case 5: case 6: emit(Op.NOP); break;
    default: return refuse();
  }
  info.setClass(Cls.BARRIER);
}
