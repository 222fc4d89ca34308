/** Writes operations into the trace being decoded and notes, on the way, which registers an instruction uses. */
import { PCV, TRACES } from '../map';
import { Op } from '../opcodes';
import * as info from '../timing/info';

/** Where the next operation goes. */
export let out: usize = TRACES;
/** Address of the instruction being decoded. */
export let pc: u32 = 0;
/** Inside an IT block. */
export let inIt: bool = false;
export let lastInIt: bool = false;
/** The trace ends behind this instruction. */
export let ended: bool = false;
/** The instruction is undefined, unpredictable or not part of this core. */
export let refused: bool = false;
/** Exit operation of this instruction whose counts are still to be filled in, or 0. */
export let pendingExit: usize = 0;
export let spWritten: bool = false;
/** Whether the trace has an FP_CHECK already. */
export let fpChecked: bool = false;

export function startTrace(at: usize): void { out = at; inIt = false; fpChecked = false; }
export function startInstruction(address: u32): void {
  pc = address;
  ended = refused = spWritten = false;
  pendingExit = 0;
  info.resetInfo();
}
export function enterIt(last: bool): void { inIt = true; lastInIt = last; }
export function leaveIt(): void { inIt = false; }
export function endTrace(): void { ended = true; }
export function keepTrace(): void { ended = false; }
/** Branches may only stand last in an IT block. */
export function branchAllowed(): bool { return !inIt || lastInIt; }
/** Refuses the encoding; nothing of it may run. */
export function refuse(): void { refused = true; }
export function rewind(to: usize): void { out = to; }

export function emit(op: u32, d: u32 = 0, n: u32 = 0, m: u32 = 0, imm: u32 = 0, a: u32 = 0, aux: u32 = 0): void {
  raw(op, d << 2, n << 2, m << 2, a << 2, aux, imm);
}

/** Like `emit`, with operand fields that are byte offsets already (FP registers). */
export function raw(op: u32, d: u32, n: u32, m: u32, a: u32, aux: u32, imm: u32): void {
  store<u16>(out, op);
  store<u8>(out, d, 2);
  store<u8>(out, n, 3);
  store<u8>(out, m, 4);
  store<u8>(out, a, 5);
  store<u8>(out, aux, 6);
  store<u8>(out, 0, 7);
  store<u32>(out, imm, 8);
  store<u32>(out, pc, 12);
  out += 16;
}

/** An exit; `target` 0 when it is computed. Counts are filled in by the trace loop. */
export function emitExit(op: u32, target: u32, d: u32 = 0, n: u32 = 0, m: u32 = 0, aux: u32 = 0): void {
  pendingExit = out;
  emit(op, d, n, m, 0, 0, aux);
  store<u32>(out, 0);
  store<u32>(out, 0, 4);
  store<u32>(out, 0, 8);
  store<u32>(out, target, 12);
  out += 16;
}

// --- operands: each notes its register with the timing model and returns its slot --------------------------

/** PC as an operand is a constant: the instruction's address + 4. */
function slot(r: u32): u32 {
  if (r != 15) return r;
  emit(Op.MOV_I, PCV, 0, 0, pc + 4);
  return PCV;
}
export function src(r: u32): u32 { if (r != 15) info.noteRead(r); return slot(r); }
export function early(r: u32): u32 { if (r != 15) info.noteEarly(r); return slot(r); }
export function address(r: u32): u32 { if (r != 15) info.noteAddress(r); return slot(r); }
export function accumulator(r: u32): u32 { info.noteAccumulate(r); return r; }
export function stored(r: u32): u32 { info.noteStore(r); return r; }
export function dst(r: u32): u32 {
  info.noteWrite(r);
  if (r == 13) spWritten = true;
  return r;
}
export function written(r: u32): void {
  info.noteWriteback(r);
  if (r == 13) spWritten = true;
}

export function checkFpu(): void {
  if (fpChecked) return;
  emit(Op.FP_CHECK);
  if (!inIt) fpChecked = true;
}

@inline export function field(value: u32, low: u32, bits: u32): u32 { return (value >>> low) & ((1 << bits) - 1); }
@inline export function isBad(r: u32): bool { return r == 13 || r == 15; }
