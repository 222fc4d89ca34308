/**
 * Main and process stack: which one is in use, how deep each has grown, and the limit of each (DDI 0403E B1.4.1).
 * Only the stack in use is watched; what is known of the other one waits in a bank until they change places.
 */
import {
  CONTROL, IPSR, LOWEST_SP, MSP, OTHER_LOWEST_SP, OTHER_STACK_LIMIT, PROCESS_DEPTH, PROCESS_TOP, PSP,
  STACK_LIMIT, STOP_ADDRESS,
} from '../map';
import { get, set } from '../state';
import { Stop } from '../stop-kinds';
import { fault, halt } from '../trace';

const SP: u32 = 13 << 2;

@inline export function onProcessStack(): bool {
  return (load<u32>(CONTROL) & 2) != 0 && load<u32>(IPSR) == 0;
}

/** After an instruction that wrote SP: keep it word-aligned, note its depth, hold the limit. */
@inline export function spCheck(op: usize): usize {
  const sp = get(SP) & ~3;
  set(SP, sp);
  if (sp >= load<u32>(LOWEST_SP)) return op + 16;
  return spLower(op, sp);
}
export function spLower(op: usize, sp: u32): usize {
  store<u32>(LOWEST_SP, sp);
  return isBelowLimit(sp) ? fault(op, Stop.STACK_OVERFLOW, sp) : op + 16;
}

@inline export function isBelowLimit(sp: u32): bool { return sp < load<u32>(STACK_LIMIT); }

@inline export function noteDepth(sp: u32): void {
  if (sp < load<u32>(LOWEST_SP)) store<u32>(LOWEST_SP, sp);
}

/** An exception's frame does not fit. */
export function haltAtStack(pc: u32, sp: u32): usize {
  const next = halt(Stop.STACK_OVERFLOW, pc);
  store<u32>(STOP_ADDRESS, sp);
  return next;
}

export function setStackLimit(process: bool, limit: u32): void {
  store<u32>(process == onProcessStack() ? STACK_LIMIT : OTHER_STACK_LIMIT, limit);
}

/** MSR MSP, MSR PSP. */
export function writeStack(process: bool, value: u32): void {
  const active = process == onProcessStack();
  const lowest = active ? LOWEST_SP : OTHER_LOWEST_SP;
  if (process) startProcessStack(lowest, value);
  else if (value < load<u32>(lowest)) store<u32>(lowest, value);
  if (active) set(SP, value);
  else store<u32>(process ? PSP : MSP, value);
}

/** A value inside the stack that is known goes on with that stack; any other one starts a new one. */
function startProcessStack(lowest: usize, value: u32): void {
  const top = load<u32>(PROCESS_TOP);
  if (value <= top && value >= load<u32>(lowest)) return;
  const used = top - min(top, load<u32>(lowest));
  if (used > load<u32>(PROCESS_DEPTH)) store<u32>(PROCESS_DEPTH, used);
  store<u32>(PROCESS_TOP, value);
  store<u32>(lowest, value);
}

export function switchStack(before: bool, after: bool): void {
  if (before == after) return;
  store<u32>(before ? PSP : MSP, get(SP));
  set(SP, load<u32>(after ? PSP : MSP));
  exchange(LOWEST_SP, OTHER_LOWEST_SP);
  exchange(STACK_LIMIT, OTHER_STACK_LIMIT);
}

function exchange(a: usize, b: usize): void {
  const kept = load<u32>(a);
  store<u32>(a, load<u32>(b));
  store<u32>(b, kept);
}
