/**
 * The memory that a bare-metal program needs, from its ELF file alone or on a board; and where it starts.
 * Without a board: read-only memory where the file has code and constants, writable memory wherever the program's
 * variables run, and a megabyte around them. Areas: Armv7-M Architecture Reference Manual, B3.1, default memory map.
 */
import type { ElfImage, ElfSection, ElfSegment } from '../ir/elf-image.js';
import { badInput } from '../support/errors.js';
import type { Board } from '../targets/target.js';
import type { BuiltinRegion } from './builtin-memory.js';
import type { ByteRange } from './memory-watch.js';

export interface Start {
  /** A vector table at this address, or none: then it starts at the ELF file's entry. */
  readonly vectorTable?: number;
  readonly pc: number;
  readonly sp: number;
}

export interface ElfMemory {
  readonly regions: readonly BuiltinRegion[];
  readonly start: Start;
  /** From the linker script, where it names one. */
  readonly stackLimit?: number;
}

export interface ExtraMemory {
  readonly origin: number;
  readonly bytes: number;
}

const MIB = 1 << 20;
const PAGE = 4096;
const SRAM_AREA = 0x20000000;
const ADDRESS_END = 2 ** 32;
/** Room for a stack whose start stands where the file has nothing. */
const STACK_ROOM = 64 * 1024;
const VECTOR_SYMBOLS = [
  ...['__Vectors', '__isr_vector', 'g_pfnVectors', '__vector_table', 'vector_table', '_vectors'],
  ...['__vectors', 'vectors', 'isr_vector', '__interrupt_vector', 'InterruptVectors'],
];
const VECTOR_SECTIONS = ['.isr_vector', '.vectors', '.vector_table', '.intvecs', '.interrupts', '.resetvec'];
const STACK_SYMBOLS = [
  '__stack_top',
  '__StackTop',
  '_estack',
  '__stack',
  '_stack_top',
  '__initial_sp',
  '_stack',
];
const LIMIT_SYMBOLS = ['__stack_limit', '__StackLimit', '_stack_limit'];

interface Area extends ByteRange {
  readonly writable: boolean;
}

/** Throws `emulate/image` when the file does not fit the board, `emulate/start` when it has no start. */
export function elfMemory(elf: ElfImage, board?: Board, extra: readonly ExtraMemory[] = []): ElfMemory {
  const own = board === undefined ? [] : boardAreas(elf, board);
  const given = extra.map(({ origin, bytes }) => ({ start: origin, end: origin + bytes, writable: true }));
  const areas = [...own, ...given];
  const needed = neededAreas(elf);
  for (const area of needed) {
    if (!areas.some((other) => covers(other, area))) areas.push(generous(area, [...areas, ...needed]));
  }
  const start = findStart(elf, areas, board);
  const stack = { start: Math.max(0, start.sp - 8), end: start.sp, writable: true };
  if (!areas.some((area) => area.writable && covers(area, stack))) {
    const room = Math.ceil(start.sp / STACK_ROOM) * STACK_ROOM;
    areas.push({ start: Math.max(0, room - STACK_ROOM), end: room, writable: true });
  }
  const limit = LIMIT_SYMBOLS.map((name) => elf.symbols.get(name)).find((symbol) => symbol !== undefined);
  const isBelow = limit !== undefined && limit.address > 0 && limit.address < start.sp;
  return {
    regions: nameRegions(merged(areas), elf),
    start,
    ...(isBelow ? { stackLimit: limit.address } : {}),
  };
}

const covers = (outer: ByteRange, inner: ByteRange): boolean =>
  inner.start >= outer.start && inner.end <= outer.end;
const touches = (a: ByteRange, b: ByteRange): boolean => a.start <= b.end && b.start <= a.end;

function boardAreas(elf: ElfImage, board: Board): Area[] {
  const areas = [
    { start: board.flash.origin, end: board.flash.origin + board.flash.bytes, writable: false },
    { start: board.sram.origin, end: board.sram.origin + board.sram.bytes, writable: true },
  ];
  for (const range of elf.segments.flatMap(rangesOf)) {
    const outgrown = areas.find(
      (area) => range.start >= area.start && range.start < area.end && range.end > area.end,
    );
    if (outgrown === undefined) continue;
    throw badInput('emulate/image', `the program does not fit ${board.name}`, {
      found: `${hex(range.start)} to ${hex(range.end)}`,
      expected: `at most ${hex(outgrown.end)}`,
      fix: 'Leave out the board to run it in as much memory as it needs.',
    });
  }
  return areas;
}

/** Where a segment's bytes stand in the file's image, and where they run. */
const rangesOf = (segment: ElfSegment): readonly ByteRange[] => [
  { start: segment.loadAddress, end: segment.loadAddress + segment.data.length },
  { start: segment.address, end: segment.address + segment.memorySize },
];

