/**
 * Fuses operations that follow each other: only the opcode of the first one changes, so that the others can still be
 * entered (behind a skipped instruction) or be completed the slow way, and every fault finds its own record.
 */
import { FIRST_EXIT, FIRST_FUSED, FUSED, FUSED_MOST, FUSED_ROWS, Op } from '../opcodes';
import { slotBytes } from '../trace';

/** Fuses what can be in the trace from `at` to `end`. */
export function fuse(at: usize, end: usize): void {
  while (at < end) {
    const row = findRow(at, end);
    if (row != FUSED_ROWS) store<u16>(at, FIRST_FUSED + row);
    at += row == FUSED_ROWS ? slotBytes(at) : rowBytes(row);
  }
}

/** The first row of FUSED that the operations from `at` on match; FUSED_ROWS if none. */
function findRow(at: usize, end: usize): u32 {
  for (let row: u32 = 0; row < FUSED_ROWS; row++) if (matches(row, at, end)) return row;
  return FUSED_ROWS;
}

@inline function member(row: u32, index: u32): u32 { return load<u32>(FUSED + (<usize>row << 4) + (<usize>index << 2)); }

function matches(row: u32, at: usize, end: usize): bool {
  for (let i: u32 = 0; i < FUSED_MOST; i++) {
    const code = member(row, i);
    if (code == Op.HALT) return true;
    if (at >= end || load<u16>(at) != code) return false;
    at += slotBytes(at);
  }
  return true;
}

function rowBytes(row: u32): usize {
  let bytes: usize = 0;
  for (let i: u32 = 0; i < FUSED_MOST; i++) {
    const code = member(row, i);
    if (code != Op.HALT) bytes += code >= FIRST_EXIT ? 32 : 16;
  }
  return bytes;
}
