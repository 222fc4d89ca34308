/** Readings and verdicts of made-up plans, by hand. */
import { expect, it } from 'vitest';
import { FRONTIER_COLUMNS, renderFrontier, sharesOf } from './frontier-text.mjs';
import { NETWORKS } from './table-cases.mjs';

const OWN_SHARES = sharesOf(NETWORKS.vww!).map((share) => share.toFixed(4));

/** A plan for every share: `losses` of the first ones, the others lose 9 points; BitOPs 400, 200, 100, … million, 3 at the end. */
const rows = (name: string, losses: readonly number[], isWithin = true) =>
  OWN_SHARES.map((share, i) => {
    const cells: Record<string, string> = {
      ...{ network: 'vww', case: name, share, bitops: String(400e6 / 2 ** Math.min(i, 7)) },
      ...{ within_limits: String(isWithin), images: '500', points_lost: (losses[i] ?? 9).toFixed(2) },
    };
    return Object.fromEntries(FRONTIER_COLUMNS.map((column) => [column, cells[column] ?? '1.00']));
  });
const fixed = (name: string, bitops: string, loss: string, isWithin = true) => ({
  ...{ network: 'vww', case: name, share: '1.0000', bitops, points_lost: loss, images: '500' },
  ...{ within_limits: String(isWithin), score_sqnr_db: '30' },
});
const INT8 = fixed('int8', '800e6', '0.00');
const RIVALS = [
  fixed('uniform a4w4', '190e6', '4.00'),
  ...['uniform a4w8', 'uniform a8w4'].map((name) => fixed(name, '1', '0.00', false)),
  ...rows('integer program', []),
  ...rows('memory-driven', []),
  ...rows('evolutionary', [], false),
];
it('asks for shares in geometric steps', () => {
  const shares = (first: number, last: number, stepsPerHalf: number) =>
    sharesOf({ frontier: [first, last], stepsPerHalf }).map((share) => share.toFixed(4));
  expect(shares(8, 10, 8)).toEqual(['0.5000', '0.4585', '0.4204']);
  // Of half the steps every other share is the same.
  expect(shares(16, 18, 16)).toEqual(['0.5000', '0.4788', '0.4585']);
});

const verdictOf = (text: string, name: string): string =>
  text.split('\n').find((line) => line.startsWith(`| **${name}** |`))!;

/** Best plans at 400 and 200 MBitOPs, VDQS's one plan each behind greedy's; a rival of more plans ahead at 3 and 5 points. */
function expectVerdicts(text: string): void {
  expect(verdictOf(text, 'VDQS needs no more than any rival')).toContain(
    '| yes (400; rivals 504) | yes (200; rivals 264) | yes (159; rivals 174) |',
  );
  expect(verdictOf(text, 'the same, one plan each')).toContain(
    '| no (566; rivals 504) | no (362; rivals 264) | no (297; rivals 174) |',
  );
  // 200 · 2^(−1/7), 200 · 2^(−3/7).
  expect(verdictOf(text, 'the same, rivals of more plans too')).toContain(
    '| yes (400.0; rivals 400.0) | no (200; rivals 181) | no (159; rivals 149) |',
  );
}

it('compares the best form of VDQS with the best rival, one plan each, and refined rivals too', () => {
  const all = [
    ...rows('VDQS refined', [1, 3]),
    ...rows('VDQS', [2]),
    ...rows('greedy', [1.5, 4]),
    ...rows('integer program refined', [1, 2]),
    ...rows('integer program plan noise', []),
    ...RIVALS,
  ];
  const text = renderFrontier([INT8, ...all]);
  // 800 · 2^(−1/2); 400 · 2^(−1/7), 400 · 2^(−3/7); 200 · 2^(−2/6).
  expect(text).toContain('| VDQS | 566 | 362 | 297 |');
  expect(text).toContain('| VDQS refined | 400 | 200 | 159 |');
  // 800 · 2^(−1/1.5); 400 · 2^(−1.5/2.5); 200 · 2^(−1/5).
  expect(text).toContain('| greedy | 504 | 264 | 174 |');
  expect(text).toContain('| evolutionary | – | – | – |');
  expect(text).toContain('| uniform a4w4 | – | – | 190 |');
  expectVerdicts(text);
  expect(verdictOf(text, 'the same, single plans')).toContain(
    '| yes (400; rivals 800) | yes (200; rivals 400) | no (200; rivals 190) |',
  );
});

