/**
 * The timing tables of a core as they lie at TIMING, written by the host before the first instruction is decoded
 * (src/emulate/builtin-timing.ts holds the same offsets). One byte each unless stated; a new core needs no rebuild.
 */
import { TIMING } from '../map';

/** 0: one instruction after the other (M4). 1: scoreboard with up to two instructions a cycle (M7, M33). */
const KIND: usize = TIMING;
const SKIPPED: usize = TIMING + 1;
export const DIVIDE_BITS: usize = TIMING + 2;
export const DIVIDE_MOST: usize = TIMING + 3;
/** Per further part of an unaligned access, and in any case: reads, then writes. */
export const UNALIGNED_READ: usize = TIMING + 4;
export const UNALIGNED_WRITE: usize = TIMING + 6;
export const EXCEPTION_ENTRY: usize = TIMING + 8;
export const EXCEPTION_RETURN: usize = TIMING + 9;
/** Added by a taken branch: to a fixed address, to a register, to a loaded address; and when its target straddles. */
const TAKEN_DIRECT: usize = TIMING + 10;
const TAKEN_INDIRECT: usize = TIMING + 11;
const TAKEN_LOADED: usize = TIMING + 12;
const TAKEN_STRADDLING: usize = TIMING + 13;
const TAKEN_AFTER_FLAGS: usize = TIMING + 14;
const NOT_TAKEN_BACKWARD: usize = TIMING + 15;
const TAKEN_FORWARD: usize = TIMING + 16;
const LOAD_SAVING: usize = TIMING + 17;
const STORE_SAVING: usize = TIMING + 18;
const REGISTER_OFFSET_STORE: usize = TIMING + 19;
const ADDRESS_DEPENDENCY: usize = TIMING + 20;
const WRITEBACK_CHAIN: usize = TIMING + 21;
const FP_DEPENDENCY: usize = TIMING + 22;
/** Pairing: 1 = only 16-bit instructions. */
const NARROW_PAIRS: usize = TIMING + 23;

// One byte per class.
const BASE: usize = TIMING + 64;
/** Halves of a cycle per register moved. */
const PER_REGISTER: usize = TIMING + 128;
/** Cycles until a result may be consumed, by port: data, early, multiply, address, accumulate, store. */
const LATENCY: usize = TIMING + 192;
/** Until the FP unit takes its next instruction. */
const FP_BUSY: usize = TIMING + 576;
/** 1 = never pairs, 2 = older slot only, 4 = younger only behind a NOP. */
const PAIRING: usize = TIMING + 640;
/** Bit set of exclusive groups; two instructions that share one do not pair. */
const GROUPS: usize = TIMING + 704;
/** More when the instruction sets flags. */
const FLAG_SETTING: usize = TIMING + 768;

@inline function byte(at: usize): u32 { return load<u8>(at); }
export function isScoreboard(): bool { return byte(KIND) == 1; }
export function skippedCost(): u32 { return byte(SKIPPED); }
export function takenDirect(): u32 { return byte(TAKEN_DIRECT); }
export function takenIndirect(): u32 { return byte(TAKEN_INDIRECT); }
export function takenLoaded(): u32 { return byte(TAKEN_LOADED); }
export function takenStraddling(): u32 { return byte(TAKEN_STRADDLING); }
export function takenAfterFlags(): u32 { return byte(TAKEN_AFTER_FLAGS); }
export function takenForward(): u32 { return byte(TAKEN_FORWARD); }
export function notTakenBackward(): u32 { return byte(NOT_TAKEN_BACKWARD); }
export function loadSaving(): u32 { return byte(LOAD_SAVING); }
export function storeSaving(): u32 { return byte(STORE_SAVING); }
export function registerOffsetStore(): u32 { return byte(REGISTER_OFFSET_STORE); }
export function addressDependency(): u32 { return byte(ADDRESS_DEPENDENCY); }
export function writebackChain(): u32 { return byte(WRITEBACK_CHAIN); }
export function fpDependency(): u32 { return byte(FP_DEPENDENCY); }
export function narrowPairsOnly(): bool { return byte(NARROW_PAIRS) != 0; }
export function base(cls: u32): u32 { return byte(BASE + cls); }
/** Rounded up. */
export function transferCycles(cls: u32, registers: u32): u32 {
  return (byte(PER_REGISTER + cls) * registers + 1) >>> 1;
}
export function latency(port: u32, cls: u32): u32 { return byte(LATENCY + (<usize>port << 6) + cls); }
export function fpBusy(cls: u32): u32 { return byte(FP_BUSY + cls); }
export function pairing(cls: u32): u32 { return byte(PAIRING + cls); }
export function flagSettingExtra(cls: u32): u32 { return byte(FLAG_SETTING + cls); }
export function groups(cls: u32): u32 { return byte(GROUPS + cls); }
