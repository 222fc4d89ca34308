/** Reads NumPy .npy files of one small numeric array; format: numpy.lib.format, versions 1.0 to 3.0. */
import { badInput, unsupported } from '../support/errors.js';

export type NpyValues =
  | { readonly type: 'uint8'; readonly values: Uint8Array }
  | { readonly type: 'int8'; readonly values: Int8Array }
  | { readonly type: 'float32'; readonly values: Float32Array };

export type NpyArray = NpyValues & { readonly shape: readonly number[] };

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ELEMENT_BYTES = { u1: 1, i1: 1, f4: 4, f8: 8 } as const;

export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/** Throws a `QuantmcuError` on other element types, Fortran order, or a length that contradicts the shape. */
export function parseNpy(bytes: Uint8Array, where: string): NpyArray {
  if (!isNpy(bytes) || bytes.length < 12) throw badInput('npy/header', 'not a .npy file', { where });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const end = start + (bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw badInput('npy/truncated', 'cut off in its header', { where });
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const descr = /'descr'\s*:\s*'[<|=]([a-z]\d)'/.exec(header)?.[1];
  if (descr === undefined || !Object.hasOwn(ELEMENT_BYTES, descr)) {
    throw unsupported('npy/type', 'element type not read', {
      where,
      found: /'descr'\s*:\s*([^,]*)/.exec(header)?.[1] ?? 'none',
      expected: 'uint8, int8, float32 or float64, little-endian',
    });
  }
  if (/'fortran_order'\s*:\s*True/.test(header)) {
    throw unsupported('npy/order', 'Fortran order', { where, fix: 'Save np.ascontiguousarray(x).' });
  }
  const shapeText = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? '';
  const shape = shapeText
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const type = descr as keyof typeof ELEMENT_BYTES;
  const count = shape.reduce((product, size) => product * size, 1);
  const expected = count * ELEMENT_BYTES[type];
  if (bytes.length - end !== expected) {
    throw badInput('npy/length', `shape (${shape.join(', ')}) contradicts the file's length`, {
      where,
      found: `${bytes.length - end} bytes of data`,
      expected: `${expected}`,
    });
  }
  return { shape, ...readValues(type, bytes.slice(end), count) };
}

function readValues(type: keyof typeof ELEMENT_BYTES, data: Uint8Array, count: number): NpyValues {
  if (type === 'u1') return { type: 'uint8', values: data };
  if (type === 'i1') return { type: 'int8', values: new Int8Array(data.buffer) };
  const view = new DataView(data.buffer);
  const read =
    type === 'f4' ? (i: number) => view.getFloat32(i * 4, true) : (i: number) => view.getFloat64(i * 8, true);
  return { type: 'float32', values: Float32Array.from({ length: count }, (_, i) => read(i)) };
}