it('counts plan noise as a form of VDQS, and as more plans of a rival', () => {
  const all = [
    ...rows('VDQS plan noise', [1, 3]),
    ...rows('VDQS', [2]),
    ...rows('greedy', [1.5, 4]),
    ...rows('integer program plan noise', [1, 2]),
    ...rows('VDQS refined', []),
    ...rows('integer program refined', []),
    ...RIVALS,
  ];
  const text = renderFrontier([INT8, ...all]);
  expect(text).toContain('| VDQS plan noise | 400 | 200 | 159 |');
  expectVerdicts(text);
});

it('leaves the verdict open where a row that ends too early decides, or is missing', () => {
  const short = OWN_SHARES.map(() => 2);
  const open = renderFrontier([
    INT8,
    ...[...rows('VDQS refined', [1, 3]), ...rows('VDQS', []), ...rows('greedy', short), ...RIVALS],
  ]);
  expect(open).toContain('| greedy | 566 | ≤ 3 | ≤ 3 |');
  expect(verdictOf(open, 'VDQS needs no more than any rival')).toContain(
    '| yes (400; rivals 566) | no (200; rivals ≤ 3) | no (159; rivals ≤ 3) |',
  );
  const own = renderFrontier([
    INT8,
    ...[...rows('VDQS refined', short), ...rows('VDQS', []), ...rows('greedy', short), ...RIVALS],
  ]);
  expect(verdictOf(own, 'VDQS needs no more than any rival')).toContain('| open (≤ 3.1; rivals ≤ 3.1) |');
  const missing = renderFrontier([INT8, ...rows('VDQS refined', []), ...RIVALS]);
  expect(verdictOf(missing, 'VDQS needs no more than any rival')).toContain(
    '| open (2 not measured whole) |',
  );
  expect(missing).not.toContain('(not every share)');
  const partly = renderFrontier([
    INT8,
    ...rows('VDQS refined', []),
    ...rows('greedy', []).slice(1),
    ...RIVALS,
  ]);
  expect(partly).toMatch(/^\| greedy \(not every share\) \|/m);
  expect(partly).toMatch(/^\| VDQS refined \|/m);
});

it('has no verdict where even int8 loses more', () => {
  const lossy = { ...INT8, points_lost: '1.67' };
  const all = [...rows('VDQS refined', [2]), ...rows('VDQS', []), ...rows('greedy', []), ...RIVALS];
  expect(verdictOf(renderFrontier([lossy, ...all]), 'VDQS needs no more than any rival')).toMatch(
    /any rival\*\* \| – \| yes/,
  );
});

