/**
 * Raw tensor files (.bin, .dat, .raw, .npy) → the network's stored input bytes.
 *
 * A headerless file's element type: the recipe's `rawType`; else by length, n bytes or n float32; among the
 * one-byte types .dat is uint8 pixels and everything else the model's own input type. .npy files say it.
 */
import { badInput } from '../support/errors.js';
import { elementCount, type InputSpec, storePixels, storeReals } from './input-spec.js';
import type { InputWatch } from './input-watch.js';
import { isNpy, parseNpy } from './npy.js';
import type { RawType, Recipe } from './recipe.js';

export const TENSOR_SUFFIXES: readonly string[] = ['.bin', '.dat', '.raw', '.npy'];

const BYTES = { int8: 1, uint8: 1, float32: 4 } as const satisfies Record<RawType, number>;

export function loadTensor(
  bytes: Uint8Array,
  where: string,
  spec: InputSpec,
  recipe: Recipe,
  watch?: InputWatch,
): Uint8Array {
  if (isNpy(bytes)) {
    const array = parseNpy(bytes, where);
    checkCount(array.values.length, spec, where);
    if (array.type === 'uint8') return storePixels(array.values, spec, recipe, watch);
    if (array.type === 'float32') return storeReals(array.values, spec, watch);
    const stored = new Uint8Array(array.values.buffer, array.values.byteOffset, array.values.length);
    return storeBytes(stored, spec, recipe, watch);
  }
  const type = recipe.rawType ?? guessType(bytes.length, where, spec);
  checkCount(bytes.length / BYTES[type], spec, where);
  if (type === 'int8') return storeBytes(bytes.slice(), spec, recipe, watch);
  if (type === 'uint8') return storePixels(bytes, spec, recipe, watch);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return storeReals(
    Float32Array.from({ length: elementCount(spec) }, (_, i) => view.getFloat32(i * 4, true)),
    spec,
    watch,
  );
}

/** int8 values of a float network whose recipe says what they mean: x of the mapping is the value plus 128. */
const isMapped = (spec: InputSpec, { scale, mean, std }: Recipe): boolean =>
  spec.dtype === 'float32' && (scale ?? mean ?? std) !== undefined;

function storeBytes(bytes: Uint8Array, spec: InputSpec, recipe: Recipe, watch?: InputWatch): Uint8Array {
  if (isMapped(spec, recipe)) return storePixels(recentre(bytes), spec, recipe, watch);
  watch?.addStored(bytes);
  return bytes;
}

const recentre = (bytes: Uint8Array): Uint8Array => bytes.map((x) => x ^ 0x80);

function guessType(length: number, where: string, spec: InputSpec): RawType {
  if (length === elementCount(spec) * BYTES.float32) return 'float32';
  if (where.toLowerCase().endsWith('.dat')) return 'uint8';
  // One byte per element at a float edge: already quantised.
  return spec.dtype === 'uint8' ? 'uint8' : 'int8';
}

function checkCount(found: number, spec: InputSpec, where: string): void {
  const expected = elementCount(spec);
  if (found === expected) return;
  throw badInput('data/length', `does not match input "${spec.name}"`, {
    where,
    found: `${found} elements`,
    expected: `${expected} (${spec.shape.join('×')}), as bytes or float32`,
  });
}
