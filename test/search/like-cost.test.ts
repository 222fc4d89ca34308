/** What losses go with at like cost, worked out by hand. */
import { expect, it } from 'vitest';
import { correlation, likeCostSection } from './like-cost.mjs';

it('correlates differences about zero', () => {
  expect(correlation([1, -2, 1], [-3, 6, -3])).toBeCloseTo(-1, 12);
  expect(correlation([2, 2], [1, 1])).toBeCloseTo(1, 12);
  expect(correlation([1, -1, 0], [1, 0, -1])).toBeCloseTo(1 / 2, 12);
  expect(correlation([0, 0], [1, -1])).toBeNaN();
});

/** Two plans of like cost at each of eight costs; the second has these figures more than the first. */
const DIFFERENCES = Array.from({ length: 8 }, (_, i) => ({
  loss: i % 2 === 0 ? 1 : -1,
  disagreement: i % 2 === 0 ? 2 : 1,
  noise: i < 6 ? 3 : -3,
}));

const plan = (network: string, bitops: number, [loss, disagreement, noise]: readonly number[]) => ({
  ...{ network, bitops: String(bitops), points_lost: String(loss) },
  ...{ agreement: String(90 - disagreement!), score_sqnr_db: String(20 - noise!) },
});

const plans = (network: string) =>
  DIFFERENCES.flatMap(({ loss, disagreement, noise }, i) => {
    const bitops = 1e8 * 2 ** i;
    return [plan(network, bitops, [i, 0, 0]), plan(network, 1.02 * bitops, [i + loss, disagreement, noise])];
  });

it('compares plans of like cost, network by network', () => {
  // Loss ±1 with 2 and 1: 4 of √(8 · 20). With noise: two of six signs and one of two cancel, 0. 2 and 1 with ±3: 9 · 3 less
  // 9 of √(20 · 72).
  const line = '| 8 | 1.00 | 0.32 | 0.00 | 0.47 |';
  const text = likeCostSection([...plans('a'), ...plans('b')]);
  expect(text).toContain(`| a ${line}\n| b ${line}`);
});

it('counts a plan that two methods find once, and says nothing of a few', () => {
  const all = plans('a');
  expect(likeCostSection([...all, all[3]!])).toContain('| a | 8 |');
  // The same cost and loss, other noise: pairs with both there.
  expect(likeCostSection([...all, { ...all[3]!, score_sqnr_db: '5' }])).toContain('| a | 10 |');
  expect(likeCostSection(all.slice(1))).not.toContain('| a |');
  // Further apart than 2 %.
  expect(likeCostSection([...all, plan('a', 1.03e8, [0, 0, 0])])).toContain('| a | 9 |');
});
