/**
 * Source lines from DWARF: the line number programs of `.debug_line`, versions 2 to 5.
 * Source: DWARF Debugging Information Format 5, section 6.2; version 4, section 6.2.
 */
import { badInput } from '../support/errors.js';
import type { LocateLine } from './builtin-profile.js';

interface Row {
  readonly address: number;
  readonly file: string;
  readonly line: number;
  /** The address behind the sequence: no line. */
  readonly end: boolean;
}

interface Sections {
  readonly line: DataView;
  readonly lineStrings: DataView;
  readonly strings: DataView;
}

/** Standard opcodes that move address, file or line; the others' operands are skipped. */
const STANDARD = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  constAddPc: 8,
  fixedAdvance: 9,
} as const;
const EXTENDED = { endSequence: 1, setAddress: 2 } as const;
const CONTENT = { path: 1, directory: 2 } as const;
const FORM = {
  data2: 5,
  data4: 6,
  data8: 7,
  string: 8,
  block: 9,
  data1: 11,
  strp: 14,
  udata: 15,
  lineStrp: 31,
} as const;
const DATA16 = 30;

/** Where addresses come from; undefined when the ELF holds no line information. Throws `emulate/dwarf` when malformed. */
export function readLineTable(elf: Uint8Array): LocateLine | undefined {
  const line = section(elf, '.debug_line');
  if (line === undefined) return undefined;
  const empty = new DataView(new ArrayBuffer(0));
  const sections: Sections = {
    line,
    lineStrings: section(elf, '.debug_line_str') ?? empty,
    strings: section(elf, '.debug_str') ?? empty,
  };
  let rows: Row[];
  try {
    rows = readPrograms(sections);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badInput('emulate/dwarf', 'the section .debug_line is truncated or malformed');
  }
  // an end of a sequence yields to the start of the next at the same address
  rows.sort((a, b) => a.address - b.address || Number(b.end) - Number(a.end));
  return (address) => lookUp(rows, address);
}

function lookUp(rows: readonly Row[], address: number): ReturnType<LocateLine> {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  const row = rows[low - 1];
  return row === undefined || row.end || row.line === 0 ? undefined : { file: row.file, line: row.line };
}

/** The contents of a section of a little-endian 32-bit ELF. */
function section(elf: Uint8Array, wanted: string): DataView | undefined {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const table = view.getUint32(32, true);
  const entryBytes = view.getUint16(46, true);
  const count = view.getUint16(48, true);
  const header = (index: number): number => table + index * entryBytes;
  const names = view.getUint32(header(view.getUint16(50, true)) + 16, true);
  for (let index = 0; index < count; index++) {
    const at = header(index);
    if (text(view, names + view.getUint32(at, true)) !== wanted) continue;
    const offset = view.getUint32(at + 16, true);
    return new DataView(elf.buffer, elf.byteOffset + offset, view.getUint32(at + 20, true));
  }
  return undefined;
}

function text(view: DataView, offset: number): string {
  let end = offset;
  while (view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset));
}

/** Reads numbers one after the other. */
class Cursor {
  readonly view: DataView;
  at: number;

  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
  }

  u8(): number {
    return this.view.getUint8(this.at++);
  }
  i8(): number {
    return this.view.getInt8(this.at++);
  }
  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }
  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }
  string(): string {
    const value = text(this.view, this.at);
    while (this.view.getUint8(this.at++) !== 0);
    return value;
  }
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
  signed(): number {
    let value = 0;
    for (let scale = 1; ; ) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
  }
}

function readPrograms(sections: Sections): Row[] {
  const rows: Row[] = [];
  for (let offset = 0; offset < sections.line.byteLength; ) {
    const length = sections.line.getUint32(offset, true);
    readProgram(sections, new Cursor(sections.line, offset + 4), offset + 4 + length, rows);
    offset += 4 + length;
  }
  return rows;
}

interface Header {
  readonly minimum: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  readonly files: readonly string[];
  readonly firstFile: number;
}

function readProgram(sections: Sections, cursor: Cursor, end: number, rows: Row[]): void {
  const version = cursor.u16();
  if (version < 2 || version > 5) return;
  if (version === 5) cursor.at += 2; // address and segment selector sizes
  const headerLength = cursor.u32();
  const program = cursor.at + headerLength;
  const minimum = cursor.u8();
  if (version >= 4) cursor.at += 1; // operations per instruction, for VLIW
  cursor.at += 1; // default is_stmt
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  const files = version === 5 ? filesOfVersion5(sections, cursor) : filesBefore5(cursor);
  cursor.at = program;
  const firstFile = version === 5 ? 0 : 1;
  execute(cursor, end, { minimum, lineBase, lineRange, opcodeBase, operandCounts, files, firstFile }, rows);
}

