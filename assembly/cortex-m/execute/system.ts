/** MRS, MSR, CPS, FPU check, supervisor calls and their return (DDI 0403E B1.5, B5.2). Privilege is not modelled. */
import { failed, readAligned, writeAligned } from '../bus';
import {
  BASEPRI, CONTROL, CORE, CPACR, FAULTMASK, FPSCR, FREGS, IPSR, MSP, MSPLIM, PRIMASK, PSP, PSPLIM, VTOR,
} from '../map';
import { addCycles, aux, get, imm, readApsr, set, setD, vn, writeNzcv } from '../state';
import { F_GE, F_Q } from '../map';
import { Stop } from '../stop-kinds';
import { noteExtra } from '../timing/extras';
import { EXCEPTION_ENTRY, EXCEPTION_RETURN } from '../timing/tables';
import { arrive, fault, halt } from '../trace';
import {
  haltAtStack, isBelowLimit, noteDepth, onProcessStack, setStackLimit, switchStack, writeStack,
} from './stacks';

const SP: u32 = 13 << 2;
const LR: u32 = 14 << 2;

/** CP10 and CP11 must be enabled; using the FPU marks its context as active (CONTROL.FPCA). */
@inline export function fpCheck(op: usize): usize {
  if ((load<u32>(CPACR) & 0x00f00000) != 0x00f00000) return fault(op, Stop.FPU_DISABLED, 0);
  store<u32>(CONTROL, load<u32>(CONTROL) | 4);
  return op + 16;
}

export function mrs(op: usize): void { setD(op, readSpecial(imm(op))); }

function readSpecial(register: u32): u32 {
  if (register < 8) {
    return ((register & 4) == 0 ? readApsr() : 0) | ((register & 1) != 0 ? load<u32>(IPSR) : 0);
  }
  switch (register) {
    case 8: return onProcessStack() ? load<u32>(MSP) : get(SP);
    case 9: return onProcessStack() ? get(SP) : load<u32>(PSP);
    case 10: return load<u32>(MSPLIM);
    case 11: return load<u32>(PSPLIM);
    case 16: return load<u32>(PRIMASK);
    case 17: case 18: return load<u32>(BASEPRI);
    case 19: return load<u32>(FAULTMASK);
    default: return load<u32>(CONTROL);
  }
}

export function msr(op: usize): usize {
  const value = vn(op);
  const register = imm(op);
  if (register < 8) {
    if ((register & 4) == 0) writeApsr(value, aux(op));
    return op + 16;
  }
  switch (register) {
    case 8: writeStack(false, value & ~3); break;
    case 9: writeStack(true, value & ~3); break;
    case 10: store<u32>(MSPLIM, value & ~7); setStackLimit(false, value & ~7); break;
    case 11: store<u32>(PSPLIM, value & ~7); setStackLimit(true, value & ~7); break;
    case 16: store<u32>(PRIMASK, value & 1); break;
    case 17: store<u32>(BASEPRI, value & 0xff); break;
    case 18:
      // BASEPRI_MAX only raises the masking priority
      if ((value & 0xff) - 1 < load<u32>(BASEPRI) - 1) store<u32>(BASEPRI, value & 0xff);
      break;
    case 19: store<u32>(FAULTMASK, value & 1); break;
    default: writeControl(value);
  }
  return op + 16;
}

/** mask: 2 = N, Z, C, V, Q; 1 = GE. */
function writeApsr(value: u32, mask: u32): void {
  if (mask & 2) {
    writeNzcv(value);
    store<u32>(F_Q, (value >>> 27) & 1);
  }
  if (mask & 1) store<u32>(F_GE, (value >>> 16) & 0xf);
}

/** SPSEL switches stacks, in thread mode only. */
function writeControl(value: u32): void {
  const before = onProcessStack();
  const keep: u32 = load<u32>(IPSR) != 0 ? 2 : 0;
  store<u32>(CONTROL, (value & 7 & ~keep) | (load<u32>(CONTROL) & keep));
  switchStack(before, onProcessStack());
}

/** imm: bit 4 = disable, bit 1 = PRIMASK, bit 0 = FAULTMASK. */
export function cps(op: usize): void {
  const value = imm(op) >>> 4;
  if (imm(op) & 2) store<u32>(PRIMASK, value);
  if (imm(op) & 1) store<u32>(FAULTMASK, value);
}

