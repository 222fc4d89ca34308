/**
 * Which source line an instruction comes from: a reader of .debug_line, the line-number programs of DWARF 2 to 5.
 * Source: DWARF Debugging Information Format, version 5, section 6.2; version 4, section 6.2.
 * Every read is checked against its section: a damaged table ends where the damage starts and says so.
 */

export interface DebugSections {
  readonly line: Uint8Array;
  /** .debug_line_str and .debug_str, which DWARF 5 keeps names in. */
  readonly lineStrings?: Uint8Array;
  readonly strings?: Uint8Array;
}

export interface SourceLine {
  /** As the compiler was given it, without the folder that it ran in. */
  readonly file: string;
  readonly line: number;
}

export interface LineTable {
  /** Undefined where the table says nothing about `address`. */
  locate(address: number): SourceLine | undefined;
  /** What is wrong with the sections; empty when all was read. */
  readonly problem: string;
}

/** From `address` to the next row's; `line` 0 ends a sequence. */
interface Row {
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

class Damage extends Error {}

const FORM = {
  ...{ data2: 0x05, data4: 0x06, data8: 0x07, string: 0x08, block: 0x09, data1: 0x0b },
  ...{ strp: 0x0e, udata: 0x0f, data16: 0x1e, lineStrp: 0x1f },
} as const;
const CONTENT = { path: 1, directory: 2 } as const;
const MAX_ROWS = 4_000_000;

/** Reads bytes [at, end) of a section. */
class Cursor {
  at: number;
  readonly end: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    if (at > end || end > bytes.length) throw new Damage('a length reaches past the end of its section');
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  private take(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.end) throw new Damage('a table ends in the middle of an entry');
    this.at = at + bytes;
    return at;
  }
  u8 = (): number => this.view.getUint8(this.take(1));
  i8 = (): number => this.view.getInt8(this.take(1));
  u16 = (): number => this.view.getUint16(this.take(2), true);
  u32 = (): number => this.view.getUint32(this.take(4), true);
  skip = (bytes: number): void => void this.take(bytes);

  /** LEB128; what exceeds 32 bits is cut off, as addresses and lines do not need it. */
  leb(signed: boolean): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift < 35) value += (byte & 0x7f) * 2 ** shift;
      if (byte & 0x80) continue;
      const bits = shift + 7;
      return signed && byte & 0x40 && bits < 42 ? value - 2 ** bits : value;
    }
  }
  uleb = (): number => this.leb(false);
  sleb = (): number => this.leb(true);

  text(): string {
    let text = '';
    for (let byte = this.u8(); byte !== 0; byte = this.u8()) text += String.fromCharCode(byte);
    return text;
  }
}

interface Header {
  readonly minimumLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of the standard opcodes 1 to opcodeBase − 1. */
  readonly operands: readonly number[];
  readonly fileOf: (index: number) => string;
}

/** Reads every unit of the section. */
export function readLineTable(sections: DebugSections): LineTable {
  const rows: Row[] = [];
  let problem = '';
  try {
    for (let at = 0; at < sections.line.length; ) at = readUnit(sections, at, rows);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    problem = `.debug_line: ${error.message}`;
  }
  // An end of sequence stands before a row of the same address that starts the next one.
  rows.sort((a, b) => a.address - b.address || Number(a.line !== 0) - Number(b.line !== 0));
  return { locate: (address) => locate(rows, address), problem };
}

function locate(rows: readonly Row[], address: number): SourceLine | undefined {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  const row = rows[low - 1];
  return row === undefined || row.line === 0 ? undefined : { file: row.file, line: row.line };
}

/** Appends the rows of the unit at `start`; returns where the next one starts. */
function readUnit(sections: DebugSections, start: number, rows: Row[]): number {
  const outer = new Cursor(sections.line, start);
  const length = outer.u32();
  if (length >= 0xfffffff0) throw new Damage('64-bit DWARF in a 32-bit program');
  const cursor = new Cursor(sections.line, outer.at, outer.at + length);
  const version = cursor.u16();
  if (version >= 2 && version <= 5) {
    runProgram(cursor, readHeader(cursor, version, sections), rows);
  }
  return cursor.end;
}

function readHeader(cursor: Cursor, version: number, sections: DebugSections): Header {
  if (version >= 5) cursor.skip(2); // address and segment selector size
  const headerLength = cursor.u32();
  const program = cursor.at + headerLength;
  if (program > cursor.end) throw new Damage('a header is longer than its unit');
  const minimumLength = cursor.u8();
  if (version >= 4) cursor.skip(1); // operations per instruction: 1 without VLIW
  cursor.skip(1); // default is_stmt
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new Damage('a header with a range of 0');
  const operands = Array.from({ length: opcodeBase - 1 }, cursor.u8);
  const fileOf = version >= 5 ? readNames5(cursor, sections) : readNames4(cursor);
  cursor.at = program;
  return { minimumLength, lineBase, lineRange, opcodeBase, operands, fileOf };
}

