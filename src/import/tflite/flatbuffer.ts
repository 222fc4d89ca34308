/**
 * Bounds-checked access to FlatBuffers tables, vectors and strings; every offset is verified before it is
 * followed. Format: the public FlatBuffers internals document (google/flatbuffers, docs "internals").
 *
 * A hostile file can let many offsets point at the same bytes, so that a small file unfolds to a large
 * structure. Everything decoded is therefore charged to a budget proportional to the file's size.
 */
import { badInput, limit } from '../../support/errors.js';

/** Decoded bytes allowed per byte of file; honest files stay below 2. */
const BUDGET_PER_BYTE = 8;
const BUDGET_BASE = 1 << 16;
const MAX_STRING = 4096;

export class FlatBufferFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  private budget: number;

  constructor(
    bytes: Uint8Array,
    readonly fileName: string,
  ) {
    // A plain view: Node's Buffer overrides slice() to share memory.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.budget = bytes.length * BUDGET_PER_BYTE + BUDGET_BASE;
  }

  root(what: string): FlatTable {
    if (this.bytes.length < 8) throw this.malformed('the file is truncated', `${this.bytes.length} bytes`);
    return new FlatTable(this, this.view.getUint32(0, true), what);
  }

  /** Fails unless `length` bytes at `at` lie inside the file. */
  need(at: number, length: number, what: string): void {
    if (at < 0 || length < 0 || at + length > this.bytes.length)
      throw this.malformed(
        `${what} reaches past the end of the file`,
        `bytes ${at}…${at + length}`,
        `at most ${this.bytes.length}`,
      );
  }

  charge(bytes: number, what: string): void {
    this.budget -= bytes;
    if (this.budget < 0)
      throw limit('tflite/amplified', `${what} unfolds to far more data than the file holds`, {
        where: this.fileName,
        fix: 'The file is corrupt or hostile; export it again.',
      });
  }

  malformed(message: string, found?: string, expected?: string): Error {
    return badInput('tflite/malformed', message, {
      where: this.fileName,
      ...(found === undefined ? {} : { found }),
      ...(expected === undefined ? {} : { expected }),
    });
  }
}

/** One table. Fields are named by their id in the schema; an absent field has the given default. */
export class FlatTable {
  private readonly vtable: number;
  private readonly vtableBytes: number;
  private readonly tableBytes: number;

  constructor(
    readonly file: FlatBufferFile,
    private readonly at: number,
    readonly what: string,
  ) {
    file.need(at, 4, `table ${what}`);
    this.vtable = at - file.view.getInt32(at, true);
    file.need(this.vtable, 4, `the vtable of ${what}`);
    this.vtableBytes = file.view.getUint16(this.vtable, true);
    this.tableBytes = file.view.getUint16(this.vtable + 2, true);
    if (this.vtableBytes < 4 || this.vtableBytes % 2 !== 0 || this.tableBytes < 4)
      throw file.malformed(
        `the vtable of ${what} is corrupt`,
        `sizes ${this.vtableBytes}, ${this.tableBytes}`,
      );
    file.need(this.vtable, this.vtableBytes, `the vtable of ${what}`);
    file.need(at, this.tableBytes, `table ${what}`);
    file.charge(16, what);
  }

