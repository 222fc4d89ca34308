import { expect, it } from 'vitest';
import type { GraphTensor } from '../../../src/ir/graph.js';
import { activationRange, meanMultiplier, roundHalfAway } from '../../../src/lower/scales.js';

const output = (scale: number, zeroPoint: number): GraphTensor => ({
  id: 0,
  name: 'y',
  shape: [1],
  dtype: 'int8',
  quantization: { scale: [scale], zeroPoint: [zeroPoint], axis: 0 },
});

it('rounds halves away from zero', () => {
  expect([-2.5, -0.5, 0.5, 1.5, 2.4].map(roundHalfAway)).toEqual([-3, -1, 1, 2, 2]);
});

it.each([
  ['none', 0.1, 5, -128, 127],
  ['relu', 0.1, 5, 5, 127],
  ['relu', 0.1, -128, -128, 127],
  ['relu6', 0.1, -128, -128, -68],
  ['relu6', 0.023528477, -128, -128, 127],
  ['relu6', 4, 0, 0, 2],
  ['relu_n1_to_1', 0.5, 3, 1, 5],
] as const)('activation %s at scale %d, zero point %d: %d…%d', (activation, scale, zeroPoint, min, max) => {
  expect(activationRange(activation, output(scale, zeroPoint))).toEqual({ min, max });
});

it.each([1, 2, 3, 7, 49, 100, 1280])('mean of %d folds the count into the multiplier', (count) => {
  const { multiplier, shift } = meanMultiplier(0.0235, 0.019, count);
  expect((multiplier * 2 ** (shift - 31)) / (0.0235 / 0.019 / count)).toBeCloseTo(1, 8);
  expect(multiplier).toBeGreaterThan(2 ** 29);
});
