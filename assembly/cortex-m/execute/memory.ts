/** Single loads and stores. Each returns the next operation: a fault's, when the access fails. */
import { Access, failed, loadSlow, readPage, storeSlow, writePage } from '../bus';
import { HALT_OP, WATCH } from '../map';
import { aux, get, imm, rd, rn, set, vm, vn } from '../state';

@inline export function offset(op: usize): u32 { return vn(op) + imm(op); }
@inline export function indexed(op: usize): u32 { return vn(op) + (vm(op) << aux(op)); }

@inline export function ldr(op: usize, address: u32): usize {
  const page = readPage(address);
  if (page == 0 || (address & 3) != 0) return loadSlow(op, address, Access.WORD);
  set(rd(op), load<u32>(<usize>(page + address)));
  return op + 16;
}
@inline export function ldrb(op: usize, address: u32): usize {
  const page = readPage(address);
  if (page == 0) return loadSlow(op, address, Access.BYTE);
  set(rd(op), load<u8>(<usize>(page + address)));
  return op + 16;
}
@inline export function ldrh(op: usize, address: u32): usize {
  const page = readPage(address);
  if (page == 0 || (address & 1) != 0) return loadSlow(op, address, Access.HALF);
  set(rd(op), load<u16>(<usize>(page + address)));
  return op + 16;
}
@inline export function ldrsb(op: usize, address: u32): usize {
  const page = readPage(address);
  if (page == 0) return loadSlow(op, address, Access.SIGNED_BYTE);
  set(rd(op), <u32><i32>load<i8>(<usize>(page + address)));
  return op + 16;
}
@inline export function ldrsh(op: usize, address: u32): usize {
  const page = readPage(address);
  if (page == 0 || (address & 1) != 0) return loadSlow(op, address, Access.SIGNED_HALF);
  set(rd(op), <u32><i32>load<i16>(<usize>(page + address)));
  return op + 16;
}

@inline export function str(op: usize, address: u32): usize {
  const value = get(rd(op));
  const page = writePage(address);
  if (page == 0 || (address & 3) != 0) return storeSlow(op, address, Access.WORD, value);
  store<u32>(<usize>(page + address), value);
  store<u32>(<usize>(page + address), 0x01010101, WATCH);
  return op + 16;
}
@inline export function strb(op: usize, address: u32): usize {
  const value = get(rd(op));
  const page = writePage(address);
  if (page == 0) return storeSlow(op, address, Access.BYTE, value);
  store<u8>(<usize>(page + address), value);
  store<u8>(<usize>(page + address), 1, WATCH);
  return op + 16;
}
@inline export function strh(op: usize, address: u32): usize {
  const value = get(rd(op));
  const page = writePage(address);
  if (page == 0 || (address & 1) != 0) return storeSlow(op, address, Access.HALF, value);
  store<u16>(<usize>(page + address), value);
  store<u16>(<usize>(page + address), 0x0101, WATCH);
  return op + 16;
}

/** Writes the base back unless the access failed. Base and data differ, or the encoding was refused. */
@inline export function back(op: usize, next: usize, value: u32): usize {
  if (next != HALT_OP) set(rn(op), value);
  return next;
}
