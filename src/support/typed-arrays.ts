/** What typed arrays of millions of elements need to be fast. */

interface Writable {
  readonly length: number;
  [index: number]: number;
}

/**
 * `array` with `of(i)` at every index. `TypedArray.from(values, of)` does the same through an iterator, many times
 * as slowly: for short lists only.
 */
export function fillWith<T extends Writable>(array: T, of: (index: number) => number): T {
  for (let i = 0; i < array.length; i++) array[i] = of(i);
  return array;
}

/** The values in memory that worker threads see too: what is sent to them is not copied. */
export function shareable(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
