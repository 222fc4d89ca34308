/** Single loads and stores, doubles, exclusives (DDI 0403E A5.3.5–A5.3.10). */
import { PCV, TMP } from '../map';
import { Op } from '../opcodes';
import { findRegion, hostAddress, WRITABLE } from '../regions';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { flashModelled } from '../timing/flash';
import {
  address, branchAllowed, dst, emit, emitExit, endTrace, field, isBad, pc, refuse, stored, written,
} from './emit';
import { decodeTableBranch } from './branch';
import { decodeExclusive } from './exclusive';

/** Offsets into each family of load operations. */
export const enum LoadKind { WORD, BYTE, HALF, SIGNED_BYTE, SIGNED_HALF }
export const enum StoreKind { WORD, BYTE, HALF }

function loadClass(kind: u32): u32 { return kind == LoadKind.WORD ? Cls.LOAD : Cls.LOAD_NARROW; }
function storeClass(kind: u32): u32 { return kind == StoreKind.WORD ? Cls.STORE : Cls.STORE_NARROW; }

/** rt ← [rn + offset]; rn = 15 means that `offset` is the whole address. A load into PC branches. */
export function emitLoad(kind: u32, t: u32, n: u32, offset: u32): void {
  info.setClass(loadClass(kind));
  if (n == 15) return emitLiteral(kind, t, offset);
  emit(Op.LDR + kind, target(t), address(n), 0, offset);
  branchIfPc(t, n);
}

export function emitStore(kind: u32, t: u32, n: u32, offset: u32): void {
  info.setClass(storeClass(kind));
  emit(Op.STR + kind, stored(t), address(n), 0, offset);
}

function target(t: u32): u32 { return t == 15 ? TMP : dst(t); }

/** A word loaded into PC is a branch; only the last instruction of an IT block may be one. */
function branchIfPc(t: u32, n: u32): void {
  if (t != 15) return;
  if (!branchAllowed()) return refuse();
  info.noteWrite(15);
  // from the stack it is a return, from elsewhere a jump table
  emitExit(n == 13 ? Op.RET : Op.BX, 0, 0, 0, TMP);
  endTrace();
}

/** Read-only memory cannot change under the program, so a literal there is an immediate. */
function emitLiteral(kind: u32, t: u32, at: u32): void {
  info.setLiteral();
  const bytes: u32 = kind == LoadKind.WORD ? 4 : kind == LoadKind.HALF || kind == LoadKind.SIGNED_HALF ? 2 : 1;
  const region = findRegion(at, bytes);
  if (region != 0 && !flashModelled() && (load<u32>(region, 12) & WRITABLE) == 0 && (at & (bytes - 1)) == 0) {
    const host = hostAddress(region, at);
    let value: u32;
    switch (kind) {
      case LoadKind.WORD: value = load<u32>(host); break;
      case LoadKind.BYTE: value = load<u8>(host); break;
      case LoadKind.HALF: value = load<u16>(host); break;
      case LoadKind.SIGNED_BYTE: value = <u32><i32>load<i8>(host); break;
      default: value = <u32><i32>load<i16>(host);
    }
    emit(Op.MOV_I, target(t), 0, 0, value);
  } else {
    emit(Op.MOV_I, PCV, 0, 0, at);
    emit(Op.LDR + kind, target(t), PCV);
  }
  branchIfPc(t, 15);
}

/** LDR*, STR* of 32 bits: h1 = 1111 100x xxxx nnnn. */
export function decodeLoadStore(h1: u32, h2: u32): void {
  const size = field(h1, 5, 2);
  const isLoad = (h1 & 0x10) != 0;
  const isSigned = (h1 & 0x100) != 0;
  const n = h1 & 0xf;
  const t = h2 >>> 12;
  if (size == 3 || (isSigned && (!isLoad || size == 2))) return refuse();
  // loads of bytes and halfwords into PC are preload hints
  if (isLoad && t == 15 && size != 2) return preload(h1, h2);
  if (isLoad) {
    const kind: u32 =
      size == 2 ? LoadKind.WORD
      : size == 0 ? (isSigned ? LoadKind.SIGNED_BYTE : LoadKind.BYTE)
      : isSigned ? LoadKind.SIGNED_HALF : LoadKind.HALF;
    if (size != 2 && t == 13) return refuse();
    if (n == 15) {
      const base = (pc + 4) & ~3;
      return emitLoad(kind, t, 15, h1 & 0x80 ? base + (h2 & 0xfff) : base - (h2 & 0xfff));
    }
    return addressed(h1, h2, kind, true);
  }
  if (n == 15 || t == 15 || (t == 13 && size != 2)) return refuse();
  addressed(h1, h2, size == 2 ? StoreKind.WORD : size == 0 ? StoreKind.BYTE : StoreKind.HALF, false);
}

