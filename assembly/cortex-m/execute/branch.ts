/** Exits: branches that leave a trace. */
import { pushCall, popCall } from '../calls';
import { IPSR, STOP_AT } from '../map';
import { aux, set, vm } from '../state';
import { Stop } from '../stop-kinds';
import { account, fault, halt, leave, leaveTo } from '../trace';
import { exceptionReturn, svc } from './system';

const LR: u32 = 14 << 2;

@inline function pcOf(op: usize): u32 { return load<u32>(op, 12); }

@inline export function bl(op: usize): usize {
  const back = pcOf(op) + 4;
  set(LR, back | 1);
  const next = leave(op);
  pushCall(back, load<u32>(op, 28), pcOf(op));
  return next;
}

@inline export function blx(op: usize): usize {
  const target = vm(op);
  if ((target & 1) == 0) return fault(op, Stop.INVALID_STATE, target);
  const back = pcOf(op) + 2;
  set(LR, back | 1);
  const next = leaveTo(op, target & ~1);
  pushCall(back, target & ~1, pcOf(op));
  return next;
}

@inline export function bx(op: usize): usize {
  const target = vm(op);
  if ((target & 1) == 0 || target >= 0xff000000) return bxSlow(op, target);
  return leaveTo(op, target & ~1);
}

@inline export function ret(op: usize): usize {
  const target = vm(op);
  if ((target & 1) == 0 || target >= 0xff000000) return bxSlow(op, target);
  const next = leaveTo(op, target & ~1);
  popCall(target & ~1);
  return next;
}

/** MOV pc, ADD pc: bit 0 is ignored. MOV pc, lr returns. */
@inline export function bmov(op: usize): usize {
  const target = vm(op) & ~1;
  const next = leaveTo(op, target);
  popCall(target);
  return next;
}

/** Without the Thumb bit it faults; EXC_RETURN ends an exception. */
function bxSlow(op: usize, target: u32): usize {
  if (target >= 0xff000000 && load<u32>(IPSR) != 0) {
    account(op);
    return exceptionReturn(op, target);
  }
  return fault(op, Stop.INVALID_STATE, target);
}

/** TBB, TBH: rm holds the table's entry. */
@inline export function table(op: usize): usize { return leaveTo(op, pcOf(op) + 4 + (vm(op) << 1)); }

/** The host wants to stop here, unless another address is the one it waits for. */
@inline export function stopPoint(op: usize): usize {
  if (load<u32>(STOP_AT) != pcOf(op)) return op + 32;
  account(op);
  return halt(Stop.REACHED, pcOf(op));
}

export function svcExit(op: usize): usize {
  account(op);
  return svc(op, pcOf(op) + 2);
}

/** BKPT 0xAB is a semihosting call, which the host answers; any other stops. */
export function bkpt(op: usize): usize {
  account(op);
  return halt(aux(op) == 0xab ? Stop.SEMIHOST : Stop.BREAKPOINT, pcOf(op));
}

export function undefined(op: usize): usize {
  account(op);
  return halt(Stop.UNDEFINED, pcOf(op));
}
