/** Orders and packings that the C kernels rely on, against small cases worked out by hand. */
import { describe, expect, it } from 'vitest';
import { columnOrder, columnPairs } from '../../../src/bind/column-order.js';
import { packDepthwise, packDotBlocks, storedWeightOffset } from '../../../src/bind/pack-weights.js';

describe('column order', () => {
  it('spreads whole input words by masks: lanes j and j + L/2 make pair j', () => {
    expect([...columnOrder(8, 4, 8, 8)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect([...columnOrder(8, 8, 4, 8)]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect([...columnOrder(16, 16, 2, 2)]).toEqual([0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15]);
  });

  it('keeps neighbours where pixels are no whole words, and pads with −1', () => {
    expect([...columnOrder(3, 3, 8, 8)]).toEqual([0, 1, 2, -1]);
    expect([...columnOrder(5, 5, 8, 2)]).toEqual([0, 1, 2, 3, 4, -1, -1, -1]);
    expect([...columnOrder(4, 4, 4, 8)]).toEqual([0, 1, 2, 3]);
  });

  it('rounds up to what a weight word covers', () => {
    expect([1, 2, 3, 27].map((length) => columnPairs(length, 8))).toEqual([1, 1, 2, 14]);
    expect([1, 4, 5, 27].map((length) => columnPairs(length, 2))).toEqual([2, 2, 4, 14]);
  });
});

const words = (bytes: Uint8Array): string[] =>
  [...new Uint32Array(bytes.buffer)].map((word) => word.toString(16).padStart(8, '0'));

describe('dot-product streams', () => {
  // Four channels, two k: channel c holds (c + 1, −(c + 1)).
  const rows = Int32Array.from([1, -1, 2, -2, 3, -3, 4, -4]);
  const order = Int32Array.from([0, 1]);

  it('w8: bytes c0.lo c1.lo c0.hi c1.hi, then c2 and c3', () => {
    expect(words(packDotBlocks(rows, 4, 2, order, 8))).toEqual(['feff0201', 'fcfd0403']);
  });

  it('w4: nibbles of w + 8, low elements in the low half', () => {
    expect(words(packDotBlocks(rows, 4, 2, order, 4))).toEqual(['4567cba9']);
  });

  it('w2: crumbs of w + 2, two pairs a word', () => {
    const ternary = Int32Array.from([1, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, -1, 1, 1, -1, 0]);
    // channel 0: (1, −1), (0, 1) → stored 3 1, 2 3; channel 1: (−1, 0), (1, 1) → 1 2, 3 3; …
    const stored = (lo: number[], hi: number[]): number =>
      lo.reduce((sum, v, j) => sum + (v << (2 * j)), 0) +
      hi.reduce((sum, v, j) => sum + (v << (2 * j)), 0) * 65536;
    const expected = stored([3, 1, 2, 3, 2, 3, 3, 1], [1, 2, 2, 3, 3, 3, 1, 2]);
    expect(words(packDotBlocks(ternary, 4, 4, Int32Array.from([0, 1, 2, 3]), 2))).toEqual([
      expected.toString(16).padStart(8, '0'),
    ]);
  });

  it('fills missing channels of the last block with zeros', () => {
    const packed = packDotBlocks(Int32Array.from([5, 6]), 1, 2, order, 8);
    expect(words(packed)).toEqual(['00060005', '00000000']);
  });

  it('states the offset of unsigned storage', () => {
    expect([8, 4, 2].map((bits) => storedWeightOffset(3, bits as 8 | 4 | 2))).toEqual([3, 11, 5]);
  });
});

describe('depthwise streams', () => {
  it('puts the taps of four channels together, missing channels at the zero point', () => {
    // Two taps, five channels.
    const weights = Int32Array.from([1, 2, 3, 4, 5, -1, -2, -3, -4, -5]);
    const expected8 = [1, 2, 3, 4, -1, -2, -3, -4, 5, 9, 9, 9, -5, 9, 9, 9];
    expect([...new Int8Array(packDepthwise(weights, 2, 5, 9, 8).buffer)]).toEqual(expected8);
    expect([...packDepthwise(Int32Array.from([1, -1, 2, -2]), 1, 4, 0, 4)]).toEqual([0xf1, 0xe2]);
  });
});
