/** Multiplications and divisions (DDI 0403E A5.3.16, A5.3.17). */
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { accumulator, dst, emit, field, isBad, refuse, src } from './emit';

/** h1 = 1111 1011 xxxx nnnn. */
export function decodeMultiply(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  const m = h2 & 0xf;
  const d = field(h2, 8, 4);
  const a = h2 >>> 12;
  if (isBad(n) || isBad(m) || isBad(d) || a == 13) return refuse();
  if (h1 & 0x80) return long(h1, h2, n, m, d, a);
  const op1 = field(h1, 4, 3);
  const op2 = field(h2, 4, 4);
  if (op2 > 3) return refuse();
  info.setClass(a == 15 ? Cls.MULTIPLY : Cls.MULTIPLY_ACCUMULATE);
  switch (op1) {
    case 0:
      if (op2 == 1) return a == 15 ? refuse() : three(Op.MLS, d, n, m, a);
      if (op2 != 0) return refuse();
      return a == 15 ? two(Op.MUL, d, n, m) : three(Op.MLA, d, n, m, a);
    case 1: return a == 15 ? two(Op.SMULBB + op2, d, n, m) : three(Op.SMLABB + op2, d, n, m, a);
    case 2:
      if (op2 > 1) return refuse();
      return a == 15 ? two(Op.SMUAD + op2, d, n, m) : three(Op.SMLAD + op2, d, n, m, a);
    case 3:
      if (op2 > 1) return refuse();
      return a == 15 ? two(Op.SMULWB + op2, d, n, m) : three(Op.SMLAWB + op2, d, n, m, a);
    case 4:
      if (op2 > 1) return refuse();
      return a == 15 ? two(Op.SMUSD + op2, d, n, m) : three(Op.SMLSD + op2, d, n, m, a);
    case 5:
      if (op2 > 1) return refuse();
      return a == 15 ? two(Op.SMMUL + op2, d, n, m) : three(Op.SMMLA + op2, d, n, m, a);
    case 6:
      if (op2 > 1 || a == 15) return refuse();
      return three(Op.SMMLS + op2, d, n, m, a);
    default:
      if (op2 != 0) return refuse();
      if (a != 15) return three(Op.USADA8, d, n, m, a);
      info.setClass(Cls.MULTIPLY);
      return two(Op.USAD8, d, n, m);
  }
}

function two(op: u32, d: u32, n: u32, m: u32): void { emit(op, dst(d), src(n), src(m)); }
function three(op: u32, d: u32, n: u32, m: u32, a: u32): void {
  emit(op, dst(d), src(n), src(m), 0, accumulator(a));
}

/** 64-bit results in (d, a) = (high, low), and divisions. */
function long(h1: u32, h2: u32, n: u32, m: u32, hi: u32, lo: u32): void {
  const op1 = field(h1, 4, 3);
  const op2 = field(h2, 4, 4);
  if (op1 == 1 || op1 == 3) {
    if (op2 != 15 || lo != 15) return refuse();
    info.setClass(Cls.DIVIDE);
    return emit(op1 == 1 ? Op.SDIV : Op.UDIV, dst(hi), src(n), src(m));
  }
  if (isBad(lo) || hi == lo) return refuse();
  info.setClass(op1 == 0 || op1 == 2 ? Cls.MULTIPLY_LONG : Cls.MULTIPLY_ACCUMULATE_LONG);
  let op: u32 = 0;
  let variant: u32 = 0;
  switch (op1) {
    case 0: if (op2 != 0) return refuse(); op = Op.SMULL; break;
    case 2: if (op2 != 0) return refuse(); op = Op.UMULL; break;
    case 4:
      if (op2 == 0) op = Op.SMLAL;
      else if (op2 >= 8 && op2 < 12) { op = Op.SMLALXY; variant = op2 & 3; }
      else if (op2 == 12 || op2 == 13) op = Op.SMLALD + (op2 & 1);
      else return refuse();
      break;
    case 5:
      if (op2 != 12 && op2 != 13) return refuse();
      op = Op.SMLSLD + (op2 & 1);
      break;
    case 6:
      if (op2 == 0) op = Op.UMLAL;
      else if (op2 == 6) op = Op.UMAAL;
      else return refuse();
      break;
    default: return refuse();
  }
  if (op1 >= 4) { accumulator(hi); accumulator(lo); }
  // fields: rd = low, ra = high
  emit(op, dst(lo), src(n), src(m), 0, dst(hi), variant);
}
