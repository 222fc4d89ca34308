/** 16-bit encodings (DDI 0403E A5.2). */
import { SINK, TMP, ZERO } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { address, dst, emit, emitExit, endTrace, field, inIt, pc, refuse, src } from './emit';
import { branchAllowed, stored } from './emit';
import { emitLoad, emitStore, LoadKind, StoreKind } from './memory';
import { emitBranch, emitIndirect, emitConditional } from './branch';
import { emitMultiple } from './memory-multiple';

export function decode16(h: u32): void {
  switch (h >>> 12) {
    case 0: case 1: return shiftAddSub(h);
    case 2: case 3: return immediate8(h);
    case 4: return group4(h);
    case 5: return loadStoreRegister(h);
    case 6: return loadStoreWordByte(h, (h & 0x800) != 0, 0, 2);
    case 7: return loadStoreWordByte(h, (h & 0x800) != 0, 1, 0);
    case 8: return loadStoreWordByte(h, (h & 0x800) != 0, 2, 1);
    case 9: return stackRelative(h);
    case 10: return addressOf(h);
    case 11: return miscellaneous(h);
    case 12: return emitMultiple((h & 0x800) != 0, true, field(h, 8, 3), h & 0xff,
      (h & 0x800) == 0 || (h & (1 << field(h, 8, 3))) == 0, true);
    case 13: return conditional(h);
    default: return unconditional(h);
  }
}

/** Chooses the flag-setting form outside IT blocks. */
function flagged(plain: u32, setting: u32): u32 {
  if (inIt) return plain;
  info.flagsWritten();
  return setting;
}

function shiftAddSub(h: u32): void {
  const d = h & 7;
  const n = field(h, 3, 3);
  const amount = field(h, 6, 5);
  switch (h >>> 11) {
    case 0:
      info.setClass(amount == 0 ? Cls.ALU : Cls.SHIFT);
      if (amount == 0) {
        // MOVS Rd, Rm is unpredictable inside an IT block
        if (inIt) return refuse();
        info.flagsWritten();
        return emit(Op.MOVS_R, dst(d), 0, src(n));
      }
      return emit(flagged(Op.LSL_I, Op.LSLS_I), dst(d), 0, src(n), 0, 0, amount);
    case 1:
      info.setClass(Cls.SHIFT);
      if (amount == 0) {
        if (inIt) { src(n); return emit(Op.MOV_I, dst(d)); }
        info.flagsWritten();
        return emit(Op.LSRS_32, dst(d), 0, src(n));
      }
      return emit(flagged(Op.LSR_I, Op.LSRS_I), dst(d), 0, src(n), 0, 0, amount);
    case 2:
      info.setClass(Cls.SHIFT);
      if (amount == 0) {
        if (inIt) return emit(Op.ASR_I, dst(d), 0, src(n), 0, 0, 31);
        info.flagsWritten();
        return emit(Op.ASRS_32, dst(d), 0, src(n));
      }
      return emit(flagged(Op.ASR_I, Op.ASRS_I), dst(d), 0, src(n), 0, 0, amount);
    default: {
      const m = field(h, 6, 3);
      if (h & 0x400) {
        if (h & 0x200) return emit(flagged(Op.ADD_I, Op.SUBS_I), dst(d), src(n), 0, inIt ? -m : m);
        return emit(flagged(Op.ADD_I, Op.ADDS_I), dst(d), src(n), 0, m);
      }
      const op = h & 0x200 ? flagged(Op.SUB_R, Op.SUBS_R) : flagged(Op.ADD_R, Op.ADDS_R);
      return emit(op, dst(d), src(n), src(m));
    }
  }
}

function immediate8(h: u32): void {
  const d = field(h, 8, 3);
  const value = h & 0xff;
  switch (field(h, 11, 2)) {
    case 0: return emit(flagged(Op.MOV_I, Op.MOVS_I), dst(d), 0, 0, value);
    case 1: info.flagsWritten(); return emit(Op.SUBS_I, SINK, src(d), 0, value);
    case 2: return emit(flagged(Op.ADD_I, Op.ADDS_I), dst(d), src(d), 0, value);
    default: return emit(flagged(Op.ADD_I, Op.SUBS_I), dst(d), src(d), 0, inIt ? -value : value);
  }
}

function group4(h: u32): void {
  if (h & 0x800) {
    const base = ((pc + 4) & ~3) + ((h & 0xff) << 2);
    return emitLoad(LoadKind.WORD, field(h, 8, 3), 15, base);
  }
  if (h & 0x400) return highRegisters(h);
  return dataProcessing(h);
}