it('reads the loss as a function of the SQNR of all plans, and what a method needs for that', () => {
  // 20, 16, 12, 8, … dB at 400, 200, 100, 50, … MBitOPs, greedy 2 dB less; 30 dB for int8 at 800.
  const quiet = (name: string, losses: readonly number[], lessDb = 0) =>
    rows(name, losses).map((row, i) => ({ ...row, score_sqnr_db: String(20 - 4 * i - lessDb) }));
  const all = [
    ...quiet('VDQS refined', []),
    // By loss the luckiest of all.
    ...quiet('greedy', [0, 0, 0, 0], 2),
    ...quiet('VDQS', [1, 3]),
    ...RIVALS.map((row) => ({ ...row, within_limits: 'false' })),
  ];
  const [byLoss, bySqnr] = renderFrontier([INT8, ...all]).split('MBitOPs at the SQNR of the scores');
  expect(verdictOf(byLoss!, 'VDQS needs no more than any rival')).toMatch(/no \(.*no \(.*no \(/);
  expect(verdictOf(bySqnr!, 'VDQS needs no more than any rival')).toMatch(/yes \(.*yes \(.*yes \(/);
  // Losses of all by falling SQNR: 0 | 5, 5, 0 | 6, 6, 0 | 9, 0 | 9, 0 | 9, … at 30 | 20, 20, 18 | 16, 16, 14 | 12, 10 | 8, 6 | 4, …
  // so 0, 10/3, 4, 4.5, 4.5, 9: 1 and 3 points between 30 and 20 dB, 5 between 6 and 4.
  expect(bySqnr).toContain('(27.0, 21.0, 5.8 dB)');
  // 800 · 2^(−3/10), 800 · 2^(−9/10); 800 · 2^(−3/12), 800 · 2^(−9/12).
  expect(bySqnr).toContain('| VDQS refined | 650 | 429 |');
  expect(bySqnr).toContain('| greedy | 673 | 476 |');
});

it('says what plan noise is worth', () => {
  const level = (name: string, sqnrDb: string) =>
    rows(name, []).map((row) => ({ ...row, score_sqnr_db: sqnrDb }));
  const text = renderFrontier([INT8, ...level('VDQS plan noise', '12.5'), ...level('VDQS', '11'), ...RIVALS]);
  const [refining, plans] = text.split('## What refining is worth')[1]!.split('## What plan noise is worth');
  expect(refining).not.toContain('| VDQS |');
  expect(plans).toContain('| VDQS | vww | 25 | 1.50 | 1.50 | 1.50 |');
});

it('says what refining is worth, share by share, of plans within the limits', () => {
  // 3 dB and 1 dB more, by the fifth share 2 dB less; those between are level, one is not within the limits.
  const noisy = (name: string, sqnrs: readonly number[]) =>
    rows(name, []).map((row, i) => ({ ...row, score_sqnr_db: String(sqnrs[i] ?? 5) }));
  const refined = noisy('VDQS refined', [20, 16, 9, 5, 3]).map((row, i) =>
    i === 2 ? { ...row, within_limits: 'false' } : row,
  );
  const text = renderFrontier([INT8, ...refined, ...noisy('VDQS', [17, 15]), ...RIVALS]);
  // 24 of 25 shares: (3 + 1 − 2) / 24.
  expect(text).toContain(
    '| VDQS | vww | 24 | 0.08 | -2.00 | 3.00 |\n| VDQS | mean of 1 | 24 | 0.08 | -2.00 | 3.00 |',
  );
  expect(text).not.toContain('| integer program | mean');
  // A second network with 1 dB on one share weighs as much.
  const other = (name: string, sqnr: string) => ({
    ...rows(name, [])[0]!,
    ...{ network: 'mcunet_vww', share: '0.5000', score_sqnr_db: sqnr },
  });
  const both = [...refined, ...noisy('VDQS', [17, 15]), other('VDQS refined', '12'), other('VDQS', '11')];
  expect(renderFrontier([INT8, { ...INT8, network: 'mcunet_vww' }, ...both, ...RIVALS])).toContain(
    '| VDQS | mean of 2 | 25 | 0.54 | -2.00 | 3.00 |',
  );
});

it('says what losses go with by the plans of near methods within the limits alone', () => {
  // Twelve plans of one cost: the nine of near methods and within the limits have 36 pairs.
  const plan = (name: string, i: number, isWithin = 'true') => ({
    ...{ ...rows(name, [])[0]!, bitops: '100000000', points_lost: String(i), within_limits: isWithin },
    ...{ agreement: String(90 - i), score_sqnr_db: String(20 - i), share: String(i) },
  });
  const near = ['VDQS refined', 'VDQS', 'integer program', 'greedy', 'integer program refined'];
  const plans = Array.from({ length: 9 }, (_, i) => plan(near[i % near.length]!, i));
  const others = [plan('memory-driven', 9), plan('evolutionary', 10), plan('VDQS', 11, 'false')];
  expect(renderFrontier([INT8, ...plans, ...others])).toMatch(
    /\| vww \| 36 \| [0-9.]+ \| 1\.00 \| 1\.00 \| 1\.00 \|/,
  );
});
