/**
 * Traces: straight runs of predecoded operations, entered only at their start and left at any of their exits.
 * A trace runs on through branches that are not taken, so what an instruction costs in its neighbourhood is known
 * when it is decoded; leaving adds the sum up to there, once.
 *
 *   operation, 16 bytes                       exit, 16 bytes more
 *   +0  u16 opcode                            +16 u32 cycles from the start of the trace, refill included
 *   +2  u8  rd, rn, rm, ra: index · 4         +20 u32 instructions from the start of the trace
 *   +6  u8  auxiliary (shift, width);         +24 u32 times left here
 *           exits that can be passed: cycles of doing so
 *   +7  u8  cycles of the instruction         +28 u32 target address (0: computed)
 *   +8  u32 immediate; exits: linked trace
 *   +12 u32 address of the instruction
 *
 * Before the first operation of a trace: u32 start address, u32 end of its operations, u32 operation that faulted
 * (0: none; the last one), 4 bytes unused.
 */
import { decodeTrace } from './decode/decode';
import {
  CODE_PAGES, CYCLES, HALT_OP, REGS, REMAINING, RETIRED, SLICE, STOP_ADDRESS, STOP_ENCODING, STOP_KIND,
  STOP_PC, TRACES,
} from './map';
import { FIRST_EXIT, Op } from './opcodes';
import { Stop } from './stop-kinds';
import { fetchTrace, flashModelled } from './timing/flash';
import { peekHalf } from './regions';

/** Next free byte of the trace cache. */
export let traceTop: usize = TRACES;
export function setTraceTop(value: usize): void { traceTop = value; }

/** Accounts for leaving at `op` and goes to its fixed target. */
@inline export function leave(op: usize): usize {
  if (flashModelled()) return leaveFlash(op);
  if (account(op) > 0) {
    const next = <usize>load<u32>(op, 8);
    if (next != 0) return next;
  }
  return arrive(op, load<u32>(op, 28));
}

function leaveFlash(op: usize): usize {
  const target = load<u32>(op, 28);
  fetchTrace(op, target);
  const next = <usize>load<u32>(op, 8);
  if (account(op) > 0 && next != 0) return next;
  return arrive(op, target);
}

/** Accounts for leaving at `op` and goes to a computed, even address. */
@inline export function leaveTo(op: usize, target: u32): usize {
  if (flashModelled()) fetchTrace(op, target);
  if (account(op) > 0) {
    const page = <usize>load<u32>(<usize>(target >>> 12) << 2, CODE_PAGES);
    if (page != 0) {
      const trace = <usize>load<u32>(page + (<usize>(target & 0xffe) << 1));
      if (trace != 0) return trace;
    }
  }
  return arrive(0, target);
}

/** Books the way from the start of the trace to `op`; returns the instructions left in the slice. */
@inline export function account(op: usize): i32 {
  store<i64>(CYCLES, load<i64>(CYCLES) + <i64>load<u32>(op, 16));
  const remaining = load<i32>(REMAINING) - load<i32>(op, 20);
  store<i32>(REMAINING, remaining);
  store<u32>(op, load<u32>(op, 24) + 1, 24);
  return remaining;
}

/** The slow way to a target: slice over, not yet decoded, or not executable. Links `from` when it can. */
export function arrive(from: usize, target: u32): usize {
  store<u32>(REGS + 60, target);
  if (load<i32>(REMAINING) <= 0) return halt(Stop.SLICE, target);
  const trace = enter(target);
  if (from != 0 && trace != HALT_OP) store<u32>(from, <u32>trace, 8);
  return trace;
}

/** The trace at `target`, decoded if need be; HALT_OP when there is none to be had. */
export function enter(target: u32): usize {
  const page = <usize>load<u32>(<usize>(target >>> 12) << 2, CODE_PAGES);
  if (page == 0) return haltAtData(target);
  const slot = page + (<usize>(target & 0xffe) << 1);
  const known = <usize>load<u32>(slot);
  if (known != 0) return known;
  const trace = decodeTrace(target);
  if (trace != HALT_OP) store<u32>(slot, <u32>trace);
  return trace;
}

/** Empties the cache and the code maps' entries that point into it. */
export function forgetTraces(): void {
  for (let header = TRACES; header < traceTop; header = <usize>load<u32>(header, 4)) {
    const start = load<u32>(header);
    const page = <usize>load<u32>(CODE_PAGES + (<usize>(start >>> 12) << 2));
    if (page != 0) store<u32>(page + (<usize>(start & 0xffe) << 1), 0);
  }
  traceTop = TRACES;
}

function haltAtData(target: u32): usize {
  return halt(peekHalf(target) >= 0 ? Stop.EXECUTE_FROM_DATA : Stop.UNMAPPED, target);
}

/** Ends the run before the instruction at `pc`; everything before it is accounted for. */
export function halt(kind: u32, pc: u32): usize {
  store<u32>(REGS + 60, pc);
  store<u32>(STOP_KIND, kind);
  store<u32>(STOP_PC, pc);
  store<u32>(STOP_ADDRESS, pc);
  const first = peekHalf(pc);
  const second = peekHalf(pc + 2);
  const wide = (first >>> 11) >= 0x1d;
  store<u32>(STOP_ENCODING, first < 0 ? 0 : wide && second >= 0 ? (<u32>first << 16) | <u32>second : <u32>first);
  store<u16>(HALT_OP, Op.HALT);
  return HALT_OP;
}

/** Ends the run inside a trace, before the instruction of `op`; `address` is the datum it failed on. */
export function fault(op: usize, kind: u32, address: u32): usize {
  const trace = findTrace(op);
  // what ran before it was not left at an exit: profiles need to know
  if (trace != op) store<u32>(trace - 16, <u32>op, 8);
  store<i64>(CYCLES, load<i64>(CYCLES) + <i64>cyclesBefore(trace, op));
  store<i32>(REMAINING, load<i32>(REMAINING) - <i32>instructionsBefore(trace, op));
  const next = halt(kind, load<u32>(op, 12));
  store<u32>(STOP_ADDRESS, address);
  return next;
}

/** Cycles since reset, as seen by the instruction of `op`. */
export function cyclesNow(op: usize): u64 {
  return load<u64>(CYCLES) + <u64>cyclesBefore(findTrace(op), op);
}

export function instructionsRetired(): u64 {
  return load<u64>(RETIRED) + <u64>(load<i32>(SLICE) - load<i32>(REMAINING));
}

function findTrace(op: usize): usize {
  let header = TRACES;
  while (header < traceTop) {
    const end = <usize>load<u32>(header, 4);
    if (op < end) return header + 16;
    header = end;
  }
  return op;
}

/** Of the record at `op`. */
@inline export function slotBytes(op: usize): usize { return load<u16>(op) >= FIRST_EXIT ? 32 : 16; }

function cyclesBefore(trace: usize, op: usize): u32 {
  let sum: u32 = 0;
  let at = trace;
  const pc = load<u32>(op, 12);
  while (at < op && load<u32>(at, 12) != pc) {
    const bytes = slotBytes(at);
    sum += load<u8>(at, 7);
    // an exit that was passed: what it costs not to leave
    if (bytes == 32) sum += load<u8>(at, 6);
    at += bytes;
  }
  return sum;
}

function instructionsBefore(trace: usize, op: usize): u32 {
  let sum: u32 = 0;
  let at = trace;
  const pc = load<u32>(op, 12);
  let last = pc + 1;
  while (at < op) {
    const here = load<u32>(at, 12);
    if (here == pc) break;
    if (here != last) { sum++; last = here; }
    at += slotBytes(at);
  }
  return sum;
}