function neededAreas(elf: ElfImage): readonly Area[] {
  return elf.segments.flatMap((segment): Area[] => {
    const [image, run] = rangesOf(segment) as [ByteRange, ByteRange];
    const isMoved = segment.loadAddress !== segment.address;
    const isVariable = elf.sections.some((section) => section.writable && overlaps(section, run));
    const writable = run.start >= SRAM_AREA || isMoved || segment.data.length === 0 || isVariable;
    const areas = [{ ...run, writable }];
    // What is copied to where it runs stands in flash before.
    if (isMoved && image.end > image.start) areas.push({ ...image, writable: image.start >= SRAM_AREA });
    return areas;
  });
}

const overlaps = ({ allocated, address, size }: ElfSection, range: ByteRange): boolean =>
  allocated && size > 0 && address < range.end && address + size > range.start;

/** Whole pages of read-only memory, whole megabytes of writable memory, as far as nothing else is there. */
function generous(area: Area, others: readonly Area[]): Area {
  const unit = area.writable ? MIB : PAGE;
  const rest = others.filter((other) => other.writable !== area.writable);
  const lowest = Math.max(0, ...rest.filter(({ end }) => end <= area.start).map(({ end }) => end));
  const highest = Math.min(
    ADDRESS_END,
    ...rest.filter(({ start }) => start >= area.end).map(({ start }) => start),
  );
  return {
    start: Math.max(lowest, Math.floor(area.start / unit) * unit),
    end: Math.min(highest, Math.ceil(area.end / unit) * unit),
    writable: area.writable,
  };
}

/** Touching areas of one kind become one; where kinds overlap the whole is writable. */
function merged(areas: readonly Area[]): readonly Area[] {
  const result: Area[] = [];
  for (const area of [...areas].sort((a, b) => a.start - b.start)) {
    const last = result[result.length - 1];
    const joins =
      last !== undefined && (last.writable === area.writable ? touches(last, area) : last.end > area.start);
    if (!joins) {
      result.push(area);
      continue;
    }
    result[result.length - 1] = {
      start: last.start,
      end: Math.max(last.end, area.end),
      writable: last.writable || area.writable,
    };
  }
  return result;
}

/** Writable memory can be executed where the program has code in it. */
function nameRegions(areas: readonly Area[], elf: ElfImage): readonly BuiltinRegion[] {
  const counts = { flash: 0, sram: 0 };
  return areas.map(({ start, end, writable }) => {
    const kind = writable ? 'sram' : 'flash';
    counts[kind] += 1;
    const holdsCode = elf.sections.some((section) => section.executable && overlaps(section, { start, end }));
    return {
      name: counts[kind] === 1 ? kind : `${kind}${counts[kind]}`,
      origin: start,
      bytes: end - start,
      writable,
      ...(writable && holdsCode ? { executable: true } : {}),
    };
  });
}

function findStart(elf: ElfImage, areas: readonly Area[], board: Board | undefined): Start {
  const code = elf.segments.filter((segment) => segment.executable || !segment.writable);
  const candidates = [
    ...VECTOR_SECTIONS.map((name) => elf.sections.find((section) => section.name === name)?.address),
    ...VECTOR_SYMBOLS.map((name) => elf.symbols.get(name)?.address),
    ...(board === undefined ? [] : [board.flash.origin]),
    ...code.map((segment) => segment.loadAddress).sort((a, b) => a - b),
  ].filter((address) => address !== undefined);
  for (const address of candidates) {
    const start = startAt(elf, address);
    if (start !== undefined) return start;
  }
  const isCode = code.some(({ address, data }) => elf.entry >= address && elf.entry < address + data.length);
  if (!isCode || elf.entry === 0) {
    throw badInput('emulate/start', 'neither a vector table nor an entry in code was found', {
      found: `entry ${hex(elf.entry)}`,
      fix: 'Link with ENTRY(…), or put the vector table first, in a section .vectors.',
    });
  }
  const stack = STACK_SYMBOLS.map((name) => elf.symbols.get(name)).find((symbol) => symbol !== undefined);
  const sram = areas.find((area) => area.writable);
  const sp = stack?.address ?? sram?.end ?? SRAM_AREA + MIB;
  return { pc: elf.entry, sp: sp - (sp % 8) };
}

/** A vector table is believed when its reset handler is Thumb code of the program and its stack can be memory. */
function startAt(elf: ElfImage, vectorTable: number): Start | undefined {
  const segment = elf.segments.find(
    ({ loadAddress, data }) => vectorTable >= loadAddress && vectorTable + 8 <= loadAddress + data.length,
  );
  if (segment === undefined || vectorTable % 4 !== 0) return undefined;
  const { data } = segment;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const sp = view.getUint32(vectorTable - segment.loadAddress, true);
  const reset = view.getUint32(vectorTable - segment.loadAddress + 4, true);
  const pc = (reset & ~1) >>> 0;
  const isCode = elf.segments.some(
    ({ address, data: bytes }) => pc >= address && pc < address + bytes.length,
  );
  return isCode && (reset & 1) === 1 && sp >= 8 && sp % 4 === 0 ? { vectorTable, pc, sp } : undefined;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
