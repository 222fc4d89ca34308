/** Multiplications, multiply-accumulates, divisions (DDI 0403E A7.7). Q is sticky: a 32-bit accumulation overflowed. */
import { REGS } from '../map';
import { addCycles, aux, get, ra, rd, rm, rn, set, setD, setNZ, setQ, va, vm, vn } from '../state';
import { divideCycles } from '../timing/divide';

@inline function lo(x: u32): i32 { return <i32><i16>x; }
@inline function hi(x: u32): i32 { return <i32>x >> 16; }

@inline export function muls(op: usize): void {
  const product = vn(op) * vm(op);
  setD(op, product);
  setNZ(product);
}

/** The pair (ra, rd) as one number, high and low. */
@inline function pair(op: usize): u64 { return (<u64>get(ra(op)) << 32) | <u64>get(rd(op)); }
@inline function setPair(op: usize, value: u64): void {
  set(rd(op), <u32>value);
  set(ra(op), <u32>(value >>> 32));
}

@inline export function smull(op: usize): void { setPair(op, <u64>(<i64><i32>vn(op) * <i64><i32>vm(op))); }
@inline export function umull(op: usize): void { setPair(op, <u64>vn(op) * <u64>vm(op)); }
@inline export function smlal(op: usize): void { setPair(op, pair(op) + <u64>(<i64><i32>vn(op) * <i64><i32>vm(op))); }
@inline export function umlal(op: usize): void { setPair(op, pair(op) + <u64>vn(op) * <u64>vm(op)); }
@inline export function umaal(op: usize): void {
  setPair(op, <u64>vn(op) * <u64>vm(op) + <u64>get(ra(op)) + <u64>get(rd(op)));
}

/** sum + addend with Q on overflow. */
@inline function accumulate(op: usize, product: i32, addend: i32): void {
  const sum = product + addend;
  if (((product ^ sum) & (addend ^ sum)) < 0) setQ();
  setD(op, sum);
}

@inline export function smulBB(op: usize): void { setD(op, lo(vn(op)) * lo(vm(op))); }
@inline export function smulBT(op: usize): void { setD(op, lo(vn(op)) * hi(vm(op))); }
@inline export function smulTB(op: usize): void { setD(op, hi(vn(op)) * lo(vm(op))); }
@inline export function smulTT(op: usize): void { setD(op, hi(vn(op)) * hi(vm(op))); }
@inline export function smlaBB(op: usize): void { accumulate(op, lo(vn(op)) * lo(vm(op)), va(op)); }
@inline export function smlaBT(op: usize): void { accumulate(op, lo(vn(op)) * hi(vm(op)), va(op)); }
@inline export function smlaTB(op: usize): void { accumulate(op, hi(vn(op)) * lo(vm(op)), va(op)); }
@inline export function smlaTT(op: usize): void { accumulate(op, hi(vn(op)) * hi(vm(op)), va(op)); }

@inline function wideB(op: usize): i32 { return <i32>((<i64><i32>vn(op) * <i64>lo(vm(op))) >> 16); }
@inline function wideT(op: usize): i32 { return <i32>((<i64><i32>vn(op) * <i64>hi(vm(op))) >> 16); }
@inline export function smulWB(op: usize): void { setD(op, wideB(op)); }
@inline export function smulWT(op: usize): void { setD(op, wideT(op)); }
@inline export function smlaWB(op: usize): void { accumulate(op, wideB(op), va(op)); }
@inline export function smlaWT(op: usize): void { accumulate(op, wideT(op), va(op)); }

/** aux: bit 1 = top half of rn, bit 0 = top half of rm. */
export function smlalXY(op: usize): void {
  const a = aux(op) & 2 ? hi(vn(op)) : lo(vn(op));
  const b = aux(op) & 1 ? hi(vm(op)) : lo(vm(op));
  setPair(op, pair(op) + <u64><i64>(a * b));
}

// --- dual 16-bit multiplications ---------------------------------------------------------------------------

/** Halves of the register at `field`, read where they lie. */
@inline function low(field: u32): i32 { return load<i16>(<usize>field, REGS); }
@inline function high(field: u32): i32 { return load<i16>(<usize>field, REGS + 2); }

@inline function swap(x: u32): u32 { return rotr<u32>(x, 16); }

/** Both products −2^15·−2^15 overflow 32 bits: Q. */
@inline export function smuad(op: usize, m: u32): void {
  const n = vn(op);
  const sum = lo(n) * lo(m) + hi(n) * hi(m);
  if (sum == i32.MIN_VALUE) setQ();
  setD(op, sum);
}
@inline export function smusd(op: usize, m: u32): void {
  const n = vn(op);
  setD(op, lo(n) * lo(m) - hi(n) * hi(m));
}
@inline export function smlad(op: usize): void {
  sumOfProducts(op, low(rn(op)) * low(rm(op)), high(rn(op)) * high(rm(op)));
}
@inline export function smladx(op: usize): void {
  sumOfProducts(op, low(rn(op)) * high(rm(op)), high(rn(op)) * low(rm(op)));
}
@inline function sumOfProducts(op: usize, a: i32, b: i32): void {
  const wide = <i64>a + <i64>b + <i64><i32>va(op);
  const sum = <i32>wide;
  if (<i64>sum != wide) setQ();
  setD(op, sum);
}
@inline export function smlsd(op: usize, m: u32): void {
  const n = vn(op);
  accumulate(op, lo(n) * lo(m) - hi(n) * hi(m), va(op));
}
@inline export function smlald(op: usize, m: u32): void {
  const n = vn(op);
  setPair(op, pair(op) + <u64>(<i64>(lo(n) * lo(m)) + <i64>(hi(n) * hi(m))));
}
@inline export function smlsld(op: usize, m: u32): void {
  const n = vn(op);
  setPair(op, pair(op) + <u64>(<i64>(lo(n) * lo(m)) - <i64>(hi(n) * hi(m))));
}
@inline export function swapped(op: usize): u32 { return swap(vm(op)); }

// --- most significant word ---------------------------------------------------------------------------------

@inline function product(op: usize): i64 { return <i64><i32>vn(op) * <i64><i32>vm(op); }
@inline export function smmul(op: usize, rounding: i64): void { setD(op, <u32>((product(op) + rounding) >>> 32)); }
@inline export function smmla(op: usize, rounding: i64): void {
  setD(op, <u32>(((<i64>va(op) << 32) + product(op) + rounding) >>> 32));
}
@inline export function smmls(op: usize, rounding: i64): void {
  setD(op, <u32>(((<i64>va(op) << 32) - product(op) + rounding) >>> 32));
}

// --- division: by zero gives zero (CCR.DIV_0_TRP is clear) ---------------------------------------------------

export function udiv(op: usize): void {
  const n = vn(op);
  const m = vm(op);
  addCycles(divideCycles(op, n, m, false));
  setD(op, m == 0 ? 0 : n / m);
}

export function sdiv(op: usize): void {
  const n = <i32>vn(op);
  const m = <i32>vm(op);
  addCycles(divideCycles(op, n, m, true));
  setD(op, m == 0 ? 0 : m == -1 ? 0 - n : n / m);
}
