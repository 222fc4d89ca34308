/**
 * Decodes one trace: from an address to the first branch that is always taken, through branches that may be.
 * Source of every encoding in this folder: ARMv7-M Architecture Reference Manual (DDI 0403E), chapter A5 and A7;
 * ARMv8-M (DDI 0553), chapter C2. Encodings that the manual calls UNDEFINED or UNPREDICTABLE are refused.
 */
import { HALT_OP, STOP_COUNT, STOPS, TRACES_END } from '../map';
import { Op } from '../opcodes';
import { peekHalf } from '../regions';
import { Stop } from '../stop-kinds';
import { costIfSkipped, costOf, extraIfNotTaken, extraIfTaken, startPipeline } from '../timing/pipeline';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { halt, setTraceTop, traceTop } from '../trace';
import * as emit from './emit';
import { fuse } from './fuse';
import { decode16 } from './thumb16';
import { decode32 } from './thumb32';

/** Instructions after which a trace is cut; it then links to the next one. */
const MAX_INSTRUCTIONS: u32 = 2048;
const MAX_TRACE_BYTES: usize = 2048 * 112;

let cycles: u32 = 0;
let instructions: u32 = 0;

/** Address of its first operation, or HALT_OP with the reason recorded. */
export function decodeTrace(start: u32): usize {
  if (traceTop + MAX_TRACE_BYTES > TRACES_END) return halt(Stop.CACHE_FULL, start);
  const header = traceTop;
  emit.startTrace(header + 16);
  startPipeline();
  cycles = 0;
  instructions = 0;
  let pc = start;
  let ended = false;
  while (!ended) {
    if (wantsStop(pc)) emitFree(Op.STOP, pc);
    if (instructions >= MAX_INSTRUCTIONS || peekHalf(pc) < 0) {
      emitFree(Op.LINK, pc);
      break;
    }
    const size = decodeOne(pc, 14);
    if (size == 0) break;
    ended = emit.ended;
    if (info.cls == Cls.IT) {
      pc = decodeItBlock(pc);
      if (pc == 0) break;
    } else {
      pc += size;
    }
  }
  fuse(header + 16, emit.out);
  store<u32>(header, start);
  store<u32>(header, <u32>emit.out, 4);
  store<u32>(header, 0, 8);
  setTraceTop(emit.out);
  return header + 16;
}

function wantsStop(pc: u32): bool {
  const count = load<u32>(STOP_COUNT);
  for (let i: u32 = 0; i < count; i++) if (load<u32>(STOPS + ((<usize>i) << 2)) == pc) return true;
  return false;
}

/** An exit that is no instruction: it accounts for all before it and costs nothing. */
function emitFree(op: u32, pc: u32): void {
  emit.startInstruction(pc);
  emit.emitExit(op, pc);
  store<u32>(emit.pendingExit, cycles, 16);
  store<u32>(emit.pendingExit, instructions, 20);
}

/**
 * Decodes the instruction at `pc` under the condition of its IT block (14: always). Returns its size;
 * 0 when it is refused, with an operation emitted that faults if it is ever reached (whatever the condition).
 */
function decodeOne(pc: u32, ifThen: u32): u32 {
  const begin = emit.out;
  const first = <u32>peekHalf(pc);
  // BKPT heeds no condition (DDI 0403E A7.7.17)
  const condition: u32 = (first >>> 8) == 0xbe && ifThen < 14 ? 14 : ifThen;
  emit.startInstruction(pc);
  if (condition < 14) {
    emit.emit(Op.IT_EQ + condition);
    info.flagsRead();
  } else if (condition == 15) {
    emit.refuse();
  }
  const wide = (first >>> 11) >= 0x1d;
  const size: u32 = wide ? 4 : 2;
  info.setSize(size);
  if (wide) {
    const second = peekHalf(pc + 2);
    if (second < 0) emit.refuse();
    else decode32(first, <u32>second);
  } else {
    decode16(first);
  }
  if (emit.refused) {
    emit.rewind(begin);
    emitFree(Op.UNDEFINED, pc);
    return 0;
  }
  finish(begin, condition);
  return size;
}

/** Adds the stack check, then fills in what the timing model says. */
function finish(begin: usize, condition: u32): void {
  if (emit.spWritten && emit.pendingExit == 0) emit.emit(Op.SP_CHECK, 13);
  const cost = costOf();
  const exit = emit.pendingExit;
  cycles += cost;
  instructions++;
  store<u8>(begin, <u8>min<u32>(cost, 255), 7);
  if (exit != 0) {
    store<u32>(exit, cycles + extraIfTaken(load<u32>(exit, 12), load<u32>(exit, 28)), 16);
    store<u32>(exit, instructions, 20);
    const notTaken = extraIfNotTaken(load<u32>(exit, 12), load<u32>(exit, 28));
    // profiles need it apart from the instruction's own cycles
    if (notTaken != 0) store<u8>(exit, <u8>notTaken, 6);
    cycles += notTaken;
  }
  if (condition >= 14) return;
  store<u32>(begin, <u32>(emit.out - begin), 8);
  store<u8>(begin, <u8>(costIfSkipped(cost) - cost), 6);
  emit.keepTrace();
}

/** Decodes the instructions behind the IT at `pc`; returns the address after them, 0 when the trace ends in it. */
function decodeItBlock(pc: u32): u32 {
  let state = <u32>peekHalf(pc) & 0xff;
  let at = pc + 2;
  while ((state & 0xf) != 0) {
    if (peekHalf(at) < 0) {
      emitFree(Op.LINK, at);
      return 0;
    }
    emit.enterIt((state & 0xf) == 8);
    const size = decodeOne(at, state >>> 4);
    emit.leaveIt();
    if (size == 0 || emit.ended) return 0;
    at += size;
    state = (state & 7) == 0 ? 0 : (state & 0xe0) | ((state << 1) & 0x1f);
  }
  return at;
}
