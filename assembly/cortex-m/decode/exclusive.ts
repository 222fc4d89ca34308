/**
 * LDREX, STREX, CLREX and, on ARMv8-M, LDA, STL, LDAEX, STLEX, TT (DDI 0553 C2.4). One core, no other master: the
 * monitor only remembers that it was opened.
 */
import { CORE } from '../map';
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { address, dst, emit, field, isBad, refuse, stored } from './emit';

/** Byte width of an access: 1, 2 or 4, or 0. */
function widthOf(code: u32): u32 {
  return code == 0 ? 1 : code == 1 ? 2 : code == 2 ? 4 : 0;
}

export function decodeExclusive(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  const t = h2 >>> 12;
  const isLoad = (h1 & 0x10) != 0;
  if ((h1 & 0xffe0) == 0xe840) return wordExclusive(h1, h2, n, t, isLoad);
  if ((h1 & 0xffe0) != 0xe8c0 || n == 15 || isBad(t)) return refuse();
  const kind = field(h2, 4, 4);
  const width = widthOf(kind & 3);
  if (width == 0 || (h2 & 0xf00) != 0xf00) return refuse();
  const release = kind >= 8;
  if (kind < 4 || (release && load<u32>(CORE) != 2)) return refuse();
  const exclusive = (kind & 4) != 0;
  if (!exclusive) {
    if ((h2 & 0xf) != 0xf) return refuse();
    info.setClass(isLoad ? Cls.LOAD : Cls.STORE);
    if (isLoad) return emit(Op.LDA, dst(t), address(n), 0, 0, 0, width);
    return emit(Op.STL, stored(t), address(n), 0, 0, 0, width);
  }
  if (kind < 8 && width == 4) return refuse();
  if (isLoad) {
    if ((h2 & 0xf) != 0xf) return refuse();
    info.setClass(Cls.LOAD);
    return emit(Op.LDREX, dst(t), address(n), 0, 0, 0, width);
  }
  const d = h2 & 0xf;
  if (isBad(d) || d == n || d == t) return refuse();
  info.setClass(Cls.LOAD);
  emit(Op.STREX, dst(d), address(n), stored(t), 0, 0, width);
}

function wordExclusive(h1: u32, h2: u32, n: u32, t: u32, isLoad: bool): void {
  const offset = (h2 & 0xff) << 2;
  if (!isLoad && load<u32>(CORE) == 2 && (h2 & 0xf000) == 0xf000) return testTarget(h2, n);
  if (n == 15 || isBad(t)) return refuse();
  info.setClass(Cls.LOAD);
  if (isLoad) {
    if ((h2 & 0xf00) != 0xf00) return refuse();
    return emit(Op.LDREX, dst(t), address(n), 0, offset, 0, 4);
  }
  const d = field(h2, 8, 4);
  if (isBad(d) || d == n || d == t) return refuse();
  emit(Op.STREX, dst(d), address(n), stored(t), offset, 0, 4);
}

/** TT, TTT: the answer of a core whose memory protection is off. TTA and TTAT need the secure state: refused. */
function testTarget(h2: u32, n: u32): void {
  const d = field(h2, 8, 4);
  if (isBad(d) || n == 15 || (h2 & 0xbf) != 0) return refuse();
  info.setClass(Cls.SYSTEM);
  emit(Op.TT, dst(d), address(n));
}
