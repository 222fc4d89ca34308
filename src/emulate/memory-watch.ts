/** Which bytes of the writable regions the core has stored to: one byte per byte, filled by a write hook. */
import type { MemoryRegion } from './machine.js';

export interface WrittenRegion {
  readonly region: MemoryRegion;
  /** 1 = stored to; index address − origin. */
  readonly written: Uint8Array;
}

export class MemoryWatch {
  readonly regions: readonly WrittenRegion[];

  constructor(regions: readonly MemoryRegion[]) {
    this.regions = regions
      .filter((region) => region.writable)
      .map((region) => ({ region, written: new Uint8Array(region.bytes) }));
  }

  /** The marks of the region called `name`; empty when it is not writable or unknown. */
  of(name: string): Uint8Array {
    return this.regions.find((entry) => entry.region.name === name)?.written ?? new Uint8Array(0);
  }

  clear(): void {
    for (const { written } of this.regions) written.fill(0);
  }
}

/** Half-open byte range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The maximal runs of non-zero bytes in `marks`, as ranges relative to its start. */
export function markedRanges(marks: Uint8Array): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  let position = 0;
  while (position < marks.length) {
    const start = marks.indexOf(1, position);
    if (start < 0) break;
    const end = marks.indexOf(0, start);
    position = end < 0 ? marks.length : end;
    ranges.push({ start, end: position });
  }
  return ranges;
}

/** What of `ranges` lies in none of `allowed`. */
export function outside(ranges: readonly ByteRange[], allowed: readonly ByteRange[]): readonly ByteRange[] {
  let rest: ByteRange[] = [...ranges];
  for (const permitted of allowed) {
    rest = rest.flatMap((range) => subtract(range, permitted));
  }
  return rest;
}

function subtract(range: ByteRange, hole: ByteRange): readonly ByteRange[] {
  if (hole.end <= range.start || hole.start >= range.end) return [range];
  const parts: ByteRange[] = [];
  if (hole.start > range.start) parts.push({ start: range.start, end: hole.start });
  if (hole.end < range.end) parts.push({ start: hole.end, end: range.end });
  return parts;
}

export const totalBytes = (ranges: readonly ByteRange[]): number =>
  ranges.reduce((sum, range) => sum + range.end - range.start, 0);

/** Byte that untouched stack is painted with. */
export const PAINT = 0xa5;

/**
 * Bytes of a painted stack (lowest address first) that were overwritten: from the lowest changed byte to the
 * top. Locals that are reserved but never written stay painted, so this is at most the SP watch's figure.
 */
export function paintedStackBytes(stack: Uint8Array): number {
  let untouched = 0;
  while (untouched < stack.length && stack[untouched] === PAINT) untouched++;
  return stack.length - untouched;
}
