import { describe, expect, it } from 'vitest';
import { describeDifference, diffTensor } from '../../../src/compare/tensor-diff.js';
import type { PlanTensor } from '../../../src/ir/deploy-plan.js';
import type { Width } from '../../../src/numeric/widths.js';

const tensor = (shape: [number, number, number], bits: Width): PlanTensor => ({
  id: 0,
  name: 't',
  shape,
  bits,
  scale: 1,
  zeroPoint: 0,
});
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values.map((value) => value & 0xff));

describe('diffTensor', () => {
  it('is undefined for equal bytes', () => {
    expect(diffTensor('l', tensor([1, 2, 2], 8), bytes(1, -2, 3, 4), bytes(1, -2, 3, 4))).toBeUndefined();
  });

  it('finds row, column and channel of the first difference and counts all', () => {
    // 2 × 3 × 2: element 9 is (y 1, x 1, channel 1)
    const expected = new Uint8Array(12);
    const actual = expected.slice();
    actual[9] = 0xff;
    actual[11] = 7;
    expect(diffTensor('conv', tensor([2, 3, 2], 8), expected, actual)).toEqual({
      layer: 'conv',
      kind: 'value',
      y: 1,
      x: 1,
      channel: 1,
      expected: 0,
      actual: -1,
      count: 2,
      elements: 12,
    });
  });

  it('looks into bytes of narrow values, which are unsigned', () => {
    // 4 bits, 3 channels: two bytes a pixel; pixel 1 holds (1, 2, 15) instead of (1, 2, 3)
    const difference = diffTensor('l', tensor([1, 2, 3], 4), bytes(0, 0, 0x21, 3), bytes(0, 0, 0x21, 15));
    expect(difference).toMatchObject({
      kind: 'value',
      y: 0,
      x: 1,
      channel: 2,
      expected: 3,
      actual: 15,
      count: 1,
    });
  });

  it('sees bits that belong to no channel', () => {
    const difference = diffTensor('l', tensor([2, 1, 3], 2), bytes(0, 0x15), bytes(0, 0xd5));
    expect(difference).toMatchObject({
      kind: 'unused_bits',
      y: 1,
      x: 0,
      expected: 0x15,
      actual: 0xd5,
      count: 0,
    });
    expect(describeDifference(difference!)).toContain('unused bits of pixel (y 1, x 0)');
  });

  it('tells lengths apart', () => {
    const difference = diffTensor('l', tensor([1, 1, 4], 8), bytes(1, 2, 3, 4), bytes(1, 2, 3));
    expect(difference).toMatchObject({ kind: 'length', expected: 4, actual: 3 });
    expect(describeDifference(difference!)).toBe('l: 3 bytes, expected 4');
  });

  it('is described in one line', () => {
    const difference = diffTensor('conv_1', tensor([1, 2, 1], 8), bytes(5, 6), bytes(5, 9));
    expect(describeDifference(difference!)).toBe(
      'conv_1: (y 0, x 1, channel 0) is 9, expected 6; 1 of 2 values differ',
    );
  });
});
