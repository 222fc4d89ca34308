/**
 * The bus: the fast path of aligned accesses to whole pages, and one slow path for everything else, where wait
 * states and alignment penalties are charged and faults are found.
 */
import { CCR, READ_PAGES, TERMS, WATCH, WRITE_PAGES } from './map';
import { findRegion, hostAddress, WRITABLE } from './regions';
import { addCycles, rd, set } from './state';
import { Stop } from './stop-kinds';
import { readSystem, writeSystem } from './system-space';
import { noteExtra } from './timing/extras';
import { fetchData, flashModelled } from './timing/flash';
import { UNALIGNED_READ, UNALIGNED_WRITE } from './timing/tables';
import { fault } from './trace';

/**
 * Distance from a guest address to its host address, a multiple of 4; −1 where the slow path must decide (tables hold
 * one more, so that memory which nobody has written means that).
 */
@inline export function readPage(address: u32): u32 { return load<u32>(<usize>(address >>> 12) << 2, READ_PAGES) - 1; }
@inline export function writePage(address: u32): u32 { return load<u32>(<usize>(address >>> 12) << 2, WRITE_PAGES) - 1; }

/** Whether the slow path must decide: by the page, or by one of the address bits in `unaligned` being set (0, 1 or 3). */
@inline export function misfit(page: u32, address: u32, unaligned: u32): bool {
  return unaligned == 0 ? (page & 1) != 0 : ((page | address) & unaligned) != 0;
}

/** What a slow access moves. */
export const enum Access { WORD, BYTE, HALF, SIGNED_BYTE, SIGNED_HALF }
@inline export function accessBytes(kind: u32): u32 {
  return kind == Access.WORD ? 4 : kind == Access.HALF || kind == Access.SIGNED_HALF ? 2 : 1;
}

/** Set by the slow path when the access did not happen; `failedWith` then says why. */
export let failed: bool = false;
export let failedWith: u32 = 0;

export function setFailed(kind: u32): void { fail(kind); }
function fail(kind: u32): u32 {
  failed = true;
  failedWith = kind;
  return 0;
}

/** Reads `bytes` bytes anywhere, zero-extended; charges what the access costs beyond zero wait states. */
export function readSlow(op: usize, address: u32, bytes: u32): u32 {
  failed = false;
  if (address >= 0xe0000000 && address < 0xe0100000) return readSystem(op, address, bytes);
  const region = findRegion(address, bytes);
  if (region == 0) return fail(Stop.UNMAPPED);
  if ((address & (bytes - 1)) != 0 && (load<u32>(CCR) & 8) != 0) return fail(Stop.UNALIGNED);
  charge(op, region, address, bytes, 16);
  const host = hostAddress(region, address);
  return bytes == 4 ? load<u32>(host) : bytes == 2 ? <u32>load<u16>(host) : <u32>load<u8>(host);
}

export function writeSlow(op: usize, address: u32, bytes: u32, value: u32): void {
  failed = false;
  if (address >= 0xe0000000 && address < 0xe0100000) return writeSystem(op, address, bytes, value);
  const region = findRegion(address, bytes);
  if (region == 0) { fail(Stop.UNMAPPED); return; }
  if ((load<u32>(region, 12) & WRITABLE) == 0) { fail(Stop.WRITE_TO_FLASH); return; }
  if ((address & (bytes - 1)) != 0 && (load<u32>(CCR) & 8) != 0) { fail(Stop.UNALIGNED); return; }
  charge(op, region, address, bytes, 20);
  const host = hostAddress(region, address);
  if (bytes == 4) { store<u32>(host, value); store<u32>(host + WATCH, 0x01010101); }
  else if (bytes == 2) { store<u16>(host, value); store<u16>(host + WATCH, 0x0101); }
  else { store<u8>(host, value); store<u8>(host + WATCH, 1); }
}

/**
 * The one place where bus accesses cost cycles: the region's wait states (field `waits` of its record) for each
 * bus transaction, and one more transaction per part of an unaligned access (TRM 3.3.2: a halfword-aligned word
 * takes one more cycle, a byte-aligned word two, a byte-aligned halfword one; stores hide it in the write buffer).
 */
function charge(op: usize, region: usize, address: u32, bytes: u32, waits: usize): void {
  let parts: u32 = 1;
  if (bytes == 4 && (address & 3) != 0) parts = address & 1 ? 3 : 2;
  else if (bytes == 2 && (address & 1) != 0) parts = 2;
  const isRead = waits == 16;
  let extra: u32 = 0;
  if (parts > 1) extra = isRead ? unalignedCost(UNALIGNED_READ, parts) : unalignedCost(UNALIGNED_WRITE, parts);
  if (isRead && flashModelled()) fetchData(op, address);
  const waited = load<u32>(region + waits) * parts;
  if (waited != 0) store<u64>(TERMS, load<u64>(TERMS) + waited);
  addCycles(extra + waited);
  noteExtra(op, extra + waited);
}

/** Cycles per additional part, unless the table states a fixed penalty (M7). */
@inline function unalignedCost(field: usize, parts: u32): u32 {
  return <u32>load<u8>(field) * (parts - 1) + <u32>load<u8>(field, 1);
}

/** Completes a load of register `rd` the slow way; returns the next operation. */
export function loadSlow(op: usize, address: u32, kind: u32): usize {
  const bytes = accessBytes(kind);
  let value = readSlow(op, address, bytes);
  if (failed) return fault(op, failedWith, address);
  if (kind == Access.SIGNED_BYTE) value = <u32><i32><i8>value;
  else if (kind == Access.SIGNED_HALF) value = <u32><i32><i16>value;
  set(rd(op), value);
  return op + 16;
}

export function storeSlow(op: usize, address: u32, kind: u32, value: u32): usize {
  writeSlow(op, address, accessBytes(kind), value);
  return failed ? fault(op, failedWith, address) : op + 16;
}

/** A word of a multiple or double access: these fault when unaligned (DDI 0403E A3.2.1). */
export function readAligned(op: usize, address: u32): u32 {
  if ((address & 3) != 0) return fail(Stop.UNALIGNED);
  const page = readPage(address);
  failed = false;
  return page & 1 ? readSlow(op, address, 4) : load<u32>(page + address);
}

export function writeAligned(op: usize, address: u32, value: u32): void {
  if ((address & 3) != 0) { fail(Stop.UNALIGNED); return; }
  const page = writePage(address);
  failed = false;
  if (page & 1) return writeSlow(op, address, 4, value);
  store<u32>(page + address, value);
  store<u32>(page + address, 0x01010101, WATCH);
}
