/**
 * Single-precision instructions. The host's own arithmetic is used where it cannot differ: rounding to nearest, no
 * flushing, inexact flagged already, and a result well inside the normal range; everything else goes the exact way.
 */
import * as exact from '../float/arithmetic';
import * as convert from '../float/convert';
import { FPSCR } from '../map';
import { aux, getS, imm, isGE, isV, isZ, rd, rm, rn, set, setS, vm, vn, writeNzcv } from '../state';

const SIGN: u32 = 0x80000000;
/** Rounding mode, flush to zero, default NaN; and the sticky inexact bit. */
const MODES: u32 = 0x03c00000;
const INEXACT: u32 = 16;

/** Inexactness is on record and nothing special is asked for. */
@inline function plain(): bool { return (load<u32>(FPSCR) & (MODES | INEXACT)) == INEXACT; }
/** Exponent 2…254: neither tiny before rounding, nor infinite, nor NaN. */
@inline function ordinary(bits: u32): bool { return ((bits >>> 23) & 0xff) - 2 < 253; }
@inline function sn(op: usize): u32 { return getS(rn(op)); }
@inline function sm(op: usize): u32 { return getS(rm(op)); }
@inline function f(bits: u32): f32 { return reinterpret<f32>(bits); }
@inline function bits(value: f32): u32 { return reinterpret<u32>(value); }

function sum(a: u32, b: u32): u32 {
  const quick = bits(f(a) + f(b));
  return plain() && ordinary(quick) ? quick : <u32>exact.add(a, b, false);
}
function product(a: u32, b: u32): u32 {
  const quick = bits(f(a) * f(b));
  return plain() && ordinary(quick) ? quick : <u32>exact.multiply(a, b, false);
}

export function vadd(op: usize): void { setS(rd(op), sum(sn(op), sm(op))); }
export function vsub(op: usize): void {
  const a = sn(op);
  const b = sm(op);
  const quick = bits(f(a) - f(b));
  // the sign of a NaN operand stays: only a number is negated
  const negated = (b & 0x7fffffff) > 0x7f800000 ? b : b ^ SIGN;
  setS(rd(op), plain() && ordinary(quick) ? quick : <u32>exact.add(a, negated, false));
}
export function vmul(op: usize): void { setS(rd(op), product(sn(op), sm(op))); }
export function vnmul(op: usize): void { setS(rd(op), product(sn(op), sm(op)) ^ SIGN); }
export function vdiv(op: usize): void {
  const a = sn(op);
  const b = sm(op);
  const quick = bits(f(a) / f(b));
  setS(rd(op), plain() && ordinary(quick) && (b & 0x7fffffff) != 0 ? quick : <u32>exact.divide(a, b, false));
}
export function vsqrt(op: usize): void {
  const a = sm(op);
  const quick = bits(sqrt<f32>(f(a)));
  setS(rd(op), plain() && ordinary(quick) ? quick : <u32>exact.squareRoot(a, false));
}
export function vabs(op: usize): void { setS(rd(op), sm(op) & ~SIGN); }
export function vneg(op: usize): void { setS(rd(op), sm(op) ^ SIGN); }

/** Two roundings; aux: 1 = product negated, 2 = addend negated. */
export function vmla(op: usize): void {
  const p = product(sn(op), sm(op));
  const addend = getS(rd(op));
  setS(rd(op), sum(aux(op) & 2 ? addend ^ SIGN : addend, aux(op) & 1 ? p ^ SIGN : p));
}

/** One rounding. The exact product of two singles is a double; their sum rounds twice only at a tie. */
export function vfma(op: usize): void {
  const a = aux(op) & 1 ? sn(op) ^ SIGN : sn(op);
  const b = sm(op);
  const c = aux(op) & 2 ? getS(rd(op)) ^ SIGN : getS(rd(op));
  const wide = <f64>f(a) * <f64>f(b) + <f64>f(c);
  const quick = bits(<f32>wide);
  const tie = (reinterpret<u64>(wide) & 0x1fffffff) == 0x10000000;
  setS(rd(op), plain() && ordinary(quick) && !tie ? quick : <u32>exact.multiplyAdd(c, a, b, false));
}

