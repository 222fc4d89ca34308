/**
 * What flash costs beyond zero wait states: a term of its own, off by default. Code and data of the modelled region
 * pass through caches of whole flash reads ("lines"); a line that is not there costs the wait states.
 *
 * A cache of n lines is taken as least recently used: a line is still there while fewer than n others have been
 * fetched since it was last touched. Each line has a stamp, the count of fetches at its last touch, in tables that the
 * host places (one word per line for code, then one for data).
 */
import { CYCLES, FLASH, FLASH_START, TERMS } from '../map';
import { noteExtra } from './extras';

// Fields at FLASH, u32 each: enabled, origin, bytes, line size as a power of two, wait states, lines for code, lines
// for data, prefetch, host address of the stamps for code, of those for data, fetches of code, fetches of data.
@inline export function flashModelled(): bool { return load<u32>(FLASH) != 0; }
const FETCHES: usize = 40;

@inline function isFlash(address: u32): bool { return address - load<u32>(FLASH, 4) < load<u32>(FLASH, 8); }

/** Touches one line; true when it had to be fetched. `kind`: 0 code, 4 data. */
function fetched(line: u32, kind: usize): bool {
  const stamp = <usize>load<u32>(FLASH + kind, 32) + (<usize>line << 2);
  const fetches = load<u32>(FLASH + kind + FETCHES);
  const last = load<u32>(stamp);
  const miss = last == 0 || fetches - last >= load<u32>(FLASH + kind, 20);
  const now = miss ? fetches + 1 : fetches;
  store<u32>(FLASH + kind + FETCHES, now);
  store<u32>(stamp, now);
  return miss;
}

/** Code ran from FLASH_START to the exit at `op` and goes on at `target`. */
export function fetchTrace(op: usize, target: u32): void {
  const start = load<u32>(FLASH_START);
  store<u32>(FLASH_START, target);
  const last = load<u32>(op, 12);
  if (!isFlash(start) || last < start) return;
  const shift = load<u32>(FLASH, 12);
  const origin = load<u32>(FLASH, 4);
  const end = (last - origin) >>> shift;
  const waits = load<u32>(FLASH, 16);
  let line = (start - origin) >>> shift;
  // while a line executes, the next one can be fetched
  const hidden = load<u32>(FLASH, 28) != 0 ? load<u32>(op, 16) / (end - line + 1) : 0;
  let stall: u32 = 0;
  let first = true;
  for (; line <= end; line++) {
    if (fetched(line, 0)) stall += first ? waits : waits - min(waits, hidden);
    first = false;
  }
  charge(op, stall, 8);
}

/** A read of data from flash. */
export function fetchData(op: usize, address: u32): void {
  if (!isFlash(address)) return;
  const line = (address - load<u32>(FLASH, 4)) >>> load<u32>(FLASH, 12);
  if (fetched(line, 4)) charge(op, load<u32>(FLASH, 16), 16);
}

function charge(op: usize, cycles: u32, term: usize): void {
  if (cycles == 0) return;
  store<u64>(TERMS + term, load<u64>(TERMS + term) + cycles);
  store<u64>(CYCLES, load<u64>(CYCLES) + cycles);
  noteExtra(op, cycles);
}
