/** Saturation, parallel arithmetic, packing and extension (DDI 0403E A7.7; pseudocode of A2.2.1). */
import { F_GE } from '../map';
import { aux, imm, setD, setQ, va, vm, vn } from '../state';

@inline function lo(x: u32): i32 { return <i32><i16>x; }
@inline function hi(x: u32): i32 { return <i32>x >> 16; }
@inline function pack(low: u32, high: u32): u32 { return (low & 0xffff) | (high << 16); }

/** Clamps to [low, high]; Q when that changes the value. */
@inline function clampQ(value: i32, low: i32, high: i32): i32 {
  if (value > high) { setQ(); return high; }
  if (value < low) { setQ(); return low; }
  return value;
}

/** rm shifted by aux: amount, +32 for arithmetic right (an amount of 0 never comes with +32). */
@inline function shifted(op: usize): i32 {
  const amount = aux(op);
  return amount < 32 ? <i32>(vm(op) << amount) : <i32>vm(op) >> (amount - 32);
}

/** imm = width in bits, 1…32. */
@inline export function ssat(op: usize): void {
  const high = <i32>((<u32>1 << (imm(op) - 1)) - 1);
  setD(op, clampQ(shifted(op), ~high, high));
}
/** imm = width in bits, 0…31. */
@inline export function usat(op: usize): void {
  setD(op, clampQ(shifted(op), 0, <i32>((<u32>1 << imm(op)) - 1)));
}
@inline export function ssat16(op: usize): void {
  const high = (1 << (imm(op) - 1)) - 1;
  const x = vm(op);
  setD(op, pack(clampQ(lo(x), ~high, high), clampQ(hi(x), ~high, high)));
}
@inline export function usat16(op: usize): void {
  const high = (1 << imm(op)) - 1;
  const x = vm(op);
  setD(op, pack(clampQ(lo(x), 0, high), clampQ(hi(x), 0, high)));
}

@inline function saturate64(value: i64): i64 {
  if (value > 0x7fffffff) { setQ(); return 0x7fffffff; }
  if (value < -0x80000000) { setQ(); return -0x80000000; }
  return value;
}
export function qadd(op: usize): void { setD(op, <u32>saturate64(<i64><i32>vm(op) + <i64><i32>vn(op))); }
export function qsub(op: usize): void { setD(op, <u32>saturate64(<i64><i32>vm(op) - <i64><i32>vn(op))); }
export function qdadd(op: usize): void {
  const doubled = saturate64(2 * <i64><i32>vn(op));
  setD(op, <u32>saturate64(<i64><i32>vm(op) + doubled));
}
export function qdsub(op: usize): void {
  const doubled = saturate64(2 * <i64><i32>vn(op));
  setD(op, <u32>saturate64(<i64><i32>vm(op) - doubled));
}

@inline export function sadd16(op: usize): void {
  const n = vn(op);
  const m = vm(op);
  const a = lo(n) + lo(m);
  const b = hi(n) + hi(m);
  store<u32>(F_GE, (a >= 0 ? 3 : 0) | (b >= 0 ? 12 : 0));
  setD(op, pack(a, b));
}
@inline export function ssub16(op: usize): void {
  const n = vn(op);
  const m = vm(op);
  const a = lo(n) - lo(m);
  const b = hi(n) - hi(m);
  store<u32>(F_GE, (a >= 0 ? 3 : 0) | (b >= 0 ? 12 : 0));
  setD(op, pack(a, b));
}

/** aux: form · 8 + prefix; forms 0 ADD8, 1 ADD16, 2 ASX, 4 SUB8, 5 SUB16, 6 SAX; prefix bit 2 = unsigned. */
export function parallel(op: usize): void {
  const form = aux(op) >>> 3;
  const prefix = aux(op) & 7;
  const n = vn(op);
  const m = vm(op);
  setD(op, (form & 3) == 0 ? bytes(n, m, form == 4, prefix) : halves(n, m, form, prefix));
}

