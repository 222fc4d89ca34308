/** VLDR, VSTR, VLDM, VSTM, VPUSH, VPOP and 64-bit transfers (DDI 0403E A6.6, A6.7). */
import { PCV } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { address, checkFpu, dst, emit, field, isBad, pc, raw, refuse, src, written } from './emit';
import { fpMask, fpOffset, isDouble } from './float';

export function decodeFloatMemory(h1: u32, h2: u32): void {
  const pre = (h1 & 0x100) != 0;
  const up = (h1 & 0x80) != 0;
  const back = (h1 & 0x20) != 0;
  const isLoad = (h1 & 0x10) != 0;
  if (!pre && !up && !back) return (h1 & 0x40) != 0 ? pairTransfer(h1, h2) : refuse();
  if (isDouble && (h1 & 0x40) != 0) return refuse();
  if (pre && !back) return single(h1, h2, up, isLoad);
  if (pre == up) return refuse();
  multiple(h1, h2, up, back, isLoad);
}

function single(h1: u32, h2: u32, up: bool, isLoad: bool): void {
  const n = h1 & 0xf;
  if (n == 15 && !isLoad) return refuse();
  const offset = (up ? 1 : -1) * <i32>((h2 & 0xff) << 2);
  const d = fpOffset(h2 >>> 12, field(h1, 6, 1));
  checkFpu();
  let base = n;
  let displacement = offset;
  if (n == 15) {
    emit(Op.MOV_I, PCV, 0, 0, ((pc + 4) & ~3) + offset);
    base = PCV;
    displacement = 0;
    info.setLiteral();
  } else {
    address(n);
  }
  if (isDouble) info.setTransfers(2);
  if (isLoad) {
    info.setClass(isDouble ? Cls.FP_LOAD_DOUBLE : Cls.FP_LOAD);
    info.noteFpWrite(fpMask(d));
  } else {
    info.setClass(isDouble ? Cls.FP_STORE_DOUBLE : Cls.FP_STORE);
    info.noteFpRead(fpMask(d));
  }
  const op: u32 = isDouble ? (isLoad ? Op.VLDR_D : Op.VSTR_D) : isLoad ? Op.VLDR : Op.VSTR;
  raw(op, d, base << 2, 0, 0, 0, displacement);
}

/** imm = words; aux: 1 = base written back, 2 = downwards. */
function multiple(h1: u32, h2: u32, up: bool, back: bool, isLoad: bool): void {
  const n = h1 & 0xf;
  const words = h2 & 0xff;
  const first = isDouble ? (h2 >>> 12) << 1 : ((h2 >>> 12) << 1) | field(h1, 6, 1);
  // odd word counts are the deprecated FLDMX, FSTMX
  if (n == 15 || words == 0 || first + words > 32 || (isDouble && (words & 1) != 0)) return refuse();
  checkFpu();
  info.setClass(isLoad ? Cls.FP_LOAD_MULTIPLE : Cls.FP_STORE_MULTIPLE);
  info.setTransfers(words);
  const mask = (<u32>0xffffffff >>> (32 - words)) << first;
  if (isLoad) info.noteFpWrite(mask);
  else info.noteFpRead(mask);
  raw(isLoad ? Op.VLDM : Op.VSTM, first << 2, address(n) << 2, 0, 0, (back ? 1 : 0) | (up ? 0 : 2), words);
  if (back) written(n);
}

/** VMOV between two core registers and two consecutive singles (or one double, which is the same pair). */
function pairTransfer(h1: u32, h2: u32): void {
  const t = h2 >>> 12;
  const t2 = h1 & 0xf;
  const toCore = (h1 & 0x10) != 0;
  if ((h2 & 0xd0) != 0x10 || isBad(t) || isBad(t2) || (toCore && t == t2)) return refuse();
  if (isDouble && (h2 & 0x20) != 0) return refuse();
  const m = isDouble ? (h2 & 0xf) << 1 : ((h2 & 0xf) << 1) | field(h2, 5, 1);
  if (m > 30) return refuse();
  checkFpu();
  info.setClass(Cls.FP_MOVE_PAIR);
  info.setTransfers(2);
  if (toCore) {
    info.noteFpRead(3 << m);
    return raw(Op.VMOV_RR_SS, dst(t) << 2, dst(t2) << 2, m << 2, 0, 0, 0);
  }
  info.noteFpWrite(3 << m);
  raw(Op.VMOV_SS_RR, m << 2, src(t) << 2, src(t2) << 2, 0, 0, 0);
}
