/** Branches: direct, conditional, through a register, with link, by table (DDI 0403E A5.3.4, A7.7). */
import { TMP } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { address, branchAllowed, emit, emitExit, endTrace, field, inIt, isBad, pc, refuse } from './emit';

export function emitBranch(target: u32): void {
  info.setClass(Cls.BRANCH);
  emitExit(Op.B, target);
  endTrace();
}

export function emitConditional(condition: u32, target: u32): void {
  info.setClass(Cls.BRANCH);
  info.flagsRead();
  emitExit(Op.BEQ + condition, target);
}

/** A branch to the address in register slot `m`. */
export function emitIndirect(op: u32, m: u32): void {
  info.setClass(Cls.BRANCH_INDIRECT);
  emitExit(op, 0, 0, 0, m);
  endTrace();
}

/** B.W, B<cond>.W, BL (h2 bit 15 set, and not a system instruction). */
export function decodeBranch32(h1: u32, h2: u32): void {
  const s = field(h1, 10, 1);
  const j1 = field(h2, 13, 1);
  const j2 = field(h2, 11, 1);
  if ((h2 & 0x5000) == 0) {
    // B<cond>.W T3
    if (inIt) return refuse();
    const offset = (<i32>((s << 31) | (j2 << 30) | (j1 << 29) | (field(h1, 0, 6) << 23) | ((h2 & 0x7ff) << 12))) >> 11;
    return emitConditional(field(h1, 6, 4), pc + 4 + offset);
  }
  if (!branchAllowed()) return refuse();
  const i1 = 1 ^ j1 ^ s;
  const i2 = 1 ^ j2 ^ s;
  const offset = (<i32>((s << 31) | (i1 << 30) | (i2 << 29) | ((h1 & 0x3ff) << 19) | ((h2 & 0x7ff) << 8))) >> 7;
  const target = pc + 4 + offset;
  if ((h2 & 0x4000) == 0) return emitBranch(target);
  if ((h2 & 0x1000) == 0) return refuse();
  info.setClass(Cls.BRANCH_LINK);
  info.noteWrite(14);
  emitExit(Op.BL, target);
  endTrace();
}

/** TBB, TBH. */
export function decodeTableBranch(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  const m = h2 & 0xf;
  if (n == 13 || isBad(m) || !branchAllowed()) return refuse();
  const half = field(h2, 4, 1);
  emit(half ? Op.LDRH_X : Op.LDRB_X, TMP, address(n), address(m), 0, 0, half);
  info.setClass(Cls.TABLE_BRANCH);
  emitExit(Op.TABLE, 0, 0, 0, TMP);
  endTrace();
}
