/** Figures at like cost, worked out by hand. */
import { expect, it } from 'vitest';
import { correlation, likeCostSection, withoutTrend } from './like-cost.mjs';

const close = (got: readonly number[], expected: readonly number[]): void => {
  expect(got).toHaveLength(expected.length);
  expected.forEach((x, i) => {
    expect(got[i]).toBeCloseTo(x, 10);
  });
};

it('leaves nothing of a parabola, and of the rest what none explains', () => {
  const by = [1, 2, 3, 4];
  const parabola = by.map((x) => 7 - 3 * x + 2 * x * x);
  close(withoutTrend(parabola, by), [0, 0, 0, 0]);
  // Over four points in equal steps only the third difference 1, −3, 3, −1 is orthogonal to parabolas.
  const rest = [1, -3, 3, -1];
  close(
    withoutTrend(
      parabola.map((x, i) => x + 5 * rest[i]!),
      by,
    ),
    rest.map((x) => 5 * x),
  );
  // All at one cost: the mean alone.
  close(withoutTrend([1, 2, 6], [4, 4, 4]), [-2, -1, 3]);
});

it('correlates', () => {
  expect(correlation([1, -2, 1], [-3, 6, -3])).toBeCloseTo(-1, 12);
  expect(correlation([1, -1, 0], [1, 0, -1])).toBeCloseTo(1 / 2, 12);
  expect(correlation([0, 0], [1, -1])).toBeNaN();
});

it('says of each network what its losses go with, plan by plan', () => {
  const costs = Array.from({ length: 8 }, (_, i) => 1e8 * 2 ** i);
  const pattern = [1, -3, 3, -1, 1, -3, 3, -1];
  const loss = withoutTrend(pattern, costs.map(Math.log));
  const row = (i: number, points: number, more = {}) => ({
    ...{ network: 'net', bitops: String(costs[i]), points_lost: String(points) },
    // As many more answers differ; the noise goes the other way.
    ...{ agreement: String(90 - 2 * points), score_sqnr_db: String(10 + points), ...more },
  });
  const plans = costs.map((_, i) => row(i, pattern[i]!));
  const spread = Math.sqrt(loss.reduce((sum, x) => sum + x * x, 0) / 8).toFixed(2);
  const line = `| net | 8 | ${spread} | 1.00 | -1.00 | -1.00 |`;
  // A plan that two methods find counts once, one that loses too much not at all.
  expect(likeCostSection([...plans, plans[3]!, row(0, 9)])).toContain(line);
  // Too few plans say nothing.
  expect(likeCostSection(plans.slice(1))).not.toContain('| net |');
});
