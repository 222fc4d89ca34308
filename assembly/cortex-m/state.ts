/** Registers and flags as every execute group sees them. Register operands are byte offsets (index · 4). */
import { CYCLES, F_C, F_GE, F_N, F_NZ, F_Q, F_V, FREGS, REGS } from './map';

// --- operand fields of a predecoded operation (trace.ts draws the record) ----------------------------------

@inline export function rd(op: usize): u32 { return load<u8>(op, 2); }
@inline export function rn(op: usize): u32 { return load<u8>(op, 3); }
@inline export function rm(op: usize): u32 { return load<u8>(op, 4); }
@inline export function ra(op: usize): u32 { return load<u8>(op, 5); }
@inline export function aux(op: usize): u32 { return load<u8>(op, 6); }
@inline export function imm(op: usize): u32 { return load<u32>(op, 8); }

@inline export function get(field: u32): u32 { return load<u32>(<usize>field, REGS); }
@inline export function set(field: u32, value: u32): void { store<u32>(<usize>field, value, REGS); }

@inline export function vn(op: usize): u32 { return get(rn(op)); }
@inline export function vm(op: usize): u32 { return get(rm(op)); }
@inline export function va(op: usize): u32 { return get(ra(op)); }
@inline export function setD(op: usize, value: u32): void { set(rd(op), value); }

// --- floating-point registers; fields are byte offsets into the bank ---------------------------------------

@inline export function getS(field: u32): u32 { return load<u32>(<usize>field, FREGS); }
@inline export function setS(field: u32, value: u32): void { store<u32>(<usize>field, value, FREGS); }
@inline export function getD(field: u32): u64 { return load<u64>(<usize>field, FREGS); }
@inline export function setDouble(field: u32, value: u64): void { store<u64>(<usize>field, value, FREGS); }

// --- flags -------------------------------------------------------------------------------------------------

@inline export function setNZ(value: u32): void { store<i64>(F_NZ, <i64><i32>value); }
@inline export function setC(value: u32): void { store<u32>(F_C, value); }
@inline export function getC(): u32 { return load<u32>(F_C); }
/** The sign bit of `value` becomes V. */
@inline export function setV(value: u32): void { store<u32>(F_V, value); }
@inline export function setQ(): void { store<u32>(F_Q, 1); }
@inline export function isZ(): bool { return load<u32>(F_NZ) == 0; }
@inline export function isN(): bool { return load<i32>(F_N) < 0; }
@inline export function isC(): bool { return load<u32>(F_C) != 0; }
@inline export function isV(): bool { return load<i32>(F_V) < 0; }
/** N equals V. */
@inline export function isGE(): bool { return (load<i32>(F_N) ^ load<i32>(F_V)) >= 0; }

/** Flags as in APSR bits 31…27 and 19…16. */
export function readApsr(): u32 {
  return (
    (<u32>isN() << 31) | (<u32>isZ() << 30) | (load<u32>(F_C) << 29) | (<u32>isV() << 28) |
    (load<u32>(F_Q) << 27) | (load<u32>(F_GE) << 16)
  );
}

/** Sets N, Z, C, V from bits 31…28 (N and Z together are possible). */
export function writeNzcv(value: u32): void {
  store<u32>(F_N, value);
  store<u32>(F_NZ, <u32>((value & 0x40000000) == 0));
  store<u32>(F_C, (value >>> 29) & 1);
  store<u32>(F_V, value << 3);
}

@inline export function addCycles(cycles: i32): void {
  store<i64>(CYCLES, load<i64>(CYCLES) + <i64>cycles);
}
