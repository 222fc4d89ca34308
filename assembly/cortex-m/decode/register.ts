/** Operations on registers: shifts, extensions, parallel arithmetic, bits (DDI 0403E A5.3.12–A5.3.15). */
import { TMP } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { accumulator, dst, early, emit, field, isBad, refuse, src } from './emit';

/** h1 = 1111 1010 xxxx nnnn. */
export function decodeRegister(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  const d = field(h2, 8, 4);
  const m = h2 & 0xf;
  const op1 = field(h1, 4, 4);
  const op2 = field(h2, 4, 4);
  if ((h2 & 0xf000) != 0xf000 || isBad(d) || isBad(m)) return refuse();
  if (op1 < 8 && op2 == 0) return shift(op1, d, n, m);
  if (op1 < 6 && op2 >= 8) return extend(op1, op2, d, n, m);
  if (op1 >= 8 && op2 < 8) return parallel(op1, op2, d, n, m);
  if (op1 >= 8 && op1 < 12 && op2 < 12) return miscellaneous(op1, op2, d, n, m);
  refuse();
}

function shift(op1: u32, d: u32, n: u32, m: u32): void {
  if (isBad(n)) return refuse();
  info.setClass(Cls.SHIFT);
  const setFlags = op1 & 1;
  if (setFlags) info.flagsWritten();
  emit((setFlags ? Op.LSLS_R : Op.LSL_R) + (op1 >>> 1), dst(d), src(n), src(m));
}

function extend(op1: u32, op2: u32, d: u32, n: u32, m: u32): void {
  if (n == 13 || (op2 & 4) != 0) return refuse();
  const rotation = (op2 & 3) << 3;
  if (n != 15) {
    info.setClass(Cls.EXTEND_ADD);
    const op: u32 =
      op1 == 0 ? Op.SXTAH : op1 == 1 ? Op.UXTAH : op1 == 2 ? Op.SXTAB16 : op1 == 3 ? Op.UXTAB16
      : op1 == 4 ? Op.SXTAB : Op.UXTAB;
    return emit(op, dst(d), accumulator(n), early(m), 0, 0, rotation);
  }
  info.setClass(Cls.EXTEND);
  if (op1 == 2 || op1 == 3) {
    if (rotation == 0) return emit(op1 == 2 ? Op.SXTB16 : Op.UXTB16, dst(d), 0, src(m));
    return emit(op1 == 2 ? Op.SXTB16_ROR : Op.UXTB16_ROR, dst(d), 0, src(m), 0, 0, rotation);
  }
  let from = src(m);
  if (rotation != 0) {
    emit(Op.ROR_I, TMP, 0, m, 0, 0, rotation);
    from = TMP;
  }
  emit(op1 == 0 ? Op.SXTH : op1 == 1 ? Op.UXTH : op1 == 4 ? Op.SXTB : Op.UXTB, dst(d), 0, from);
}

/** aux: form · 8 + prefix; forms ADD8, ADD16, ASX, –, SUB8, SUB16, SAX; prefixes S, Q, SH, –, U, UQ, UH. */
function parallel(op1: u32, op2: u32, d: u32, n: u32, m: u32): void {
  const form = op1 & 7;
  if (form == 3 || form == 7 || (op2 & 3) == 3 || isBad(n)) return refuse();
  info.setClass(Cls.DSP);
  if (form == 1 && op2 == 0) return emit(Op.SADD16, dst(d), src(n), src(m));
  if (form == 5 && op2 == 0) return emit(Op.SSUB16, dst(d), src(n), src(m));
  emit(Op.PARALLEL, dst(d), src(n), src(m), 0, 0, (form << 3) | op2);
}

function miscellaneous(op1: u32, op2: u32, d: u32, n: u32, m: u32): void {
  if (isBad(n)) return refuse();
  const low = op2 & 3;
  if (op2 < 8 || op2 >= 12) return refuse();
  switch (op1) {
    case 8: {
      info.setClass(Cls.DSP);
      const op: u32 = low == 0 ? Op.QADD : low == 1 ? Op.QDADD : low == 2 ? Op.QSUB : Op.QDSUB;
      return emit(op, dst(d), src(n), src(m));
    }
    case 9: {
      if (n != m) return refuse();
      info.setClass(Cls.REVERSE);
      const op: u32 = low == 0 ? Op.REV : low == 1 ? Op.REV16 : low == 2 ? Op.RBIT : Op.REVSH;
      return emit(op, dst(d), 0, src(m));
    }
    case 10:
      if (low != 0) return refuse();
      info.setClass(Cls.DSP);
      return emit(Op.SEL, dst(d), src(n), src(m));
    default:
      if (low != 0 || n != m) return refuse();
      info.setClass(Cls.BITFIELD);
      return emit(Op.CLZ, dst(d), 0, src(m));
  }
}
