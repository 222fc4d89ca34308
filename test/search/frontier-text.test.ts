/** Readings of a row of plans, by hand. */
import { expect, it } from 'vitest';
import { bitopsAtLoss, FRONTIER_COLUMNS, isotonicLosses, renderFrontier } from './frontier-text.mjs';

const points = (...all: [bitops: number, loss: number][]) => all.map(([bitops, loss]) => ({ bitops, loss }));

it('makes losses grow: neighbours that fall take their mean, again with those before', () => {
  expect(isotonicLosses(points([8, 0], [7, 2], [6, 1], [5, 3]))).toEqual([0, 1.5, 1.5, 3]);
  expect(isotonicLosses(points([8, 1], [7, 4], [6, 4], [5, 1], [4, 9]))).toEqual([1, 3, 3, 3, 9]);
  expect(isotonicLosses(points([8, 3], [7, 2], [6, 1]))).toEqual([2, 2, 2]);
});

it('reads BitOPs between plans on the logarithm', () => {
  const row = points([8, 0], [4, 1], [2, 3]);
  expect(bitopsAtLoss(row, 2)!.bitops).toBeCloseTo(4 / Math.SQRT2, 12);
  expect(bitopsAtLoss(row, 1)).toEqual({ bitops: 4, atMost: false });
});

it('says where a row ends before the loss, and where its first plan loses more', () => {
  expect(bitopsAtLoss(points([8, 0], [4, 1]), 5)).toEqual({ bitops: 4, atMost: true });
  expect(bitopsAtLoss(points([8, 2], [4, 3]), 1)).toBeUndefined();
});

const row = (name: string, share: number, bitops: number, loss: number, isWithin = true) =>
  Object.fromEntries(
    FRONTIER_COLUMNS.map((column) => {
      const cells: Record<string, string> = {
        ...{ network: 'vww', case: name, share: share.toFixed(4), bitops: String(bitops) },
        ...{ within_limits: String(isWithin), images: '500', points_lost: loss.toFixed(2) },
      };
      return [column, cells[column] ?? '1.00'];
    }),
  );
const BASELINES = [
  { network: 'vww', case: 'int8; streaming', bitops: '800e6', points_lost: '0.00', within_limits: 'true' },
  {
    network: 'vww',
    case: 'uniform a4w4; streaming',
    bitops: '200e6',
    points_lost: '4.00',
    within_limits: 'true',
  },
];

it('compares the best form of VDQS with the best rival; refined rivals in a line of their own', () => {
  const text = renderFrontier(
    [
      row('VDQS refined', 0.5, 400e6, 1),
      row('VDQS', 0.5, 400e6, 2),
      row('greedy', 0.5, 400e6, 1.5),
      row('integer program refined', 0.5, 300e6, 1),
    ],
    BASELINES,
  );
  expect(text).toContain('| VDQS refined | ≤ 400 | ≤ 400 | ≤ 400 |');
  expect(text).toContain('| VDQS | 566 | ≤ 400 | ≤ 400 |');
  // 800 · 2^(−1 / 1.5) at 1 point.
  expect(text).toContain('| greedy | 504 | ≤ 400 | ≤ 400 |');
  expect(text).toContain('| uniform a4w4, streaming | – | – | 200 |');
  expect(text).toContain(
    '| **VDQS needs no more than any rival** | yes (400; rivals 504) | yes (400.0; rivals 400.0) | no (400; rivals 200) |',
  );
  expect(text).toContain(
    '| **the same, refined rivals too** | no (400; rivals 300) | no (400; rivals 300) | no (400; rivals 200) |',
  );
  expect(text).toContain(
    '| **the same, single plans** | yes (400; rivals 800) | yes (400.0; rivals 400.0) | no (400; rivals 200) |',
  );
});

it('leaves out plans beyond the limits', () => {
  const text = renderFrontier(
    [row('VDQS', 0.5, 400e6, 2), row('memory-driven', 0.5, 300e6, 0, false)],
    BASELINES,
  );
  expect(text).toContain('| 0.500 | 400: 2.00 ± 1.00, 1.00 dB | none |');
  expect(text).toContain('| memory-driven | ≤ 800 | ≤ 800 | ≤ 800 |');
});

it('has no verdict where even int8 loses more', () => {
  const lossy = [{ ...BASELINES[0]!, points_lost: '1.67' }];
  const text = renderFrontier([row('VDQS', 0.5, 400e6, 2), row('greedy', 0.5, 400e6, 4)], lossy);
  expect(text).toContain('| **VDQS needs no more than any rival** | – | yes (400; rivals 539) |');
});
