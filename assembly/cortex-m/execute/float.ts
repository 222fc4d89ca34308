/** placeholder */
import { FPSCR, FREGS } from '../map';
import { getS, ra, rd, rm, rn, set, setS, vm, vn, writeNzcv } from '../state';
export function pairToFpu(op: usize): void { setS(rd(op), vn(op)); setS(rd(op) + 4, vm(op)); }
export function pairToCore(op: usize): void { set(rd(op), getS(rm(op))); set(rn(op), getS(rm(op) + 4)); }
export function vmrsFlags(): void { writeNzcv(load<u32>(FPSCR)); }
export function vmsr(value: u32): void { store<u32>(FPSCR, value); }
export function vadd(op: usize): void {}
export function vsub(op: usize): void {}
export function vmul(op: usize): void {}
export function vnmul(op: usize): void {}
export function vdiv(op: usize): void {}
export function vsqrt(op: usize): void {}
export function vabs(op: usize): void {}
export function vneg(op: usize): void {}
export function vmla(op: usize): void {}
export function vfma(op: usize): void {}
export function vcmp(op: usize): void {}
export function vcmpZ(op: usize): void {}
export function vcvtFi(op: usize): void {}
export function vcvtIf(op: usize): void {}
export function vcvtFx(op: usize): void {}
export function vcvtXf(op: usize): void {}
export function vcvtHalf(op: usize): void {}
export function vsel(op: usize): void {}
export function vmaxnm(op: usize): void {}
export function vrint(op: usize): void {}
