/**
 * System space 0xE000_0000–0xE00F_FFFF: the few registers firmware needs (SCB, SysTick, DWT, FPU enable). The rest of
 * the System Control Space is plain storage, so that set-up code for NVIC, MPU and caches runs; other addresses fault.
 * Source: DDI 0403E B3.2, C1.8.
 */
import { CCR, CPACR, CPUID, CYCCNT_ZERO, DEMCR, DWT_CTRL, SCS_STORE, SYST_RVR, VTOR } from './map';
import { Stop } from './stop-kinds';
import { cyclesNow } from './trace';
import { setFailed } from './bus';
import * as systick from './systick';

const SCS: u32 = 0xe000e000;

export function readSystem(op: usize, address: u32, bytes: u32): u32 {
  const word = readWord(op, address & ~3);
  const shift = (address & 3) << 3;
  return bytes == 4 ? word : (word >>> shift) & (bytes == 2 ? 0xffff : 0xff);
}

function readWord(op: usize, address: u32): u32 {
  switch (address) {
    case 0xe000ed00: return load<u32>(CPUID);
    case 0xe000ed08: return load<u32>(VTOR);
    case 0xe000ed14: return load<u32>(CCR);
    case 0xe000ed88: return load<u32>(CPACR);
    case 0xe000edfc: return load<u32>(DEMCR);
    case 0xe0001000: return load<u32>(DWT_CTRL);
    case 0xe0001004: return cycleCount(op);
    case 0xe0001fb0: case 0xe0001fb4: return 0;
    case 0xe000e010: return systick.readControl(cyclesNow(op));
    case 0xe000e014: return load<u32>(SYST_RVR);
    case 0xe000e018: return systick.currentValue(cyclesNow(op));
    case 0xe000e01c: return 0xc0000000;
    default:
      if (address - SCS < 0x1000) return load<u32>(SCS_STORE + <usize>(address - SCS));
      setFailed(Stop.UNMAPPED);
      return 0;
  }
}

/** CYCCNT_ZERO holds the count itself while the counter stands still. */
function cycleCount(op: usize): u32 {
  const zero = load<u64>(CYCCNT_ZERO);
  return (load<u32>(DWT_CTRL) & 1) == 0 ? <u32>zero : <u32>(cyclesNow(op) - zero);
}

export function writeSystem(op: usize, address: u32, bytes: u32, value: u32): void {
  const aligned = address & ~3;
  let word = value;
  if (bytes != 4) {
    const shift = (address & 3) << 3;
    const mask = (bytes == 2 ? <u32>0xffff : <u32>0xff) << shift;
    word = (readWord(op, aligned) & ~mask) | ((value << shift) & mask);
  }
  writeWord(op, aligned, word);
}

function writeWord(op: usize, address: u32, value: u32): void {
  switch (address) {
    case 0xe000ed08: store<u32>(VTOR, value & 0xffffff80); return;
    case 0xe000ed14: store<u32>(CCR, value | 0x200); return;
    case 0xe000ed88: store<u32>(CPACR, value & 0x00f00000); return;
    case 0xe000edfc: store<u32>(DEMCR, value); return;
    case 0xe0001000: return setDwtControl(op, value);
    case 0xe0001004:
      store<u64>(CYCCNT_ZERO, (load<u32>(DWT_CTRL) & 1) == 0 ? <u64>value : cyclesNow(op) - <u64>value);
      return;
    case 0xe0001fb0: return;
    case 0xe000e010: return systick.writeControl(value, cyclesNow(op));
    case 0xe000e014: return systick.writeReload(value, cyclesNow(op));
    case 0xe000e018: return systick.clearValue(cyclesNow(op));
    default:
      if (address - SCS < 0x1000) store<u32>(SCS_STORE + <usize>(address - SCS), value);
      else setFailed(Stop.UNMAPPED);
  }
}

/** Starts or stops the counter where it stands. */
function setDwtControl(op: usize, value: u32): void {
  const running = (load<u32>(DWT_CTRL) & 1) != 0;
  if (running != ((value & 1) != 0)) {
    const now = cyclesNow(op);
    const zero = load<u64>(CYCCNT_ZERO);
    store<u64>(CYCCNT_ZERO, running ? <u64><u32>(now - zero) : now - zero);
  }
  store<u32>(DWT_CTRL, value);
}
