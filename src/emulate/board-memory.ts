/** A board's memories as machine regions, and a firmware image put into them as a programmer would. */
import type { BoundPlan } from '../ir/bound-plan.js';
import type { ElfImage, ElfSymbol } from '../ir/elf-image.js';
import { STREAMED_INPUT_ADDRESS } from '../ir/step-functions.js';
import { streamedInput, tensorBytes } from '../ops/plan-access.js';
import { badInput } from '../support/errors.js';
import type { Board } from '../targets/target.js';
import type { Machine, MemoryRegion } from './machine.js';
import { type ByteRange, PAINT } from './memory-watch.js';

export const SRAM = 'sram';

/** Emulators map memory in pages. */
const PAGE_BYTES = 4096;

export function boardRegions(board: Board): readonly MemoryRegion[] {
  return [
    { name: 'flash', ...board.flash, writable: false },
    { name: SRAM, ...board.sram, writable: true },
  ];
}

/** External memory in which the example application finds a streamed input; no part of SRAM. */
export function inputRegions({ plan }: BoundPlan): readonly MemoryRegion[] {
  const streamed = streamedInput(plan);
  if (streamed === undefined) return [];
  const bytes = tensorBytes(plan.tensors[streamed]!);
  const pages = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
  return [{ name: 'input', origin: STREAMED_INPUT_ADDRESS, bytes: pages, writable: false }];
}

/**
 * Programs flash and paints all of SRAM, so that nothing depends on memory being clear and the stack's
 * untouched part can be told. Throws `emulate/image` when a segment lies outside the board's flash.
 */
export function loadFirmware(machine: Machine, elf: ElfImage, board: Board): void {
  machine.write(board.sram.origin, new Uint8Array(board.sram.bytes).fill(PAINT));
  const { origin, bytes } = board.flash;
  for (const segment of elf.segments) {
    if (segment.data.length === 0) continue;
    const end = segment.loadAddress + segment.data.length;
    if (segment.loadAddress < origin || end > origin + bytes) {
      throw badInput('emulate/image', 'a segment of the firmware lies outside flash', {
        found: `0x${segment.loadAddress.toString(16)} to 0x${end.toString(16)}`,
        expected: `0x${origin.toString(16)} to 0x${(origin + bytes).toString(16)}`,
        fix: 'Link for this board, or enlarge it with virtualBoard',
      });
    }
    machine.write(segment.loadAddress, segment.data);
  }
}

/** A symbol that the firmware must have. Throws `emulate/symbol`. */
export function requireSymbol(elf: ElfImage, name: string): ElfSymbol {
  const symbol = elf.symbols.get(name);
  if (symbol !== undefined) return symbol;
  throw badInput('emulate/symbol', 'the firmware lacks a symbol', {
    expected: name,
    fix: 'Build the project as generated, with its symbol table',
  });
}

/** Bytes written to one named object of SRAM, or to what belongs to none. */
export interface WrittenObject {
  /** Symbol name; `stack`; `` for memory that no symbol covers. */
  readonly name: string;
  readonly address: number;
  /** The object's size; for unnamed memory the extent of what was written. */
  readonly bytes: number;
  /** Bytes stored to at least once. */
  readonly written: number;
  /** One behind the last byte written, relative to `address`. */
  readonly extent: number;
}

interface NamedRange extends ByteRange {
  readonly name: string;
}

/** SRAM's named objects, addresses relative to SRAM, in order; overlaps go to the first. */
export function sramObjects(elf: ElfImage, board: Board, stack: ByteRange): readonly NamedRange[] {
  const { origin, bytes } = board.sram;
  const objects = [...elf.symbols.values()]
    .filter(
      ({ type, address, size }) =>
        type === 'object' && size > 0 && address >= origin && address < origin + bytes,
    )
    .map(({ name, address, size }) => ({ name, start: address - origin, end: address - origin + size }));
  return [{ name: 'stack', ...stack }, ...objects].sort((a, b) => a.start - b.start);
}

/** Splits the marked bytes among the objects. `marks`: one byte per byte of SRAM, 1 = written. */
export function attributeWrites(
  marks: Uint8Array,
  objects: readonly NamedRange[],
  origin: number,
): readonly WrittenObject[] {
  const result: WrittenObject[] = [];
  let position = 0;
  const add = (name: string, start: number, end: number): void => {
    const part = marks.subarray(start, end);
    const last = part.lastIndexOf(1);
    if (last < 0) return;
    const written = part.reduce((sum, mark) => sum + mark, 0);
    result.push({
      name,
      address: origin + start,
      bytes: name === '' ? last + 1 : end - start,
      written,
      extent: last + 1,
    });
  };
  for (const { name, start, end } of objects) {
    if (start > position) add('', position, start);
    if (end > position) add(name, Math.max(start, position), end);
    position = Math.max(position, end);
  }
  add('', position, marks.length);
  return result;
}
