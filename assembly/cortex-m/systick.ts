/**
 * SysTick, counting the model's own cycles; its interrupt is never taken, COUNTFLAG is kept for code that polls.
 * Source: DDI 0403E B3.3.
 */
import { SYST_CSR, SYST_RVR, SYST_SEEN, SYST_ZERO } from './map';

const ENABLE: u32 = 1;
const COUNTFLAG: u32 = 1 << 16;

@inline function isRunning(): bool { return (load<u32>(SYST_CSR) & ENABLE) != 0; }
@inline function period(): u64 { return <u64>load<u32>(SYST_RVR) + 1; }
@inline function elapsed(now: u64): u64 { return now - load<u64>(SYST_ZERO); }

/** Counts down from the reload value, one per cycle; stays where it is when stopped. */
export function currentValue(now: u64): u32 {
  if (!isRunning()) return <u32>load<u64>(SYST_ZERO);
  return <u32>(period() - 1 - elapsed(now) % period());
}

/** Times that the value went from one to zero. */
function zeroes(now: u64): u64 {
  return isRunning() && load<u32>(SYST_RVR) != 0 ? (elapsed(now) + 1) / period() : 0;
}

/** Reading clears COUNTFLAG. */
export function readControl(now: u64): u32 {
  const count = zeroes(now);
  const flag: u32 = count > load<u64>(SYST_SEEN) ? COUNTFLAG : 0;
  store<u64>(SYST_SEEN, count);
  return load<u32>(SYST_CSR) | flag;
}

export function writeControl(value: u32, now: u64): void {
  const current = currentValue(now);
  const running = isRunning();
  store<u32>(SYST_CSR, value & 7);
  if (running == isRunning()) return;
  if (running) store<u64>(SYST_ZERO, current);
  else startAt(current, now);
}

export function writeReload(value: u32, now: u64): void {
  const current = currentValue(now);
  store<u32>(SYST_RVR, value & 0xffffff);
  if (isRunning()) startAt(current, now);
}

/** Any write clears the value and COUNTFLAG. */
export function clearValue(now: u64): void {
  if (isRunning()) startAt(0, now);
  else store<u64>(SYST_ZERO, 0);
}

/** From zero it starts again at the reload value. */
function startAt(current: u32, now: u64): void {
  const reload = load<u32>(SYST_RVR);
  const value = current == 0 || current > reload ? reload : current;
  store<u64>(SYST_ZERO, now - <u64>(reload - value));
  store<u64>(SYST_SEEN, 0);
}