function addressed(h1: u32, h2: u32, kind: u32, isLoad: bool): void {
  const n = h1 & 0xf;
  const t = h2 >>> 12;
  if (h1 & 0x80) return isLoad ? emitLoad(kind, t, n, h2 & 0xfff) : emitStore(kind, t, n, h2 & 0xfff);
  const offset = h2 & 0xff;
  if ((h2 & 0x800) == 0) {
    if ((h2 & 0x7c0) != 0) return refuse();
    return registerOffset(h2, kind, isLoad, t, n);
  }
  const index = (h2 & 0x400) != 0;
  const up = (h2 & 0x200) != 0;
  const back = (h2 & 0x100) != 0;
  const signed = up ? offset : -offset;
  if (!index && !back) return refuse();
  if (!back) {
    // negative immediate
    if (up) return unprivileged(kind, isLoad, t, n, offset);
    return isLoad ? emitLoad(kind, t, n, signed) : emitStore(kind, t, n, signed);
  }
  if (n == t || (isLoad && t == 13 && kind != LoadKind.WORD)) return refuse();
  if (isLoad) {
    info.setClass(loadClass(kind));
    emit((index ? Op.LDR_PRE : Op.LDR_POST) + kind, target(t), address(n), 0, signed);
    written(n);
    return branchIfPc(t, n);
  }
  info.setClass(storeClass(kind));
  emit((index ? Op.STR_PRE : Op.STR_POST) + kind, stored(t), address(n), 0, signed);
  written(n);
}

function registerOffset(h2: u32, kind: u32, isLoad: bool, t: u32, n: u32): void {
  const m = h2 & 0xf;
  if (isBad(m)) return refuse();
  const shift = field(h2, 4, 2);
  info.setRegisterOffset();
  if (isLoad) {
    info.setClass(loadClass(kind));
    emit(Op.LDR_X + kind, target(t), address(n), address(m), 0, 0, shift);
    return branchIfPc(t, n);
  }
  info.setClass(storeClass(kind));
  emit(Op.STR_X + kind, stored(t), address(n), address(m), 0, 0, shift);
}

/** LDRT, STRT and relatives: as the ordinary ones, for code that runs privileged. */
function unprivileged(kind: u32, isLoad: bool, t: u32, n: u32, offset: u32): void {
  if (isBad(t)) return refuse();
  if (isLoad) emitLoad(kind, t, n, offset);
  else emitStore(kind, t, n, offset);
}

/** PLD, PLI: no effect, but they take a load's slot. */
function preload(h1: u32, h2: u32): void {
  const n = h1 & 0xf;
  if (n != 15 && (h1 & 0x80) == 0) {
    const isRegister = (h2 & 0xfc0) == 0;
    if (!isRegister && (h2 & 0xf00) != 0xc00) return refuse();
    if (isRegister && isBad(h2 & 0xf)) return refuse();
  }
  info.setClass(Cls.NOP);
  if (n != 15) address(n);
  emit(Op.NOP);
}

/** LDRD, STRD, exclusives, table branches: h1 = 1110 100x x1xx nnnn. */
export function decodeDual(h1: u32, h2: u32): void {
  const index = (h1 & 0x100) != 0;
  const back = (h1 & 0x20) != 0;
  const isLoad = (h1 & 0x10) != 0;
  if (!index && !back) {
    if ((h1 & 0xfff0) == 0xe8d0 && (h2 & 0xffe0) == 0xf000) return decodeTableBranch(h1, h2);
    return decodeExclusive(h1, h2);
  }
  const n = h1 & 0xf;
  const t = h2 >>> 12;
  const t2 = field(h2, 8, 4);
  const offset = (h1 & 0x80 ? 1 : -1) * <i32>((h2 & 0xff) << 2);
  if (isBad(t) || isBad(t2) || (isLoad && t == t2) || (back && (n == 15 || n == t || n == t2))) return refuse();
  if (!isLoad && n == 15) return refuse();
  info.setClass(isLoad ? Cls.LOAD_DOUBLE : Cls.STORE_DOUBLE);
  info.setTransfers(2);
  // aux: 1 = indexed before the access, 2 = base written back
  const mode: u32 = (index ? 1 : 0) | (back ? 2 : 0);
  if (n == 15) {
    emit(Op.MOV_I, PCV, 0, 0, ((pc + 4) & ~3) + offset);
    return emit(Op.LDRD, dst(t), PCV, 0, 0, dst(t2), 1);
  }
  if (isLoad) emit(Op.LDRD, dst(t), address(n), 0, offset, dst(t2), mode);
  else emit(Op.STRD, stored(t), address(n), 0, offset, stored(t2), mode);
  if (back) written(n);
}
