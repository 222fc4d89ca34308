/**
 * Single loads and stores the fast way: aligned, in whole pages without wait states. The base is written back behind the
 * access; base and data differ, or the encoding was refused.
 */
import { misfit, readPage, writePage } from '../bus';
import { WATCH } from '../map';
import { aux, get, imm, ra, rd, rn, set, vm, vn } from '../state';
import { complete } from './complete';

@inline export function offset(op: usize): u32 { return vn(op) + imm(op); }
@inline export function indexed(op: usize): u32 { return vn(op) + (vm(op) << aux(op)); }

@inline export function ldr(op: usize, address: u32, back: bool = false): usize {
  const page = readPage(address);
  if (misfit(page, address, 3)) return complete(op);
  set(rd(op), load<u32>(<usize>(page + address)));
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function ldrb(op: usize, address: u32, back: bool = false): usize {
  const page = readPage(address);
  if (misfit(page, address, 0)) return complete(op);
  set(rd(op), load<u8>(<usize>(page + address)));
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function ldrh(op: usize, address: u32, back: bool = false): usize {
  const page = readPage(address);
  if (misfit(page, address, 1)) return complete(op);
  set(rd(op), load<u16>(<usize>(page + address)));
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function ldrsb(op: usize, address: u32, back: bool = false): usize {
  const page = readPage(address);
  if (misfit(page, address, 0)) return complete(op);
  set(rd(op), <u32><i32>load<i8>(<usize>(page + address)));
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function ldrsh(op: usize, address: u32, back: bool = false): usize {
  const page = readPage(address);
  if (misfit(page, address, 1)) return complete(op);
  set(rd(op), <u32><i32>load<i16>(<usize>(page + address)));
  if (back) set(rn(op), offset(op));
  return op + 16;
}

@inline export function str(op: usize, address: u32, back: bool = false): usize {
  const page = writePage(address);
  if (misfit(page, address, 3)) return complete(op);
  store<u32>(<usize>(page + address), get(rd(op)));
  store<u32>(<usize>(page + address), 0x01010101, WATCH);
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function strb(op: usize, address: u32, back: bool = false): usize {
  const page = writePage(address);
  if (misfit(page, address, 0)) return complete(op);
  store<u8>(<usize>(page + address), get(rd(op)));
  store<u8>(<usize>(page + address), 1, WATCH);
  if (back) set(rn(op), offset(op));
  return op + 16;
}
@inline export function strh(op: usize, address: u32, back: bool = false): usize {
  const page = writePage(address);
  if (misfit(page, address, 1)) return complete(op);
  store<u16>(<usize>(page + address), get(rd(op)));
  store<u16>(<usize>(page + address), 0x0101, WATCH);
  if (back) set(rn(op), offset(op));
  return op + 16;
}

@inline export function ldrd(op: usize): usize {
  const base = vn(op);
  const address = aux(op) & 1 ? base + imm(op) : base;
  const page = readPage(address);
  if (misfit(page, address, 3)) return complete(op);
  if ((address & 0xfff) > 0xff8) return complete(op);
  set(rd(op), load<u32>(<usize>(page + address)));
  set(ra(op), load<u32>(<usize>(page + address), 4));
  if (aux(op) & 2) set(rn(op), base + imm(op));
  return op + 16;
}
