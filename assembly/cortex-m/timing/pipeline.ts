/**
 * What an instruction costs behind the ones before it in its trace. Called once per instruction when it is decoded:
 * the sums stand in the trace's exits. A trace starts with an empty pipeline, which is what a taken branch leaves.
 */
import { Cls } from './classes';
import * as info from './info';
import { costScoreboard, startScoreboard } from './scoreboard';
import { costSequential, startSequential } from './sequential';
import * as tables from './tables';
import { peekHalf } from '../regions';

/** The instruction before the current one wrote the flags. */
let flagsJustWritten: bool = false;
let flagsWrittenByThis: bool = false;

export function startPipeline(): void {
  flagsJustWritten = false;
  flagsWrittenByThis = false;
  startSequential();
  startScoreboard();
}

/** Cycles of the instruction in `info`, zero wait states, branches not taken. */
export function costOf(): u32 {
  flagsJustWritten = flagsWrittenByThis;
  flagsWrittenByThis = info.writesFlags;
  return tables.isScoreboard() ? costScoreboard() : costSequential();
}

export function costIfSkipped(cost: u32): u32 { return min<u32>(cost, tables.skippedCost()); }

/** What the exit at `pc` adds when it is taken to `target` (0: computed). */
export function extraIfTaken(pc: u32, target: u32): u32 {
  const cls = info.cls;
  if (cls == Cls.TRAP) return 0;
  const afterFlags = flagsJustWritten && info.readsFlags ? tables.takenAfterFlags() : 0;
  if (target == 0) {
    const fromMemory = cls == Cls.LOAD || cls == Cls.LOAD_MULTIPLE || cls == Cls.TABLE_BRANCH;
    return fromMemory ? tables.takenLoaded() : tables.takenIndirect();
  }
  const forward: u32 = info.readsFlags && target > pc ? tables.takenForward() : 0;
  return tables.takenDirect() + afterFlags + forward + straddling(target);
}

/** A 32-bit instruction that does not start on a word needs one more fetch. */
function straddling(target: u32): u32 {
  if ((target & 2) == 0) return 0;
  return (peekHalf(target) >>> 11) >= 0x1d ? tables.takenStraddling() : 0;
}

/** What it adds when it is not taken: a loop's end that was predicted to go round again. */
export function extraIfNotTaken(pc: u32, target: u32): u32 {
  return info.cls == Cls.BRANCH && target != 0 && target <= pc ? tables.notTakenBackward() : 0;
}
