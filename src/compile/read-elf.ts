/**
 * Reads a 32-bit little-endian ARM ELF executable: segments to load, symbols, sections, memory use.
 *
 * Source: Tool Interface Standard, Executable and Linking Format 1.2; ELF for the Arm Architecture (IHI 0044).
 * Every table is bounds-checked before use: a corrupt file gives one `elf/…` error, never a crash.
 */
import type { ElfImage, ElfSection, ElfSegment, ElfSymbol } from '../ir/elf-image.js';
import { badInput } from '../support/errors.js';

export type { ElfImage, ElfSection, ElfSegment, ElfSymbol } from '../ir/elf-image.js';

const EM_ARM = 40;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const PF_X = 1;
const PF_W = 2;
const MAX_HEADERS = 4096;

const broken = (what: string, found?: string) =>
  badInput('elf/corrupt', `not a usable ARM ELF file: ${what}`, found === undefined ? {} : { found });

class Reader {
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u16(at: number): number {
    this.range(at, 2, 'a header field');
    return this.#view.getUint16(at, true);
  }
  u32(at: number): number {
    this.range(at, 4, 'a header field');
    return this.#view.getUint32(at, true);
  }
  range(at: number, length: number, what: string): void {
    if (at < 0 || length < 0 || at + length > this.bytes.length)
      throw broken(
        `${what} reaches past the end of the file`,
        `${at}+${length} of ${this.bytes.length} bytes`,
      );
  }
  slice(at: number, length: number, what: string): Uint8Array {
    this.range(at, length, what);
    return this.bytes.subarray(at, at + length);
  }
}

interface RawSection {
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Parses an ELF executable. Throws `elf/corrupt` (kind `input`) when it is not a sound ARM ELF32 file. */
export function readElf(bytes: Uint8Array): ElfImage {
  const reader = new Reader(bytes);
  if (bytes.length < 52 || reader.u32(0) !== 0x464c457f) throw broken('the ELF signature is missing');
  if (bytes[4] !== 1 || bytes[5] !== 1) throw broken('only 32-bit little-endian files are read');
  if (reader.u16(18) !== EM_ARM) throw broken('the machine is not ARM', `machine ${reader.u16(18)}`);
  const raw = readSectionHeaders(reader);
  const sections = nameSections(reader, raw);
  const symbols = readSymbols(reader, raw);
  const functions = symbols
    .filter((s) => s.type === 'function' && s.size > 0)
    .sort((a, b) => a.address - b.address);
  const byName = new Map<string, ElfSymbol>();
  const copies = new Map<string, number>();
  for (const symbol of symbols) {
    const copy = (copies.get(symbol.name) ?? 0) + 1;
    copies.set(symbol.name, copy);
    // Local symbols that share a name stay in the table.
    byName.set(copy === 1 ? symbol.name : `${symbol.name}#${copy}`, symbol);
  }
  return {
    entry: (reader.u32(24) & ~1) >>> 0,
    segments: readSegments(reader),
    symbols: byName,
    sections,
    functionAt: (address) => findFunction(functions, address),
  };
}

const SHF_COMPRESSED = 0x800;

/** Bytes of a section in the file; undefined when it is absent, has no bytes or is compressed. */
export function readElfSection(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const reader = new Reader(bytes);
  const raw = readSectionHeaders(reader);
  const names = raw[reader.u16(50)];
  const found = raw.find(
    (section) => names !== undefined && readName(reader, names, section.nameOffset) === name,
  );
  if (found === undefined || found.type === SHT_NOBITS || (found.flags & SHF_COMPRESSED) !== 0)
    return undefined;
  return reader.slice(found.offset, found.size, `section ${name}`);
}

function readSegments(reader: Reader): ElfSegment[] {
  const table = reader.u32(28);
  const entrySize = reader.u16(42);
  const count = reader.u16(44);
  if (count > MAX_HEADERS || (count > 0 && entrySize < 32))
    throw broken('the program header table is malformed');
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * entrySize;
    if (reader.u32(at) !== PT_LOAD) continue;
    const fileSize = reader.u32(at + 16);
    const memorySize = reader.u32(at + 20);
    const flags = reader.u32(at + 24);
    if (memorySize < fileSize) throw broken(`segment ${i} is larger in the file than in memory`);
    if (memorySize === 0) continue;
    segments.push({
      address: reader.u32(at + 8),
      loadAddress: reader.u32(at + 12),
      data: reader.slice(reader.u32(at + 4), fileSize, `segment ${i}`),
      memorySize,
      writable: (flags & PF_W) !== 0,
      executable: (flags & PF_X) !== 0,
    });
  }
  if (segments.length === 0) throw broken('it has no loadable segment');
  return segments;
}

