import { describe, expect, it } from 'vitest';
import { attributeWrites, sramObjects } from '../../../src/emulate/board-memory.js';
import {
  markedRanges,
  outside,
  PAINT,
  paintedStackBytes,
  totalBytes,
} from '../../../src/emulate/memory-watch.js';
import type { ElfImage, ElfSymbol } from '../../../src/ir/elf-image.js';
import { findBoard } from '../../../src/targets/index.js';

describe('markedRanges', () => {
  it.each([
    [[], []],
    [[0, 0, 0], []],
    [[1, 1, 1], [{ start: 0, end: 3 }]],
    [
      [0, 1, 0, 1, 1],
      [
        { start: 1, end: 2 },
        { start: 3, end: 5 },
      ],
    ],
  ])('%j', (marks, ranges) => {
    expect(markedRanges(Uint8Array.from(marks))).toEqual(ranges);
  });
});

describe('outside', () => {
  const range = (start: number, end: number) => ({ start, end });
  it.each([
    ['nothing allowed', [range(2, 5)], [], [range(2, 5)]],
    ['all allowed', [range(2, 5)], [range(0, 9)], []],
    ['a hole in the middle', [range(0, 10)], [range(3, 4)], [range(0, 3), range(4, 10)]],
    ['overlaps at both ends', [range(0, 10)], [range(0, 2), range(8, 12)], [range(2, 8)]],
    ['touching is not overlapping', [range(2, 5)], [range(0, 2), range(5, 7)], [range(2, 5)]],
  ])('%s', (_name, ranges, allowed, rest) => {
    expect(outside(ranges, allowed)).toEqual(rest);
  });

  it('counts what is left', () => {
    expect(totalBytes([range(2, 5), range(7, 8)])).toBe(4);
  });
});

describe('paintedStackBytes', () => {
  it.each([
    ['untouched', [PAINT, PAINT, PAINT], 0],
    ['from the lowest change to the top', [PAINT, 1, PAINT, 2], 3],
    ['used up', [0, PAINT], 2],
  ])('%s', (_name, bytes, used) => {
    expect(paintedStackBytes(Uint8Array.from(bytes))).toBe(used);
  });
});

describe('attributeWrites', () => {
  const board = findBoard('nano33ble')!;
  const symbol = (name: string, offset: number, size: number): ElfSymbol => ({
    name,
    address: board.sram.origin + offset,
    size,
    type: 'object',
  });
  const elf: Pick<ElfImage, 'symbols'> = {
    symbols: new Map(['a', 'b'].map((name, index) => [name, symbol(name, 16 + 8 * index, 8)])),
  };

  it('gives every written byte to its object, and the rest to nobody', () => {
    const objects = sramObjects(elf as ElfImage, board, { start: 0, end: 16 });
    const marks = new Uint8Array(64);
    for (const index of [15, 16, 17, 31, 40, 41]) marks[index] = 1;
    const at = (offset: number): number => board.sram.origin + offset;
    expect(attributeWrites(marks, objects, board.sram.origin)).toEqual([
      { name: 'stack', address: at(0), bytes: 16, written: 1, extent: 16 },
      { name: 'a', address: at(16), bytes: 8, written: 2, extent: 2 },
      { name: 'b', address: at(24), bytes: 8, written: 1, extent: 8 },
      { name: '', address: at(32), bytes: 10, written: 2, extent: 10 },
    ]);
  });
});
