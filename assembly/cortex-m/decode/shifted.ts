/** Data processing: the sixteen operations with a constant or a shifted register (DDI 0403E A5.3.1, A5.3.11). */
import { SINK, TMP } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { dst, early, emit, field, isBad, refuse, src } from './emit';

/** Register forms indexed by the operation field; 255 where none exists. */
const PLAIN: StaticArray<i32> = [
  Op.AND_R, Op.BIC_R, Op.ORR_R, Op.ORN_R, Op.EOR_R, 255, 255, 255,
  Op.ADD_R, 255, Op.ADC_R, Op.SBC_R, 255, Op.SUB_R, Op.RSB_R, 255,
];
const SETTING: StaticArray<i32> = [
  Op.ANDS_R, Op.BICS_R, Op.ORRS_R, Op.ORNS_R, Op.EORS_R, 255, 255, 255,
  Op.ADDS_R, 255, Op.ADCS_R, Op.SBCS_R, 255, Op.SUBS_R, Op.RSBS_R, 255,
];

const enum Alu { AND, BIC, ORR, ORN, EOR, ADD = 8, ADC = 10, SBC = 11, SUB = 13, RSB = 14 }

function isDefined(op: u32): bool { return op <= 4 || op == 8 || op == 10 || op == 11 || op == 13 || op == 14; }
/** AND, EOR, ADD, SUB with destination 15 are TST, TEQ, CMN, CMP. */
function isTest(op: u32): bool { return op == Alu.AND || op == Alu.EOR || op == Alu.ADD || op == Alu.SUB; }
function isArithmetic(op: u32): bool { return op >= 8; }

/** Checks the register rules common to both forms; true when refused. */
function refusedRegisters(op: u32, setFlags: bool, d: u32, n: u32): bool {
  if (!isDefined(op)) return true;
  const test = d == 15 && setFlags && isTest(op);
  const move = n == 15 && (op == Alu.ORR || op == Alu.ORN);
  if (d == 15 && !test) return true;
  const stack = n == 13 && (op == Alu.ADD || op == Alu.SUB);
  if (d == 13 && !stack && !(move && op == Alu.ORR && !setFlags)) return true;
  if (n == 13 && !stack) return true;
  return n == 15 && !move;
}

/** `carry`: what the constant does to C in logical operations (2: nothing). */
export function dataImmediate(op: u32, setFlags: bool, d: u32, n: u32, value: u32, carry: u32): void {
  if (refusedRegisters(op, setFlags, d, n) || (n == 15 && d == 13)) return refuse();
  if (op == Alu.ADC || op == Alu.SBC) info.flagsRead();
  if (!setFlags) return plainImmediate(op, d, n, value);
  info.flagsWritten();
  const to = d == 15 ? SINK : dst(d);
  if (!isArithmetic(op) && carry != 2) emit(Op.SETC, 0, 0, 0, carry);
  switch (op) {
    case Alu.AND: return emit(Op.ANDS_I, to, src(n), 0, value);
    case Alu.BIC: return emit(Op.ANDS_I, to, src(n), 0, ~value);
    case Alu.ORR: return n == 15 ? emit(Op.MOVS_I, to, 0, 0, value) : emit(Op.ORRS_I, to, src(n), 0, value);
    case Alu.ORN: return n == 15 ? emit(Op.MOVS_I, to, 0, 0, ~value) : emit(Op.ORRS_I, to, src(n), 0, ~value);
    case Alu.EOR: return emit(Op.EORS_I, to, src(n), 0, value);
    case Alu.ADD: return emit(Op.ADDS_I, to, src(n), 0, value);
    case Alu.ADC: return emit(Op.ADCS_I, to, src(n), 0, value);
    case Alu.SBC: return emit(Op.ADCS_I, to, src(n), 0, ~value);
    case Alu.SUB: return emit(Op.SUBS_I, to, src(n), 0, value);
    default: return emit(Op.RSBS_I, to, src(n), 0, value);
  }
}

function plainImmediate(op: u32, d: u32, n: u32, value: u32): void {
  switch (op) {
    case Alu.AND: return emit(Op.AND_I, dst(d), src(n), 0, value);
    case Alu.BIC: return emit(Op.AND_I, dst(d), src(n), 0, ~value);
    case Alu.ORR: return n == 15 ? emit(Op.MOV_I, dst(d), 0, 0, value) : emit(Op.ORR_I, dst(d), src(n), 0, value);
    case Alu.ORN: return n == 15 ? emit(Op.MOV_I, dst(d), 0, 0, ~value) : emit(Op.ORR_I, dst(d), src(n), 0, ~value);
    case Alu.EOR: return emit(Op.EOR_I, dst(d), src(n), 0, value);
    case Alu.ADD: return emit(Op.ADD_I, dst(d), src(n), 0, value);
    case Alu.ADC: return emit(Op.ADC_I, dst(d), src(n), 0, value);
    case Alu.SBC: return emit(Op.ADC_I, dst(d), src(n), 0, ~value);
    case Alu.SUB: return emit(Op.ADD_I, dst(d), src(n), 0, -<i32>value);
    default: return emit(Op.RSB_I, dst(d), src(n), 0, value);
  }
}

