/**
 * In-order issue of up to two instructions a cycle, waiting for operands: Cortex-M7 and M33. What pairs, and how long
 * results take to reach each port, are tables (tables.ts); the rules below only apply them.
 *
 * Each register has a record of 8 bytes: i32 cycle in which its last writer issued, u32 that writer's class.
 */
import { READY } from '../map';
import { Cls } from './classes';
import * as info from './info';
import * as tables from './tables';

const CORE_REGISTERS: u32 = 16;
const FP_REGISTERS: u32 = 32;
const FP_READY: usize = READY + 8 * CORE_REGISTERS;
/** Issued so long ago that everything is ready. */
const LONG_AGO: i32 = -1000;
/** A base that was written back: ready in the next cycle, whatever the access is. */
const WRITEBACK_CLASS: u32 = Cls.ALU;

/** Ports, in the order of src/targets/core-timing.ts. */
const enum Port { DATA, EARLY, MULTIPLY, ADDRESS, ACCUMULATE, STORE }

/** Cycle in which the next older instruction may issue. */
let now: i32 = 0;
let fpFree: i32 = 0;
/** The instruction that may still take a partner in cycle `openAt`. */
let open: bool = false;
let openAt: i32 = 0;
let openClass: u32 = 0;
let openSize: u32 = 0;
let openWrites: u32 = 0;
let openFpWrites: u32 = 0;

export function startScoreboard(): void {
  now = 0;
  fpFree = 0;
  open = false;
  for (let i: u32 = 0; i < CORE_REGISTERS + FP_REGISTERS; i++) store<i32>(READY + (<usize>i << 3), LONG_AGO);
}

export function costScoreboard(): u32 {
  const cls = info.cls;
  const ready = readyAt();
  if (open && ready <= openAt && mayPair()) {
    record(openAt);
    open = false;
    return 0;
  }
  const before = now;
  const at = max<i32>(now, ready);
  now = at + <i32>issueCycles(cls);
  record(at);
  open = (tables.pairing(cls) & 1) == 0;
  openAt = now - 1;
  openClass = cls;
  openSize = info.size;
  openWrites = info.writes;
  openFpWrites = info.fpWrites;
  return now - before;
}

function issueCycles(cls: u32): u32 {
  const extra: u32 = info.writesFlags ? tables.flagSettingExtra(cls) : 0;
  return max<u32>(1, tables.base(cls) + tables.transferCycles(cls, info.transfers)) + extra;
}

function mayPair(): bool {
  if (tables.narrowPairsOnly() && (info.size == 4 || openSize == 4)) return false;
  const rules = tables.pairing(info.cls);
  if ((rules & 3) != 0) return false;
  if ((rules & 4) != 0 && openClass != Cls.NOP) return false;
  if ((tables.groups(info.cls) & tables.groups(openClass)) != 0) return false;
  return (info.writes & openWrites) == 0 && (info.fpWrites & openFpWrites) == 0;
}

/** First cycle in which all operands can be consumed. */
function readyAt(): i32 {
  let ready = wait(info.dataReads, isMultiply(info.cls) ? Port.MULTIPLY : Port.DATA, READY);
  ready = max(ready, wait(info.earlyReads, Port.EARLY, READY));
  ready = max(ready, wait(info.addressReads, Port.ADDRESS, READY));
  ready = max(ready, wait(info.accumulateReads, Port.ACCUMULATE, READY));
  ready = max(ready, wait(info.storeReads, Port.STORE, READY));
  if (!isFloat(info.cls)) return ready;
  const stores = info.cls == Cls.FP_STORE || info.cls == Cls.FP_STORE_DOUBLE || info.cls == Cls.FP_STORE_MULTIPLE;
  ready = max(ready, wait(info.fpReads, stores ? Port.STORE : Port.DATA, FP_READY));
  ready = max(ready, wait(info.fpAccumulateReads, Port.ACCUMULATE, FP_READY));
  return max(ready, fpFree);
}

function wait(mask: u32, port: u32, table: usize): i32 {
  let ready = LONG_AGO;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const entry = table + (<usize>ctz<u32>(rest) << 3);
    ready = max<i32>(ready, load<i32>(entry) + <i32>tables.latency(port, load<u32>(entry, 4)));
  }
  return ready;
}

function record(at: i32): void {
  write(info.writes & ~info.writeback, info.cls, at, READY);
  write(info.writeback, WRITEBACK_CLASS, at, READY);
  write(info.fpWrites, info.cls, at, FP_READY);
  if (isFloat(info.cls)) fpFree = max(fpFree, at + <i32>tables.fpBusy(info.cls));
}

function write(mask: u32, cls: u32, at: i32, table: usize): void {
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const entry = table + (<usize>ctz<u32>(rest) << 3);
    store<i32>(entry, at);
    store<u32>(entry, cls, 4);
  }
}

function isMultiply(cls: i32): bool { return cls >= Cls.MULTIPLY && cls <= Cls.MULTIPLY_ACCUMULATE_LONG; }
function isFloat(cls: i32): bool { return cls >= Cls.FP_MOVE_TO_CORE; }