function dataProcessing(h: u32): void {
  const d = h & 7;
  const m = field(h, 3, 3);
  switch (field(h, 6, 4)) {
    case 0: return emit(flagged(Op.AND_R, Op.ANDS_R), dst(d), src(d), src(m));
    case 1: return emit(flagged(Op.EOR_R, Op.EORS_R), dst(d), src(d), src(m));
    case 2: info.setClass(Cls.SHIFT); return emit(flagged(Op.LSL_R, Op.LSLS_R), dst(d), src(d), src(m));
    case 3: info.setClass(Cls.SHIFT); return emit(flagged(Op.LSR_R, Op.LSRS_R), dst(d), src(d), src(m));
    case 4: info.setClass(Cls.SHIFT); return emit(flagged(Op.ASR_R, Op.ASRS_R), dst(d), src(d), src(m));
    case 5: info.flagsRead(); return emit(flagged(Op.ADC_R, Op.ADCS_R), dst(d), src(d), src(m));
    case 6: info.flagsRead(); return emit(flagged(Op.SBC_R, Op.SBCS_R), dst(d), src(d), src(m));
    case 7: info.setClass(Cls.SHIFT); return emit(flagged(Op.ROR_R, Op.RORS_R), dst(d), src(d), src(m));
    case 8: info.flagsWritten(); return emit(Op.ANDS_R, SINK, src(d), src(m));
    case 9: return emit(flagged(Op.RSB_I, Op.RSBS_I), dst(d), src(m), 0, 0);
    case 10: info.flagsWritten(); return emit(Op.SUBS_R, SINK, src(d), src(m));
    case 11: info.flagsWritten(); return emit(Op.ADDS_R, SINK, src(d), src(m));
    case 12: return emit(flagged(Op.ORR_R, Op.ORRS_R), dst(d), src(d), src(m));
    case 13: info.setClass(Cls.MULTIPLY); return emit(flagged(Op.MUL, Op.MULS), dst(d), src(d), src(m));
    case 14: return emit(flagged(Op.BIC_R, Op.BICS_R), dst(d), src(d), src(m));
    default: return emit(flagged(Op.MVN_R, Op.MVNS_R), dst(d), 0, src(m));
  }
}

function highRegisters(h: u32): void {
  const m = field(h, 3, 4);
  const d = (h & 7) | ((h >>> 4) & 8);
  switch (field(h, 8, 2)) {
    case 0:
      if (d == 15) {
        if (m == 15 || !branchAllowed()) return refuse();
        emit(Op.ADD_I, TMP, ZERO, 0, pc + 4);
        emit(Op.ADD_R, TMP, TMP, src(m));
        return emitIndirect(Op.BMOV, TMP);
      }
      return emit(Op.ADD_R, dst(d), src(d), src(m));
    case 1:
      // both registers low, or PC: unpredictable
      if ((d < 8 && m < 8) || d == 15 || m == 15) return refuse();
      info.flagsWritten();
      return emit(Op.SUBS_R, SINK, src(d), src(m));
    case 2:
      if (d == 15) {
        if (!branchAllowed()) return refuse();
        return emitIndirect(Op.BMOV, src(m));
      }
      return emit(Op.MOV_R, dst(d), 0, src(m));
    default:
      if ((h & 7) != 0 || !branchAllowed()) return refuse();
      if (m == 15) return refuse();
      if (h & 0x80) {
        info.noteWrite(14);
        info.setClass(Cls.BRANCH_INDIRECT);
        info.noteAddress(m);
        emitExit(Op.BLX, 0, 0, 0, m);
        return endTrace();
      }
      return emitIndirect(m == 14 ? Op.RET : Op.BX, src(m));
  }
}

function loadStoreRegister(h: u32): void {
  const t = h & 7;
  const n = field(h, 3, 3);
  const m = field(h, 6, 3);
  info.setRegisterOffset();
  switch (field(h, 9, 3)) {
    case 0: info.setClass(Cls.STORE); return emit(Op.STR_X, stored(t), address(n), address(m));
    case 1: info.setClass(Cls.STORE_NARROW); return emit(Op.STRH_X, stored(t), address(n), address(m));
    case 2: info.setClass(Cls.STORE_NARROW); return emit(Op.STRB_X, stored(t), address(n), address(m));
    case 3: info.setClass(Cls.LOAD_NARROW); return emit(Op.LDRSB_X, dst(t), address(n), address(m));
    case 4: info.setClass(Cls.LOAD); return emit(Op.LDR_X, dst(t), address(n), address(m));
    case 5: info.setClass(Cls.LOAD_NARROW); return emit(Op.LDRH_X, dst(t), address(n), address(m));
    case 6: info.setClass(Cls.LOAD_NARROW); return emit(Op.LDRB_X, dst(t), address(n), address(m));
    default: info.setClass(Cls.LOAD_NARROW); return emit(Op.LDRSH_X, dst(t), address(n), address(m));
  }
}