function filesBefore5(cursor: Cursor): readonly string[] {
  const directories = [''];
  for (let name = cursor.string(); name !== ''; name = cursor.string()) directories.push(name);
  const files: string[] = [];
  for (let name = cursor.string(); name !== ''; name = cursor.string()) {
    const directory = directories[cursor.unsigned()] ?? '';
    cursor.unsigned(); // time
    cursor.unsigned(); // size
    files.push(join(directory, name));
  }
  return files;
}

function filesOfVersion5(sections: Sections, cursor: Cursor): readonly string[] {
  const directories = entries(sections, cursor).map((entry) => entry.path);
  return entries(sections, cursor).map(({ path, directory }) => join(directories[directory] ?? '', path));
}

const join = (directory: string, name: string): string =>
  directory === '' || name.startsWith('/') ? name : `${directory}/${name}`;

function entries(
  sections: Sections,
  cursor: Cursor,
): readonly { readonly path: string; readonly directory: number }[] {
  const formats = Array.from({ length: cursor.u8() }, () => [cursor.unsigned(), cursor.unsigned()] as const);
  const count = cursor.unsigned();
  if (count > cursor.view.byteLength) throw new RangeError(`${count} entries`);
  return Array.from({ length: count }, () => {
    let path = '';
    let directory = 0;
    for (const [content, form] of formats) {
      const value = formValue(sections, cursor, form);
      if (content === CONTENT.path) path = String(value);
      if (content === CONTENT.directory) directory = Number(value);
    }
    return { path, directory };
  });
}

function formValue(sections: Sections, cursor: Cursor, form: number): string | number {
  switch (form) {
    case FORM.string:
      return cursor.string();
    case FORM.lineStrp:
      return text(sections.lineStrings, cursor.u32());
    case FORM.strp:
      return text(sections.strings, cursor.u32());
    case FORM.udata:
      return cursor.unsigned();
    case FORM.data1:
      return cursor.u8();
    case FORM.data2:
      return cursor.u16();
    case FORM.data4:
      return cursor.u32();
    case FORM.data8:
      cursor.at += 8;
      return 0;
    case DATA16:
      cursor.at += 16;
      return 0;
    case FORM.block:
      cursor.at += cursor.unsigned();
      return 0;
    default:
      throw new RangeError(`form ${form}`);
  }
}

/** Runs one line number program; columns, statements and blocks do not matter here. */
function execute(cursor: Cursor, end: number, header: Header, rows: Row[]): void {
  let address = 0;
  let file = 1;
  let line = 1;
  const emit = (isEnd: boolean): void => {
    const name = header.files[file - header.firstFile] ?? '?';
    rows.push({ address: (address & ~1) >>> 0, file: name, line, end: isEnd });
  };
  const advance = (opcode: number): void => {
    address += Math.floor((opcode - header.opcodeBase) / header.lineRange) * header.minimum;
  };
  while (cursor.at < end) {
    const opcode = cursor.u8();
    if (opcode >= header.opcodeBase) {
      advance(opcode);
      line += header.lineBase + ((opcode - header.opcodeBase) % header.lineRange);
      emit(false);
    } else if (opcode === 0) {
      const next = cursor.unsigned() + cursor.at;
      const extended = cursor.u8();
      if (extended === EXTENDED.setAddress) address = cursor.u32();
      if (extended === EXTENDED.endSequence) {
        emit(true);
        address = 0;
        file = 1;
        line = 1;
      }
      cursor.at = next;
    } else if (opcode === STANDARD.copy) emit(false);
    else if (opcode === STANDARD.advancePc) address += cursor.unsigned() * header.minimum;
    else if (opcode === STANDARD.advanceLine) line += cursor.signed();
    else if (opcode === STANDARD.setFile) file = cursor.unsigned();
    else if (opcode === STANDARD.constAddPc) advance(255);
    else if (opcode === STANDARD.fixedAdvance) address += cursor.u16();
    else for (let left = header.operandCounts[opcode - 1] ?? 0; left > 0; left--) cursor.unsigned();
  }
}
