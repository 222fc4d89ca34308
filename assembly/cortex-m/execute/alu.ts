/** Moves, additions, logic and shifts. Source: DDI 0403E A2.2.1 (AddWithCarry, Shift_C), A7.7. */
import { aux, getC, imm, setC, setD, setNZ, setV, vm, vn } from '../state';

@inline function result(op: usize, value: u32): void {
  setD(op, value);
  setNZ(value);
}

@inline export function adds(op: usize, a: u32, b: u32): void {
  const sum = a + b;
  result(op, sum);
  setC(<u32>(sum < a));
  setV((a ^ sum) & (b ^ sum));
}

@inline export function subs(op: usize, a: u32, b: u32): void {
  const difference = a - b;
  result(op, difference);
  setC(<u32>(a >= b));
  setV((a ^ b) & (a ^ difference));
}

@inline export function adcs(op: usize, a: u32, b: u32): void {
  const wide = <u64>a + <u64>b + <u64>getC();
  const sum = <u32>wide;
  result(op, sum);
  setC(<u32>(wide >>> 32));
  setV((a ^ sum) & (b ^ sum));
}

@inline export function logical(op: usize, value: u32): void { result(op, value); }

// --- shifts by a constant; the auxiliary field is the amount, 1…31 -----------------------------------------

@inline export function lsls(op: usize): void {
  const value = vm(op);
  const amount = aux(op);
  setC((value >>> (32 - amount)) & 1);
  result(op, value << amount);
}

@inline export function lsrs(op: usize): void {
  const value = vm(op);
  const amount = aux(op);
  setC((value >>> (amount - 1)) & 1);
  result(op, value >>> amount);
}

@inline export function asrs(op: usize): void {
  const value = <i32>vm(op);
  const amount = aux(op);
  setC((value >> (amount - 1)) & 1);
  result(op, value >> amount);
}

@inline export function rors(op: usize): void {
  const value = rotr<u32>(vm(op), aux(op));
  setC(value >>> 31);
  result(op, value);
}

@inline export function lsrs32(op: usize): void {
  setC(vm(op) >>> 31);
  result(op, 0);
}

@inline export function asrs32(op: usize): void {
  const value = <i32>vm(op) >> 31;
  setC(value & 1);
  result(op, value);
}

@inline export function rrx(op: usize): void { setD(op, (vm(op) >>> 1) | (getC() << 31)); }
@inline export function rrxs(op: usize): void {
  const value = vm(op);
  const shifted = (value >>> 1) | (getC() << 31);
  setC(value & 1);
  result(op, shifted);
}

// --- shifts by the low byte of a register ------------------------------------------------------------------

@inline export function lslR(op: usize): void {
  const amount = vm(op) & 0xff;
  setD(op, amount > 31 ? 0 : vn(op) << amount);
}
@inline export function lsrR(op: usize): void {
  const amount = vm(op) & 0xff;
  setD(op, amount > 31 ? 0 : vn(op) >>> amount);
}
@inline export function asrR(op: usize): void {
  setD(op, <i32>vn(op) >> min<u32>(vm(op) & 0xff, 31));
}
@inline export function rorR(op: usize): void { setD(op, rotr<u32>(vn(op), vm(op) & 31)); }

export function lslsR(op: usize): void {
  const value = vn(op);
  const amount = vm(op) & 0xff;
  if (amount == 0) return result(op, value);
  setC(amount > 32 ? 0 : <u32>(((<u64>value << amount) >>> 32) & 1));
  result(op, amount > 31 ? 0 : value << amount);
}

export function lsrsR(op: usize): void {
  const value = vn(op);
  const amount = vm(op) & 0xff;
  if (amount == 0) return result(op, value);
  setC(amount > 32 ? 0 : (value >>> (amount - 1)) & 1);
  result(op, amount > 31 ? 0 : value >>> amount);
}

export function asrsR(op: usize): void {
  const value = <i32>vn(op);
  const amount = min<u32>(vm(op) & 0xff, 32);
  if (amount == 0) return result(op, value);
  setC((value >> (amount - 1)) & 1);
  result(op, value >> min<u32>(amount, 31));
}

export function rorsR(op: usize): void {
  const value = vn(op);
  const amount = vm(op) & 0xff;
  if (amount == 0) return result(op, value);
  const rotated = rotr<u32>(value, amount & 31);
  setC(rotated >>> 31);
  result(op, rotated);
}

// --- bit fields --------------------------------------------------------------------------------------------

/** imm = mask of the field in place; aux = its lowest bit. */
@inline export function bfi(op: usize): void {
  const mask = imm(op);
  setD(op, (vn(op) & ~mask) | ((vm(op) << aux(op)) & mask));
}
/** imm = width; aux = lowest bit. */
@inline export function sbfx(op: usize): void {
  const width = imm(op);
  setD(op, <i32>(vm(op) << (32 - width - aux(op))) >> (32 - width));
}
@inline export function ubfx(op: usize): void {
  const width = imm(op);
  setD(op, (vm(op) << (32 - width - aux(op))) >>> (32 - width));
}
export function rbit(op: usize): void {
  let x = vm(op);
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  setD(op, bswap<u32>(x));
}
@inline export function rev16(op: usize): void {
  const x = vm(op);
  setD(op, ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8));
}
@inline export function revsh(op: usize): void {
  const x = vm(op);
  setD(op, <u32>(<i32>((x << 24) | ((x & 0xff00) << 8)) >> 16));
}