function bytes(n: u32, m: u32, subtract: bool, prefix: u32): u32 {
  const unsigned = (prefix & 4) != 0;
  let value: u32 = 0;
  let ge: u32 = 0;
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    const a = unsigned ? <i32><u8>(n >>> shift) : <i32><i8>(n >>> shift);
    const b = unsigned ? <i32><u8>(m >>> shift) : <i32><i8>(m >>> shift);
    const exact = subtract ? a - b : a + b;
    value |= (narrow(exact, prefix, 8) & 0xff) << shift;
    ge |= <u32>greaterEqual(exact, unsigned, subtract, 8) << (shift >>> 3);
  }
  if ((prefix & 3) == 0) store<u32>(F_GE, ge);
  return value;
}

function halves(n: u32, m: u32, form: u32, prefix: u32): u32 {
  const unsigned = (prefix & 4) != 0;
  const exchange = form == 2 || form == 6;
  const other = exchange ? rotr<u32>(m, 16) : m;
  const lowMinus = form == 5 || form == 2;
  const highMinus = form == 5 || form == 6;
  const n0 = unsigned ? <i32>(n & 0xffff) : lo(n);
  const n1 = unsigned ? <i32>(n >>> 16) : hi(n);
  const m0 = unsigned ? <i32>(other & 0xffff) : lo(other);
  const m1 = unsigned ? <i32>(other >>> 16) : hi(other);
  const a = lowMinus ? n0 - m0 : n0 + m0;
  const b = highMinus ? n1 - m1 : n1 + m1;
  if ((prefix & 3) == 0) {
    const low: u32 = greaterEqual(a, unsigned, lowMinus, 16) ? 3 : 0;
    const high: u32 = greaterEqual(b, unsigned, highMinus, 16) ? 12 : 0;
    store<u32>(F_GE, low | high);
  }
  return pack(narrow(a, prefix, 16), narrow(b, prefix, 16));
}

/** Signed: the exact result is not negative. Unsigned: a carry out of an addition, no borrow of a subtraction. */
@inline function greaterEqual(exact: i32, unsigned: bool, subtract: bool, bits: i32): bool {
  return unsigned && !subtract ? exact >= 1 << bits : exact >= 0;
}

/** Prefix 0, 4 wraps; 1, 5 saturates; 2, 6 halves. */
@inline function narrow(exact: i32, prefix: u32, bits: i32): i32 {
  switch (prefix) {
    case 1: return min(max(exact, -(1 << (bits - 1))), (1 << (bits - 1)) - 1);
    case 5: return min(max(exact, 0), (1 << bits) - 1);
    case 2: case 6: return exact >> 1;
    default: return exact;
  }
}

export function sel(op: usize): void {
  const ge = load<u32>(F_GE);
  const mask = ((ge & 1) | ((ge & 2) << 7) | ((ge & 4) << 14) | ((ge & 8) << 21)) * 0xff;
  setD(op, (vn(op) & mask) | (vm(op) & ~mask));
}

function sumOfDifferences(n: u32, m: u32): u32 {
  let sum: i32 = 0;
  for (let shift: u32 = 0; shift < 32; shift += 8) sum += abs<i32>(<i32><u8>(n >>> shift) - <i32><u8>(m >>> shift));
  return sum;
}
export function usad8(op: usize): void { setD(op, sumOfDifferences(vn(op), vm(op))); }
export function usada8(op: usize): void { setD(op, sumOfDifferences(vn(op), vm(op)) + va(op)); }

@inline export function pkhbt(op: usize): void { setD(op, (vn(op) & 0xffff) | ((vm(op) << aux(op)) & 0xffff0000)); }
@inline export function pkhtb(op: usize): void {
  setD(op, (vn(op) & 0xffff0000) | (<u32>(<i32>vm(op) >> aux(op)) & 0xffff));
}

@inline export function signed16(x: u32): u32 { return (<u32><i32><i8>x & 0xffff) | (<u32><i32><i8>(x >>> 16) << 16); }
@inline export function rotated(op: usize): u32 { return rotr<u32>(vm(op), aux(op)); }
@inline export function sxtab16(op: usize): void {
  const x = signed16(rotated(op));
  const n = vn(op);
  setD(op, pack(n + x, (n >>> 16) + (x >>> 16)));
}
@inline export function uxtab16(op: usize): void {
  const x = rotated(op);
  const n = vn(op);
  setD(op, pack(n + (x & 0xff), (n >>> 16) + ((x >>> 16) & 0xff)));
}
