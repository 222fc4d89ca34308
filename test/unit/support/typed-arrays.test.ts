import { describe, expect, it } from 'vitest';
import { fillWith, shareable } from '../../../src/support/typed-arrays.js';

describe('fillWith', () => {
  it('gives what TypedArray.from gives', () => {
    const values = [0.1, -2.75, 3e38, 300, -129];
    const half = (i: number): number => values[i]! / 2;
    expect(fillWith(new Float32Array(5), half)).toEqual(Float32Array.from(values, (x) => x / 2));
    expect(fillWith(new Uint8Array(5), half)).toEqual(Uint8Array.from(values, (x) => x / 2));
    expect(fillWith(new Int8Array(5), half)).toEqual(Int8Array.from(values, (x) => x / 2));
  });

  it('fills the array that it is given', () => {
    const array = new Float64Array(2);
    expect(fillWith(array, (i) => i + 1)).toBe(array);
    expect([...array]).toEqual([1, 2]);
  });
});

describe('shareable', () => {
  it('copies values into memory that a structured clone shares', () => {
    const values = Float32Array.of(1, 2, 3).subarray(1);
    const shared = shareable(values);
    const clone = structuredClone(shared);
    values[0] = 7;
    shared[1] = 5;
    expect([...clone]).toEqual([2, 5]);
  });
});