export function setFloatFlags(nzcv: u32): void { store<u32>(FPSCR, (load<u32>(FPSCR) & 0x0fffffff) | nzcv); }
export function vcmp(op: usize): void { setFloatFlags(convert.compare(getS(rd(op)), sm(op), false, aux(op) != 0)); }
export function vcmpZ(op: usize): void { setFloatFlags(convert.compare(getS(rd(op)), 0, false, aux(op) != 0)); }

/** aux: rounding, +8 signed. */
export function vcvtFi(op: usize): void {
  setS(rd(op), <u32>convert.toInteger(sm(op), false, aux(op) & 7, (aux(op) & 8) != 0, 32, 0));
}
export function vcvtIf(op: usize): void {
  const value = sm(op);
  const integer = aux(op) ? <i64><i32>value : <i64>value;
  setS(rd(op), <u32>convert.fromInteger(integer, false, (load<u32>(FPSCR) >>> 22) & 3, 0));
}
/** To fixed point; aux: 1 = unsigned, 2 = 32 bits; imm = fraction bits. */
export function vcvtFx(op: usize): void { setS(rd(op), <u32>toFixed(op, getS(rd(op)), false)); }
export function vcvtXf(op: usize): void { setS(rd(op), <u32>fromFixed(op, getS(rd(op)), false)); }

export function toFixed(op: usize, value: u64, isDouble: bool): u64 {
  const bits: u32 = aux(op) & 2 ? 32 : 16;
  return convert.toInteger(value, isDouble, 3, (aux(op) & 1) == 0, bits, imm(op));
}
export function fromFixed(op: usize, value: u64, isDouble: bool): u64 {
  const shift = aux(op) & 2 ? 32 : 48;
  const integer = aux(op) & 1 ? <i64>((value << shift) >>> shift) : (<i64>value << shift) >> shift;
  return convert.fromInteger(integer, isDouble, 0, imm(op));
}

/** aux: 1 = top half, 2 = to half precision. */
export function vcvtHalf(op: usize): void {
  const shift: u32 = aux(op) & 1 ? 16 : 0;
  if ((aux(op) & 2) == 0) return setS(rd(op), <u32>convert.fromHalf((sm(op) >>> shift) & 0xffff, false));
  insertHalf(op, convert.toHalf(sm(op), false));
}
export function insertHalf(op: usize, half: u32): void {
  const shift: u32 = aux(op) & 1 ? 16 : 0;
  setS(rd(op), (getS(rd(op)) & ~(0xffff << shift)) | (half << shift));
}

/** aux: 0 EQ, 1 VS, 2 GE, 3 GT. */
export function selects(op: usize): bool {
  switch (aux(op)) {
    case 0: return isZ();
    case 1: return isV();
    case 2: return isGE();
    default: return isGE() && !isZ();
  }
}
export function vsel(op: usize): void { setS(rd(op), selects(op) ? sn(op) : sm(op)); }
export function vmaxnm(op: usize): void { setS(rd(op), <u32>convert.maxNum(sn(op), sm(op), false, aux(op) != 0)); }
/** aux: rounding, +8 flag inexact. */
export function vrint(op: usize): void {
  setS(rd(op), <u32>convert.roundToIntegral(sm(op), false, aux(op) & 7, (aux(op) & 8) != 0));
}

// --- moves -------------------------------------------------------------------------------------------------

export function pairToFpu(op: usize): void {
  const second = vm(op);
  setS(rd(op), vn(op));
  setS(rd(op) + 4, second);
}
export function pairToCore(op: usize): void {
  set(rd(op), getS(rm(op)));
  set(rn(op), getS(rm(op) + 4));
}
export function vmrsFlags(): void { writeNzcv(load<u32>(FPSCR)); }
/** Bits that exist: flags, AHP, DN, FZ, rounding, cumulative exceptions. */
export function vmsr(value: u32): void { store<u32>(FPSCR, value & 0xf7c0009f); }
