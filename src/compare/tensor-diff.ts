/**
 * The first place where two packed feature maps differ, in canonical order: what `verify` prints when a layer
 * is not byte-equal. Compares bytes, so bits that no element uses must agree too (numeric contract, "Packing").
 */
import type { PlanTensor } from '../ir/deploy-plan.js';
import { activationsAreSigned, unpackLanes } from '../numeric/lanes.js';
import { pixelBytes } from '../numeric/widths.js';

export interface TensorDifference {
  readonly layer: string;
  /** `value`: an element; `unused_bits`: bits behind a pixel's last channel; `length`: byte counts differ. */
  readonly kind: 'value' | 'unused_bits' | 'length';
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  /** Stored values; for `unused_bits` the pixel's last byte, for `length` the byte counts. */
  readonly expected: number;
  readonly actual: number;
  /** Elements whose values differ. */
  readonly count: number;
  /** Elements of the tensor. */
  readonly elements: number;
}

/** Compares packed bytes of `tensor`; undefined when they are equal. */
export function diffTensor(
  layer: string,
  tensor: PlanTensor,
  expected: Uint8Array,
  actual: Uint8Array,
): TensorDifference | undefined {
  const [height, width, channels] = tensor.shape;
  const elements = height * width * channels;
  if (expected.length !== actual.length) {
    const at = { y: 0, x: 0, channel: 0, expected: expected.length, actual: actual.length };
    return { layer, kind: 'length', ...at, count: elements, elements };
  }
  const byte = firstDifferingByte(expected, actual);
  if (byte < 0) return undefined;
  const unpack = (bytes: Uint8Array): Int32Array =>
    unpackLanes(bytes, height * width, channels, tensor.bits, activationsAreSigned(tensor.bits));
  const wanted = unpack(expected);
  const found = unpack(actual);
  const { first, count } = compareValues(wanted, found);
  const pixel =
    first < 0 ? Math.floor(byte / pixelBytes(channels, tensor.bits)) : Math.floor(first / channels);
  return {
    layer,
    kind: first < 0 ? 'unused_bits' : 'value',
    y: Math.floor(pixel / width),
    x: pixel % width,
    channel: first < 0 ? channels - 1 : first % channels,
    expected: first < 0 ? expected[byte]! : wanted[first]!,
    actual: first < 0 ? actual[byte]! : found[first]!,
    count,
    elements,
  };
}

/** One line: layer, position, both values, how many differ. */
export function describeDifference(difference: TensorDifference): string {
  const { layer, y, x, channel, expected, actual, count, elements } = difference;
  switch (difference.kind) {
    case 'length':
      return `${layer}: ${actual} bytes, expected ${expected}`;
    case 'unused_bits':
      return `${layer}: unused bits of pixel (y ${y}, x ${x}) are not as expected: byte ${actual}, expected ${expected}`;
    default:
      return `${layer}: (y ${y}, x ${x}, channel ${channel}) is ${actual}, expected ${expected}; ${count} of ${elements} values differ`;
  }
}

function firstDifferingByte(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return index;
  return -1;
}

function compareValues(a: Int32Array, b: Int32Array): { readonly first: number; readonly count: number } {
  let first = -1;
  let count = 0;
  for (let index = 0; index < a.length; index++) {
    if (a[index] === b[index]) continue;
    if (first < 0) first = index;
    count++;
  }
  return { first, count };
}