// --- supervisor call: the one exception that firmware raises on purpose --------------------------------------

function charge(op: usize, cycles: u32): void {
  addCycles(cycles);
  noteExtra(op, cycles);
}

/** `op` has been accounted for up to and including the SVC. */
export function svc(op: usize, returnAddress: u32): usize {
  const vector = readAligned(op, load<u32>(VTOR) + 44);
  if (failed || (vector & 1) == 0) return halt(Stop.INVALID_STATE, load<u32>(op, 12));
  const process = onProcessStack();
  const floating = (load<u32>(CONTROL) & 4) != 0;
  const sp = get(SP);
  const frame = (sp - (floating ? 104 : 32)) & ~7;
  if (isBelowLimit(frame)) return haltAtStack(load<u32>(op, 12), frame);
  if (!pushFrame(op, frame, returnAddress, sp, floating)) return halt(Stop.UNMAPPED, load<u32>(op, 12));
  set(SP, frame);
  noteDepth(frame);
  set(LR, returnCode(process, floating));
  store<u32>(CONTROL, load<u32>(CONTROL) & ~4);
  store<u32>(IPSR, 11);
  switchStack(process, false);
  charge(op, load<u8>(EXCEPTION_ENTRY));
  return arrive(0, vector & ~1);
}

/** EXC_RETURN; ARMv8-M without the security extension also has its DCRS bit. */
function returnCode(process: bool, floating: bool): u32 {
  const mode: u32 = 8 | (process ? 4 : 0) | (floating ? 0 : 0x10);
  return (load<u32>(CORE) == 2 ? 0xffffffa0 : 0xffffffe1) | mode;
}

function pushFrame(op: usize, frame: u32, returnAddress: u32, sp: u32, floating: bool): bool {
  const aligned: u32 = (sp & 4) != 0 ? 0x200 : 0;
  writeAligned(op, frame + 24, returnAddress);
  if (failed) return false;
  for (let i: u32 = 0; i < 4; i++) writeAligned(op, frame + (i << 2), get(i << 2));
  writeAligned(op, frame + 16, get(12 << 2));
  writeAligned(op, frame + 20, get(LR));
  writeAligned(op, frame + 28, readApsr() | 0x01000000 | aligned | load<u32>(IPSR));
  if (!floating) return true;
  for (let i: u32 = 0; i < 16; i++) writeAligned(op, frame + 32 + (i << 2), load<u32>(FREGS + (<usize>i << 2)));
  writeAligned(op, frame + 96, load<u32>(FPSCR));
  return !failed;
}

/** A branch to EXC_RETURN in handler mode. */
export function exceptionReturn(op: usize, code: u32): usize {
  const process = (code & 4) != 0;
  const floating = (code & 0x10) == 0;
  switchStack(false, process);
  const frame = get(SP);
  const xpsr = readAligned(op, frame + 28);
  if (failed) return halt(Stop.UNMAPPED, load<u32>(op, 12));
  for (let i: u32 = 0; i < 4; i++) set(i << 2, readAligned(op, frame + (i << 2)));
  set(12 << 2, readAligned(op, frame + 16));
  set(LR, readAligned(op, frame + 20));
  const target = readAligned(op, frame + 24);
  if (floating) {
    for (let i: u32 = 0; i < 16; i++) store<u32>(FREGS + (<usize>i << 2), readAligned(op, frame + 32 + (i << 2)));
    store<u32>(FPSCR, readAligned(op, frame + 96));
  }
  set(SP, (frame + (floating ? 104 : 32)) | ((xpsr >>> 7) & 4));
  writeNzcv(xpsr);
  store<u32>(F_Q, (xpsr >>> 27) & 1);
  store<u32>(F_GE, (xpsr >>> 16) & 0xf);
  store<u32>(IPSR, 0);
  store<u32>(CONTROL, (load<u32>(CONTROL) & ~6) | (process ? 2 : 0) | (floating ? 4 : 0));
  charge(op, load<u8>(EXCEPTION_RETURN));
  return arrive(0, target & ~1);
}