/** h1 = 1110 101x xxxS nnnn. */
export function decodeShifted(h1: u32, h2: u32): void {
  const op = field(h1, 5, 4);
  const setFlags = (h1 & 0x10) != 0;
  const n = h1 & 0xf;
  const d = field(h2, 8, 4);
  const m = h2 & 0xf;
  const amount = ((h2 >>> 10) & 0x1c) | ((h2 >>> 6) & 3);
  const type = field(h2, 4, 2);
  if (h2 & 0x8000) return refuse();
  if (op == 6) return pack(h2, setFlags, n, d, m, amount, type);
  if (refusedRegisters(op, setFlags, d, n)) return refuse();
  if (n == 15 && op == Alu.ORR) return move(setFlags, d, m, amount, type);
  if (isBad(m) || (n == 13 && d == 13 && (type != 0 || amount > 3))) return refuse();
  if (op == Alu.ADC || op == Alu.SBC) info.flagsRead();
  if (setFlags) info.flagsWritten();
  const shifted = amount != 0 || type != 0;
  info.setClass(shifted ? Cls.ALU_SHIFTED : Cls.ALU);
  if (!setFlags && shifted && fused(op, d, n, m, amount, type)) return;
  let operand = m;
  if (!shifted) {
    src(m);
  } else {
    early(m);
    emitShift(setFlags && !isArithmetic(op), TMP, m, type, amount);
    operand = TMP;
  }
  const to = d == 15 ? SINK : dst(d);
  if (n == 15) return emit(setFlags ? Op.MVNS_R : Op.MVN_R, to, 0, operand);
  emit(setFlags ? SETTING[op] : PLAIN[op], to, src(n), operand);
}

/** One operation for the shifted forms that kernels use most. */
function fused(op: u32, d: u32, n: u32, m: u32, amount: u32, type: u32): bool {
  if (n == 15 || amount == 0) return false;
  let code: u32 = 0;
  switch ((op << 2) | type) {
    case (Alu.ADD << 2) | 0: code = Op.ADD_LSL; break;
    case (Alu.ADD << 2) | 1: code = Op.ADD_LSR; break;
    case (Alu.ADD << 2) | 2: code = Op.ADD_ASR; break;
    case (Alu.SUB << 2) | 0: code = Op.SUB_LSL; break;
    case (Alu.SUB << 2) | 2: code = Op.SUB_ASR; break;
    case (Alu.RSB << 2) | 0: code = Op.RSB_LSL; break;
    case (Alu.ORR << 2) | 0: code = Op.ORR_LSL; break;
    case (Alu.ORR << 2) | 1: code = Op.ORR_LSR; break;
    case (Alu.AND << 2) | 1: code = Op.AND_LSR; break;
    case (Alu.AND << 2) | 3: code = Op.AND_ROR; break;
    case (Alu.EOR << 2) | 3: code = Op.EOR_ROR; break;
    default: return false;
  }
  emit(code, dst(d), src(n), early(m), 0, 0, amount);
  return true;
}

/** to ← m shifted; an amount of 0 means 32 for LSR and ASR, RRX for ROR. */
function emitShift(carry: bool, to: u32, m: u32, type: u32, amount: u32): void {
  switch (type) {
    case 0: return emit(carry ? Op.LSLS_I : Op.LSL_I, to, 0, m, 0, 0, amount);
    case 1:
      if (amount != 0) return emit(carry ? Op.LSRS_I : Op.LSR_I, to, 0, m, 0, 0, amount);
      return carry ? emit(Op.LSRS_32, to, 0, m) : emit(Op.MOV_I, to);
    case 2:
      if (amount != 0) return emit(carry ? Op.ASRS_I : Op.ASR_I, to, 0, m, 0, 0, amount);
      return carry ? emit(Op.ASRS_32, to, 0, m) : emit(Op.ASR_I, to, 0, m, 0, 0, 31);
    default:
      if (amount != 0) return emit(carry ? Op.RORS_I : Op.ROR_I, to, 0, m, 0, 0, amount);
      info.flagsRead();
      return emit(carry ? Op.RRXS : Op.RRX, to, 0, m);
  }
}

/** MOV and the shifts by a constant (ORR with n = 15). */
function move(setFlags: bool, d: u32, m: u32, amount: u32, type: u32): void {
  const plain = type == 0 && amount == 0;
  if (d == 13 || m == 13) {
    if (!plain || setFlags || (d == 13 && m == 13)) return refuse();
  }
  if (m == 15) return refuse();
  if (setFlags) info.flagsWritten();
  if (plain) return emit(setFlags ? Op.MOVS_R : Op.MOV_R, dst(d), 0, src(m));
  info.setClass(Cls.SHIFT);
  src(m);
  emitShift(setFlags, dst(d), m, type, amount);
}

/** PKHBT, PKHTB. */
function pack(_h2: u32, setFlags: bool, n: u32, d: u32, m: u32, amount: u32, type: u32): void {
  if (setFlags || (type & 1) != 0 || isBad(n) || isBad(d) || isBad(m)) return refuse();
  info.setClass(Cls.EXTEND_ADD);
  if (type == 0) return emit(Op.PKHBT, dst(d), src(n), early(m), 0, 0, amount);
  emit(Op.PKHTB, dst(d), src(n), early(m), 0, 0, amount == 0 ? 31 : amount);
}
