/**
 * Cycles that depend on data (division, unaligned accesses, wait states, skipped instructions) by instruction, for
 * profiles: an open-addressed table of 8192 entries, u32 address | 1, i32 cycles. What no longer fits is not recorded.
 */
import { EXTRAS, EXTRAS_COUNT, PROFILE } from '../map';

export function noteExtra(op: usize, cycles: i32): void {
  if (load<u32>(PROFILE) == 0 || cycles == 0) return;
  const pc = load<u32>(op, 12);
  let slot = (pc * 0x9e3779b1) >>> 19;
  for (let i = 0; i < EXTRAS_COUNT; i++) {
    const at = EXTRAS + ((<usize>slot) << 3);
    const key = load<u32>(at);
    if (key == 0 || key == (pc | 1)) {
      store<u32>(at, pc | 1);
      store<i32>(at, load<i32>(at, 4) + cycles, 4);
      return;
    }
    slot = (slot + 1) & (EXTRAS_COUNT - 1);
  }
}