/** `kind`: 0 word, 1 byte, 2 halfword; the offset is scaled by 2^scale. */
function loadStoreWordByte(h: u32, isLoad: bool, kind: u32, scale: u32): void {
  const offset = field(h, 6, 5) << scale;
  const t = h & 7;
  const n = field(h, 3, 3);
  if (isLoad) emitLoad(kind == 0 ? LoadKind.WORD : kind == 1 ? LoadKind.BYTE : LoadKind.HALF, t, n, offset);
  else emitStore(kind == 0 ? StoreKind.WORD : kind == 1 ? StoreKind.BYTE : StoreKind.HALF, t, n, offset);
}

function stackRelative(h: u32): void {
  const offset = (h & 0xff) << 2;
  if (h & 0x800) emitLoad(LoadKind.WORD, field(h, 8, 3), 13, offset);
  else emitStore(StoreKind.WORD, field(h, 8, 3), 13, offset);
}

function addressOf(h: u32): void {
  const offset = (h & 0xff) << 2;
  const d = field(h, 8, 3);
  if (h & 0x800) return emit(Op.ADD_I, dst(d), src(13), 0, offset);
  emit(Op.MOV_I, dst(d), 0, 0, ((pc + 4) & ~3) + offset);
}

function miscellaneous(h: u32): void {
  const d = h & 7;
  const m = field(h, 3, 3);
  switch (field(h, 8, 4)) {
    case 0:
      return emit(Op.ADD_I, dst(13), src(13), 0, h & 0x80 ? -((h & 0x7f) << 2) : (h & 0x7f) << 2);
    case 1: case 3: case 9: case 11: {
      if (inIt) return refuse();
      const target = pc + 4 + (((h >>> 3) & 0x40) | ((h >>> 2) & 0x3e));
      info.setClass(Cls.BRANCH);
      return emitExit(h & 0x800 ? Op.CBNZ : Op.CBZ, target, 0, src(d));
    }
    case 2:
      info.setClass(Cls.EXTEND);
      switch (field(h, 6, 2)) {
        case 0: return emit(Op.SXTH, dst(d), 0, src(m));
        case 1: return emit(Op.SXTB, dst(d), 0, src(m));
        case 2: return emit(Op.UXTH, dst(d), 0, src(m));
        default: return emit(Op.UXTB, dst(d), 0, src(m));
      }
    case 4: case 5:
      return emitMultiple(false, false, 13, (h & 0xff) | ((h & 0x100) << 6), true, true);
    case 6:
      // CPS: only I and F exist here
      if ((h & 0xec) != 0x60 || inIt) return refuse();
      info.setClass(Cls.SYSTEM);
      return emit(Op.CPS, 0, 0, 0, h & 0x13);
    case 10: {
      info.setClass(Cls.REVERSE);
      const op = field(h, 6, 2);
      if (op == 2) return refuse();
      return emit(op == 0 ? Op.REV : op == 1 ? Op.REV16 : Op.REVSH, dst(d), 0, src(m));
    }
    case 12: case 13:
      return emitMultiple(true, true, 13, (h & 0xff) | ((h & 0x100) << 7), true, true);
    case 14:
      info.setClass(Cls.TRAP);
      emitExit(Op.BKPT, pc, 0, 0, 0, h & 0xff);
      return endTrace();
    case 15:
      if ((h & 0xf) == 0) {
        info.setClass(Cls.NOP);
        return emit(Op.NOP);
      }
      if (inIt || field(h, 4, 4) == 15) return refuse();
      // AL takes no else part
      if (field(h, 4, 4) == 14 && ((h & 0xf) & ((h & 0xf) - 1)) != 0) return refuse();
      info.setClass(Cls.IT);
      return emit(Op.NOP);
    default: return refuse();
  }
}

function conditional(h: u32): void {
  const condition = field(h, 8, 4);
  if (condition == 14) return refuse();
  if (condition == 15) {
    if (inIt && !branchAllowed()) { /* SVC may stand anywhere in an IT block */ }
    info.setClass(Cls.TRAP);
    emitExit(Op.SVC, pc + 2);
    return endTrace();
  }
  if (inIt) return refuse();
  emitConditional(condition, pc + 4 + (<i32>(h << 24) >> 23));
}

function unconditional(h: u32): void {
  if (h & 0x800 || !branchAllowed()) return refuse();
  emitBranch(pc + 4 + (<i32>(h << 21) >> 20));
}
