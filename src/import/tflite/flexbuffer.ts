/**
 * The options of a custom operator: a FlexBuffers map of scalars, every offset checked before it is followed.
 * Format: google/flatbuffers, include/flatbuffers/flexbuffers.h and the documentation page "FlexBuffers".
 *
 *   keys: [length][offset back to a zero-terminated string] …
 *   map:  [offset back to keys][width of keys' elements][length][value …][type of each value, a byte]
 *   root: [offset back to map][type][width of the offset]
 */
const TYPE = { int: 1, uint: 2, float: 3, map: 9, bool: 26 } as const;
const MAX_ENTRIES = 64;
const MAX_KEY = 64;

class Reader {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private fits(at: number, width: number): boolean {
    return at >= 0 && at + width <= this.bytes.length && [1, 2, 4, 8].includes(width);
  }

  unsigned(at: number, width: number): number | undefined {
    if (!this.fits(at, width)) return undefined;
    if (width === 8) return Number(this.view.getBigUint64(at, true));
    if (width === 4) return this.view.getUint32(at, true);
    return width === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at);
  }

  signed(at: number, width: number): number | undefined {
    const value = this.unsigned(at, width);
    const range = 2 ** (8 * width);
    return value !== undefined && value >= range / 2 ? value - range : value;
  }

  float(at: number, width: number): number | undefined {
    if (!this.fits(at, width) || width < 4) return undefined;
    return width === 8 ? this.view.getFloat64(at, true) : this.view.getFloat32(at, true);
  }

  /** The position that the offset at `at` points back to. */
  back(at: number, width: number): number | undefined {
    const offset = this.unsigned(at, width);
    return offset === undefined || offset > at ? undefined : at - offset;
  }

  key(at: number): string | undefined {
    const end = this.bytes.subarray(at, at + MAX_KEY + 1).indexOf(0);
    return end < 0 ? undefined : new TextDecoder().decode(this.bytes.subarray(at, at + end));
  }

  scalar(at: number, width: number, type: number): number | undefined {
    if (type === TYPE.float) return this.float(at, width);
    if (type === TYPE.int) return this.signed(at, width);
    return type === TYPE.uint || type === TYPE.bool ? this.unsigned(at, width) : undefined;
  }
}

/** Scalars by name, booleans as 0 and 1; other values are left out. Undefined when the bytes are no such map. */
export function readFlexMap(bytes: Uint8Array): ReadonlyMap<string, number> | undefined {
  const reader = new Reader(bytes);
  const rootWidth = bytes.at(-1) ?? 0;
  const rootType = bytes.at(-2) ?? 0;
  const map = reader.back(bytes.length - 2 - rootWidth, rootWidth);
  if (map === undefined || rootType >> 2 !== TYPE.map) return undefined;
  const width = 1 << (rootType & 3);
  const length = reader.unsigned(map - width, width);
  const keysWidth = reader.unsigned(map - 2 * width, width);
  const keys = reader.back(map - 3 * width, width);
  if (length === undefined || length > MAX_ENTRIES || keysWidth === undefined || keys === undefined)
    return undefined;
  const entries = new Map<string, number>();
  for (let i = 0; i < length; i++) {
    const keyAt = reader.back(keys + i * keysWidth, keysWidth);
    const key = keyAt === undefined ? undefined : reader.key(keyAt);
    const type = reader.unsigned(map + length * width + i, 1);
    if (key === undefined || type === undefined) return undefined;
    const value = reader.scalar(map + i * width, width, type >> 2);
    if (value !== undefined) entries.set(key, value);
  }
  return entries;
}