  /** Position of a field of `size` bytes, or undefined when absent. */
  private field(id: number, size: number, name: string): number | undefined {
    const slot = 4 + 2 * id;
    if (slot + 2 > this.vtableBytes) return undefined;
    const offset = this.file.view.getUint16(this.vtable + slot, true);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + size > this.tableBytes)
      throw this.file.malformed(
        `field ${name} of ${this.what} lies outside its table`,
        `offset ${offset}`,
        `at most ${this.tableBytes - size}`,
      );
    return this.at + offset;
  }

  has(id: number): boolean {
    return this.field(id, 1, `#${id}`) !== undefined;
  }
  u8(id: number, name: string, fallback: number): number {
    const at = this.field(id, 1, name);
    return at === undefined ? fallback : this.file.view.getUint8(at);
  }
  i8(id: number, name: string, fallback: number): number {
    const at = this.field(id, 1, name);
    return at === undefined ? fallback : this.file.view.getInt8(at);
  }
  bool(id: number, name: string, fallback: boolean): boolean {
    return this.u8(id, name, fallback ? 1 : 0) !== 0;
  }
  i32(id: number, name: string, fallback: number): number {
    const at = this.field(id, 4, name);
    return at === undefined ? fallback : this.file.view.getInt32(at, true);
  }
  u32(id: number, name: string, fallback: number): number {
    const at = this.field(id, 4, name);
    return at === undefined ? fallback : this.file.view.getUint32(at, true);
  }
  f32(id: number, name: string, fallback: number): number {
    const at = this.field(id, 4, name);
    return at === undefined ? fallback : this.file.view.getFloat32(at, true);
  }
  u64(id: number, name: string, fallback: bigint): bigint {
    const at = this.field(id, 8, name);
    return at === undefined ? fallback : this.file.view.getBigUint64(at, true);
  }

  /** Target of an offset field, or undefined when absent. */
  private target(id: number, name: string): number | undefined {
    const at = this.field(id, 4, name);
    return at === undefined ? undefined : at + this.file.view.getUint32(at, true);
  }

  table(id: number, name: string): FlatTable | undefined {
    const at = this.target(id, name);
    return at === undefined ? undefined : new FlatTable(this.file, at, `${this.what}.${name}`);
  }

  /** Start and element count of a vector whose elements take `size` bytes each. */
  private vector(id: number, name: string, size: number): { start: number; length: number } | undefined {
    const at = this.target(id, name);
    if (at === undefined) return undefined;
    const what = `vector ${this.what}.${name}`;
    this.file.need(at, 4, what);
    const length = this.file.view.getUint32(at, true);
    this.file.need(at + 4, length * size, `${what} of ${length} elements`);
    return { start: at + 4, length };
  }

  /** Vector of tables; `cap` bounds the count. */
  tables(id: number, name: string, cap: number): FlatTable[] {
    const vector = this.vector(id, name, 4);
    if (vector === undefined) return [];
    if (vector.length > cap)
      throw limit('tflite/too-many', `too many entries in ${this.what}.${name}`, {
        where: this.file.fileName,
        found: String(vector.length),
        expected: `at most ${cap}`,
      });
    return Array.from({ length: vector.length }, (_, i) => {
      const at = vector.start + 4 * i;
      return new FlatTable(this.file, at + this.file.view.getUint32(at, true), `${name}[${i}]`);
    });
  }

  private numbers<T>(id: number, name: string, size: number, read: (at: number) => T): T[] | undefined {
    const vector = this.vector(id, name, size);
    if (vector === undefined) return undefined;
    this.file.charge(vector.length * size, `${this.what}.${name}`);
    return Array.from({ length: vector.length }, (_, i) => read(vector.start + size * i));
  }
  i32s(id: number, name: string): number[] | undefined {
    return this.numbers(id, name, 4, (at) => this.file.view.getInt32(at, true));
  }
  f32s(id: number, name: string): number[] | undefined {
    return this.numbers(id, name, 4, (at) => this.file.view.getFloat32(at, true));
  }
  i64s(id: number, name: string): bigint[] | undefined {
    return this.numbers(id, name, 8, (at) => this.file.view.getBigInt64(at, true));
  }
  /** The bytes themselves, not copied. */
  bytes(id: number, name: string): Uint8Array | undefined {
    const vector = this.vector(id, name, 1);
    return vector === undefined
      ? undefined
      : this.file.bytes.subarray(vector.start, vector.start + vector.length);
  }
  string(id: number, name: string): string | undefined {
    const bytes = this.bytes(id, name);
    if (bytes === undefined) return undefined;
    this.file.charge(Math.min(bytes.length, MAX_STRING), `${this.what}.${name}`);
    return printable(new TextDecoder().decode(bytes.subarray(0, MAX_STRING)));
  }
}

/** Control characters would break one-line messages and generated C comments. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
