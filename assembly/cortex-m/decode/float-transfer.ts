/** VMOV of one register, VMSR, VMRS (DDI 0403E A6.8). */
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { checkFpu, dst, field, isBad, raw, refuse, src } from './emit';
import { isDouble } from './float';

export function decodeFloatTransfer(h1: u32, h2: u32): void {
  const toCore = (h1 & 0x10) != 0;
  const t = h2 >>> 12;
  const a = field(h1, 5, 3);
  if (isDouble) {
    // VMOV.32 of half a double: the single register 2d + x
    if ((a & 6) != 0 || (h2 & 0xe0) != 0 || (h2 & 0xf) != 0) return refuse();
    return transfer(toCore, t, ((h1 & 0xf) << 1) | (a & 1));
  }
  if (a == 0) {
    if ((h2 & 0x6f) != 0) return refuse();
    return transfer(toCore, t, ((h1 & 0xf) << 1) | field(h2, 7, 1));
  }
  if (a != 7 || (h2 & 0xef) != 0) return refuse();
  system(toCore, t, h1 & 0xf);
}

function transfer(toCore: bool, t: u32, s: u32): void {
  if (isBad(t)) return refuse();
  checkFpu();
  if (toCore) {
    info.setClass(Cls.FP_MOVE_TO_CORE);
    info.noteFpRead(1 << s);
    return raw(Op.VMOV_RS, dst(t) << 2, s << 2, 0, 0, 0, 0);
  }
  info.setClass(Cls.FP_MOVE_FROM_CORE);
  info.noteFpWrite(1 << s);
  raw(Op.VMOV_SR, s << 2, src(t) << 2, 0, 0, 0, 0);
}

/** VMRS, VMSR of FPSCR; to PC it means the flags. Other registers do not exist here. */
function system(toCore: bool, t: u32, register: u32): void {
  if (register != 1 || t == 13 || (t == 15 && !toCore)) return refuse();
  checkFpu();
  info.setClass(Cls.FP_SYSTEM);
  if (!toCore) return raw(Op.VMSR, 0, src(t) << 2, 0, 0, 0, 0);
  if (t != 15) return raw(Op.VMRS, dst(t) << 2, 0, 0, 0, 0, 0);
  info.flagsWritten();
  raw(Op.VMRS_FLAGS, 0, 0, 0, 0, 0, 0);
}