/** Versions 2 to 4: lists that end with an empty name; folder 0 is the one that the compiler ran in. */
function readNames4(cursor: Cursor): Header['fileOf'] {
  const folders = [''];
  for (let name = cursor.text(); name !== ''; name = cursor.text()) folders.push(name);
  const files: string[] = [];
  for (let name = cursor.text(); name !== ''; name = cursor.text()) {
    const folder = cursor.uleb();
    cursor.uleb(); // time of modification
    cursor.uleb(); // length
    files.push(joinPath(folders[folder] ?? '', name));
  }
  return (index) => files[index - 1] ?? '';
}

/** Version 5: entries described by (content, form) pairs; folder 0 is the one that the compiler ran in. */
function readNames5(cursor: Cursor, sections: DebugSections): Header['fileOf'] {
  const folders = readEntries(cursor, sections).map((entry, index) => (index === 0 ? '' : entry.path));
  const files = readEntries(cursor, sections).map(({ path, folder }) =>
    joinPath(folders[folder] ?? '', path),
  );
  return (index) => files[index] ?? '';
}

function readEntries(
  cursor: Cursor,
  sections: DebugSections,
): readonly { readonly path: string; readonly folder: number }[] {
  const formats = Array.from({ length: cursor.u8() }, () => [cursor.uleb(), cursor.uleb()] as const);
  const count = cursor.uleb();
  if (formats.length === 0 && count > 0) throw new Damage('names without a format');
  if (count > cursor.end - cursor.at) throw new Damage('more names than bytes');
  return Array.from({ length: count }, () => {
    let path = '';
    let folder = 0;
    for (const [content, form] of formats) {
      const value = readForm(cursor, form, sections);
      if (content === CONTENT.path) path = String(value);
      else if (content === CONTENT.directory) folder = Number(value);
    }
    return { path, folder };
  });
}

function readForm(cursor: Cursor, form: number, sections: DebugSections): string | number {
  switch (form) {
    case FORM.string:
      return cursor.text();
    case FORM.lineStrp:
      return textAt(sections.lineStrings, cursor.u32());
    case FORM.strp:
      return textAt(sections.strings, cursor.u32());
    case FORM.udata:
      return cursor.uleb();
    case FORM.data1:
      return cursor.u8();
    case FORM.data2:
      return cursor.u16();
    case FORM.data4:
      return cursor.u32();
    case FORM.data8:
      cursor.skip(8);
      return 0;
    case FORM.data16:
      cursor.skip(16);
      return 0;
    case FORM.block:
      cursor.skip(cursor.uleb());
      return 0;
    default:
      throw new Damage(`unknown form 0x${form.toString(16)}`);
  }
}

function textAt(section: Uint8Array | undefined, offset: number): string {
  if (section === undefined) throw new Damage('a section of names is missing');
  return new Cursor(section, offset).text();
}

const joinPath = (folder: string, name: string): string =>
  folder === '' || name.startsWith('/') ? name : `${folder.replace(/\/+$/, '')}/${name}`;

/** Runs a line-number program (DWARF 5, 6.2.5). `is_stmt`, views and discriminators are of no use here. */
function runProgram(cursor: Cursor, header: Header, rows: Row[]): void {
  const { minimumLength, lineBase, lineRange, opcodeBase, operands } = header;
  let sequence: Row[] = [];
  let state = { address: 0, file: 1, line: 1 };
  const emit = (): void => {
    if (rows.length + sequence.length > MAX_ROWS) throw new Damage('more rows than any firmware has');
    sequence.push({
      address: state.address,
      file: header.fileOf(state.file),
      line: Math.max(0, state.line),
    });
  };
  const endSequence = (): void => {
    // The linker leaves code that it dropped at address 0, where the vector table stands.
    if (sequence.length > 0 && sequence[0]!.address !== 0) {
      for (const row of sequence) rows.push(row);
      rows.push({ address: state.address, file: '', line: 0 });
    }
    sequence = [];
    state = { address: 0, file: 1, line: 1 };
  };
  const advance = (operation: number): void => {
    state.address = (state.address + operation * minimumLength) >>> 0;
  };
  while (cursor.at < cursor.end) {
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      const special = opcode - opcodeBase;
      advance(Math.floor(special / lineRange));
      state.line += lineBase + (special % lineRange);
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = cursor.uleb();
        const next = cursor.at + length;
        if (next > cursor.end) throw new Damage('an extended opcode is longer than its unit');
        const extended = length === 0 ? 0 : cursor.u8();
        if (extended === 1) endSequence();
        else if (extended === 2) state.address = cursor.u32();
        cursor.at = next;
        break;
      }
      case 1:
        emit();
        break;
      case 2:
        advance(cursor.uleb());
        break;
      case 3:
        state.line += cursor.sleb();
        break;
      case 4:
        state.file = cursor.uleb();
        break;
      case 8:
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case 9:
        state.address = (state.address + cursor.u16()) >>> 0;
        break;
      default: // set_column, negate_stmt, …, and opcodes of later versions
        for (let count = operands[opcode - 1] ?? 0; count > 0; count--) cursor.uleb();
    }
  }
}
