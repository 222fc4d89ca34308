/** Readings of a row of plans, by hand. */
import { expect, it } from 'vitest';
import {
  bitopsAtLoss,
  cheapestPlan,
  curveOf,
  isotonicLosses,
  noiseCurveOf,
  sqnrAtLoss,
} from './loss-curve.mjs';

const points = (...all: [bitops: number, loss: number][]) =>
  curveOf(all.map(([bitops, loss]) => ({ bitops, loss })));

it('orders plans by BitOPs; one that was found twice counts once, equal BitOPs take their mean', () => {
  expect(points([4, 1], [8, 0], [4, 5], [4, 5])).toEqual([
    { bitops: 8, loss: 0, weight: 1 },
    { bitops: 4, loss: 3, weight: 2 },
  ]);
});

it('makes losses grow: neighbours that fall take their mean, again with those before, by weight', () => {
  expect(isotonicLosses(points([8, 0], [7, 2], [6, 1], [5, 3]))).toEqual([0, 1.5, 1.5, 3]);
  expect(isotonicLosses(points([8, 1], [7, 4], [6, 4], [5, 1], [4, 9]))).toEqual([1, 3, 3, 3, 9]);
  expect(isotonicLosses(points([8, 3], [7, 2], [6, 1]))).toEqual([2, 2, 2]);
  // (2 · 4 + 1) / 3.
  expect(isotonicLosses(points([8, 3], [8, 5], [4, 1]))).toEqual([3, 3]);
});

it('reads BitOPs between plans on the logarithm', () => {
  const row = points([8, 0], [4, 1], [2, 3]);
  expect(bitopsAtLoss(row, 2)!.bitops).toBeCloseTo(4 / Math.SQRT2, 12);
  expect(bitopsAtLoss(row, 1)).toEqual({ bitops: 4, atMost: false });
});

it('says where a row ends before the loss, and where its first plan loses more', () => {
  expect(bitopsAtLoss(points([8, 0], [4, 1]), 5)).toEqual({ bitops: 4, atMost: true });
  expect(bitopsAtLoss(points([8, 2], [4, 3]), 1)).toBeUndefined();
  expect(bitopsAtLoss([], 1)).toBeUndefined();
});

it('takes the cheapest single plan that lost no more', () => {
  expect(cheapestPlan(points([8, 0], [4, 3], [2, 1]), 2)).toEqual({ bitops: 2, atMost: false });
  expect(cheapestPlan(points([8, 3]), 2)).toBeUndefined();
});

it('reads the signal-to-noise ratio that goes with a loss, and BitOPs that go with that', () => {
  const plans = [
    { bitops: 8, sqnrDb: 30, loss: 0 },
    { bitops: 4, sqnrDb: 20, loss: 2 },
    { bitops: 2, sqnrDb: 10, loss: 1 },
    { bitops: 1, sqnrDb: 0, loss: 5.5 },
  ];
  // 0, 1.5, 1.5 and 5.5 points at 30, 20, 10 and 0 dB.
  expect(sqnrAtLoss(plans, 0.75)!.sqnrDb).toBeCloseTo(25, 12);
  expect(sqnrAtLoss(plans, 3.5)!.sqnrDb).toBeCloseTo(5, 12);
  expect(sqnrAtLoss(plans, 6)).toEqual({ sqnrDb: 0, atMost: true });
  expect(sqnrAtLoss(plans, -1)).toBeUndefined();
  expect(bitopsAtLoss(noiseCurveOf(plans), -25)!.bitops).toBeCloseTo(8 / Math.SQRT2, 12);
  expect(bitopsAtLoss(noiseCurveOf(plans), -31)).toBeUndefined();
  expect(cheapestPlan(noiseCurveOf(plans), -10)!.bitops).toBe(2);
});
