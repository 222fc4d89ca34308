/**
 * One instruction after the other: Cortex-M4. Table of processor instructions (Arm 100166, 3.3.1) and load/store
 * timings (3.3.2): loads pipeline behind loads, an address just computed stalls, an FP result just computed stalls.
 */
import { Cls } from './classes';
import * as info from './info';
import * as tables from './tables';

let previousClass: i32 = Cls.NOP;
let previousWrites: u32 = 0;
let previousWriteback: u32 = 0;
let previousFpWrites: u32 = 0;

export function startSequential(): void {
  previousClass = Cls.NOP;
  previousWrites = previousWriteback = previousFpWrites = 0;
}

@inline function isLoad(cls: i32): bool { return cls == Cls.LOAD || cls == Cls.LOAD_NARROW; }
@inline function isStore(cls: i32): bool { return cls == Cls.STORE || cls == Cls.STORE_NARROW; }
@inline function isFpLoad(cls: i32): bool { return cls == Cls.FP_LOAD; }
@inline function isAccess(cls: i32): bool {
  return (cls >= Cls.LOAD && cls <= Cls.STORE_MULTIPLE) || (cls >= Cls.FP_LOAD && cls <= Cls.FP_STORE_MULTIPLE);
}
/** Arithmetic whose result the next FP instruction waits for. */
@inline function isFpArithmetic(cls: i32): bool { return cls >= Cls.FP_ADD && cls < Cls.COUNT; }

export function costSequential(): u32 {
  const cls = <i32>info.cls;
  let cycles = tables.base(cls) + tables.transferCycles(cls, info.transfers);
  if (isStore(cls) && info.registerOffset) cycles += tables.registerOffsetStore();
  if (isAccess(cls)) cycles = accessCycles(cls, cycles);
  // the addend of a multiply-accumulate is consumed a cycle later, so it does not wait
  if (isFpArithmetic(previousClass) && (previousFpWrites & info.fpReads) != 0) cycles += tables.fpDependency();
  previousClass = cls;
  previousWrites = info.writes;
  previousWriteback = info.writeback;
  previousFpWrites = info.fpWrites;
  return cycles;
}

function accessCycles(cls: i32, cycles: u32): u32 {
  const waits = (previousWrites & info.addressReads) != 0;
  if (!isAccess(previousClass)) return waits ? cycles + tables.addressDependency() : cycles;
  const chained = (previousWriteback & info.addressReads & info.writeback) != 0;
  if (isLoad(previousClass) || isFpLoad(previousClass)) {
    if (waits && !(chained && tables.writebackChain() == 0)) return cycles;
    if (isLoad(cls) || isFpLoad(cls)) return cycles - tables.loadSaving();
    if (isStore(cls) && cycles > 1) return cycles - tables.storeSaving();
    return cycles;
  }
  return isStore(previousClass) && isStore(cls) && chained ? cycles + tables.writebackChain() : cycles;
}
