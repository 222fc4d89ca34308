/**
 * Bounds-checked reading of Protocol Buffers messages. Format: protobuf.dev, "Encoding" (wire types, varints,
 * packed repeated fields).
 *
 * Every byte of the file is visited at most once per nesting level, and nesting is bounded by the callers, who
 * descend only where the ONNX schema says so. What is unknown is skipped by its length.
 */
import { badInput, limit } from '../../support/errors.js';

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field as met: its number, its wire type and where its payload stands. */
export interface WireField {
  readonly number: number;
  readonly type: number;
  /** First byte of the payload; behind the length where there is one. */
  readonly start: number;
  readonly end: number;
}

const MAX_NAME = 4096;

export class WireFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(
    bytes: Uint8Array,
    readonly fileName: string,
  ) {
    // A plain view: Node's Buffer overrides slice() to share memory.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(what: string): WireMessage {
    return new WireMessage(this, 0, this.bytes.length, what);
  }

  malformed(message: string, found?: string, expected?: string): Error {
    return badInput('onnx/malformed', message, {
      where: this.fileName,
      ...(found === undefined ? {} : { found }),
      ...(expected === undefined ? {} : { expected }),
    });
  }

  tooMany(what: string, found: number, cap: number): Error {
    return limit('onnx/too-many', `too many ${what}`, {
      where: this.fileName,
      found: String(found),
      expected: `at most ${cap}`,
    });
  }
}

/** A message: a range of bytes that is a sequence of fields. */
export class WireMessage {
  constructor(
    readonly file: WireFile,
    readonly start: number,
    readonly end: number,
    readonly what: string,
  ) {}

  /** Calls `visit` for every field in order; fails on anything that is not well formed. */
  forEachField(visit: (field: WireField) => void): void {
    let at = this.start;
    while (at < this.end) {
      const tag = this.varintAt(at, this.end);
      const number = Math.floor(tag.value / 8);
      const type = tag.value % 8;
      if (number < 1 || number > 0x1fffffff) throw this.broken(`has a field numbered ${number}`);
      const field = this.payload(number, type, tag.next);
      visit(field);
      at = field.end;
    }
  }

  private payload(number: number, type: number, at: number): WireField {
    switch (type) {
      case WIRE.varint:
        return { number, type, start: at, end: this.varintAt(at, this.end).next };
      case WIRE.fixed64:
        return this.sized(number, type, at, 8);
      case WIRE.fixed32:
        return this.sized(number, type, at, 4);
      case WIRE.bytes: {
        const length = this.varintAt(at, this.end);
        return this.sized(number, type, length.next, length.value);
      }
      default:
        throw this.broken(`has a field of wire type ${type}`);
    }
  }

  private sized(number: number, type: number, start: number, length: number): WireField {
    if (length > this.end - start)
      throw this.file.malformed(
        `field ${number} of ${this.what} reaches past its end`,
        `${length} bytes`,
        `at most ${this.end - start}`,
      );
    return { number, type, start, end: start + length };
  }

  /** Unsigned value of at most 64 bits; exact up to 2^53, which all lengths and tags are. */
  private varintAt(start: number, end: number): { readonly value: number; readonly next: number } {
    let value = 0;
    let weight = 1;
    for (let at = start; at < end && at < start + 10; at++) {
      const byte = this.file.bytes[at]!;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return { value, next: at + 1 };
      weight *= 128;
    }
    throw this.broken(end - start < 10 ? 'is truncated' : 'has a number longer than 64 bits');
  }

  private broken(problem: string): Error {
    return this.file.malformed(`${this.what} ${problem}: the file is truncated or corrupt`);
  }

  private expectType(field: WireField, type: number): void {
    if (field.type !== type) throw this.broken(`has field ${field.number} with wire type ${field.type}`);
  }

  /** A sub-message of the field. */
  message(field: WireField, what: string): WireMessage {
    this.expectType(field, WIRE.bytes);
    return new WireMessage(this.file, field.start, field.end, what);
  }

  /** The bytes themselves, not copied. */
  bytes(field: WireField): Uint8Array {
    this.expectType(field, WIRE.bytes);
    return this.file.bytes.subarray(field.start, field.end);
  }

  /** UTF-8 text; control characters, which would break one-line messages, become question marks. */
  string(field: WireField): string {
    const bytes = this.bytes(field);
    if (bytes.length > MAX_NAME)
      throw this.file.tooMany(`characters in a name of ${this.what}`, bytes.length, MAX_NAME);
    return printable(new TextDecoder().decode(bytes));
  }

  /** Signed 64-bit value as a number: exact within ±2^53, rounded beyond. */
  int(field: WireField): number {
    this.expectType(field, WIRE.varint);
    return this.signedAt(field.start, field.end).value;
  }

  float(field: WireField): number {
    this.expectType(field, WIRE.fixed32);
    return this.file.view.getFloat32(field.start, true);
  }

  private signedAt(start: number, end: number): { readonly value: number; readonly next: number } {
    const short = this.varintAt(start, end);
    if (short.next - start < 8) return short;
    let value = 0n;
    for (let at = start; at < short.next; at++)
      value |= BigInt(this.file.bytes[at]! & 0x7f) << BigInt(7 * (at - start));
    return { value: Number(BigInt.asIntN(64, value)), next: short.next };
  }

  /** Appends the integers of one occurrence of a repeated field, packed or not. */
  ints(field: WireField, into: number[], cap: number): void {
    if (field.type === WIRE.varint) into.push(this.int(field));
    else {
      this.expectType(field, WIRE.bytes);
      for (let at = field.start; at < field.end; ) {
        const item = this.signedAt(at, field.end);
        into.push(item.value);
        at = item.next;
        if (into.length > cap) break;
      }
    }
    if (into.length > cap) throw this.file.tooMany(`values in ${this.what}`, into.length, cap);
  }

  /** Appends the floats or doubles of one occurrence of a repeated field, packed or not. */
  reals(field: WireField, size: 4 | 8, into: number[], cap: number): void {
    if (field.type === WIRE.bytes && (field.end - field.start) % size !== 0)
      throw this.broken(`has ${field.end - field.start} bytes of ${size}-byte numbers`);
    if (field.type !== WIRE.bytes) this.expectType(field, size === 4 ? WIRE.fixed32 : WIRE.fixed64);
    const count = (field.end - field.start) / size;
    if (into.length + count > cap)
      throw this.file.tooMany(`values in ${this.what}`, into.length + count, cap);
    for (let at = field.start; at < field.end; at += size)
      into.push(size === 4 ? this.file.view.getFloat32(at, true) : this.file.view.getFloat64(at, true));
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