function readSectionHeaders(reader: Reader): RawSection[] {
  const table = reader.u32(32);
  const entrySize = reader.u16(46);
  const count = table === 0 ? 0 : reader.u16(48);
  if (count > MAX_HEADERS || (count > 0 && entrySize < 40))
    throw broken('the section header table is malformed');
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * entrySize;
    return {
      nameOffset: reader.u32(at),
      type: reader.u32(at + 4),
      flags: reader.u32(at + 8),
      address: reader.u32(at + 12),
      offset: reader.u32(at + 16),
      size: reader.u32(at + 20),
      link: reader.u32(at + 24),
    };
  });
}

function nameSections(reader: Reader, raw: readonly RawSection[]): ElfSection[] {
  const names = raw[reader.u16(50)];
  return raw.map((s) => ({
    name: names === undefined ? '' : readName(reader, names, s.nameOffset),
    address: s.address,
    size: s.size,
    allocated: (s.flags & SHF_ALLOC) !== 0,
    writable: (s.flags & SHF_WRITE) !== 0,
    executable: (s.flags & SHF_EXECINSTR) !== 0,
    zeroFilled: s.type === SHT_NOBITS,
  }));
}

function readName(reader: Reader, table: RawSection, offset: number): string {
  const bytes = reader.slice(table.offset, table.size, 'a string table');
  if (offset >= bytes.length) throw broken('a name lies outside its string table');
  const end = bytes.indexOf(0, offset);
  if (end < 0) throw broken('a name is not terminated');
  return new TextDecoder('latin1').decode(bytes.subarray(offset, end));
}

function readSymbols(reader: Reader, raw: readonly RawSection[]): ElfSymbol[] {
  const table = raw.find((s) => s.type === SHT_SYMTAB);
  if (table === undefined) return [];
  const names = raw[table.link];
  if (names === undefined) throw broken('the symbol table names no string table');
  reader.range(table.offset, table.size, 'the symbol table');
  const symbols: ElfSymbol[] = [];
  for (let at = table.offset; at + 16 <= table.offset + table.size; at += 16) {
    const name = readName(reader, names, reader.u32(at));
    if (name === '' || name.startsWith('$')) continue; // $t, $d: Arm mapping symbols
    const type = reader.bytes[at + 12]! & 15;
    const value = reader.u32(at + 4);
    symbols.push({
      name,
      address: type === 2 ? (value & ~1) >>> 0 : value,
      size: reader.u32(at + 8),
      type: type === 2 ? 'function' : type === 1 ? 'object' : 'other',
    });
  }
  return symbols;
}

function findFunction(sorted: readonly ElfSymbol[], address: number): ElfSymbol | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low - 1];
  return found !== undefined && address < found.address + found.size ? found : undefined;
}

/** Static memory use of an image, in bytes. */
export interface ElfMemoryUse {
  /** Everything that is programmed into flash, initial values of `.data` included. */
  readonly flashBytes: number;
  /** Initialised and zeroed variables (`.data` + `.bss`), the arena included, the stack reservation not. */
  readonly staticSramBytes: number;
}

/** Section names that only reserve room for the stack. */
const STACK_SECTIONS = new Set(['.stack', '._user_heap_stack']);

/** Sums the sections as `size` does: flash = all programmed bytes, SRAM = writable sections without the stack. */
export function elfMemoryUse(image: ElfImage): ElfMemoryUse {
  const live = image.sections.filter((s) => s.allocated && !STACK_SECTIONS.has(s.name));
  const sum = (items: readonly ElfSection[]): number => items.reduce((total, s) => total + s.size, 0);
  return {
    flashBytes: sum(live.filter((s) => !s.zeroFilled)),
    staticSramBytes: sum(live.filter((s) => s.writable)),
  };
}
