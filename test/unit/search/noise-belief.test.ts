/** Beliefs of one and two figures, worked out by hand: prior variance 0.36 of a relative error, 8 % of what is observed. */
import { expect, it } from 'vitest';
import { NoiseBelief } from '../../../src/search/noise-belief.js';
import type { SearchProblem } from '../../../src/search/problem.js';
import { createRandom, type Random } from '../../../src/support/random.js';

/** By variable the noise at 4 bits and, where there are two, at 2 bits. */
function problem(noises: readonly (readonly number[])[], baseNoise = 0): SearchProblem {
  return {
    figures: noises.map((own) => [
      { bits: 8, entropyLoss: 0, noise: 0 },
      ...own.map((noise, i) => ({ bits: i === 0 ? 4 : 2, entropyLoss: 0.5, noise })),
    ]),
    baseNoise,
  } as Partial<SearchProblem> as SearchProblem;
}

/** What is expected: every deviate 0. */
const EXPECTED = { ...createRandom(1), normal: () => 0 } satisfies Random;
const noises = (belief: NoiseBelief, random: Random = EXPECTED): number[][] =>
  belief.sample(random).map((row) => row.slice(1).map(({ noise }) => noise));

it('takes the figures as they are before anything is observed', () => {
  const figures = problem([[1, 3], [2]], 0.5);
  expect(new NoiseBelief(figures).sample(EXPECTED)).toEqual(figures.figures);
});

it('raises the figure of a plan that was noisier, by its share of the uncertainty', () => {
  const belief = new NoiseBelief(problem([[1], [1]]));
  belief.observe([4, 8], 2);
  // Gain 0.36 / (0.36 + 0.16²) of the 1 that was not expected.
  expect(noises(belief)[0]![0]).toBeCloseTo(1 + 0.36 / 0.3856, 12);
  expect(noises(belief)[1]).toEqual([1]);
});

it('shares what was not expected in proportion to the variances', () => {
  const belief = new NoiseBelief(problem([[1], [2]]));
  belief.observe([4, 4], 6);
  // Variances 0.36 and 4 · 0.36; error of the observation 0.48.
  const spread = 0.36 + 1.44 + 0.48 ** 2;
  const [[first], [second]] = noises(belief) as [[number], [number]];
  expect(first).toBeCloseTo(1 + (0.36 * 3) / spread, 12);
  expect(second).toBeCloseTo(2 + (1.44 * 3) / spread, 12);
});

it('counts the noise at the widest widths among what is uncertain', () => {
  const belief = new NoiseBelief(problem([[1]], 1));
  belief.observe([8], 2);
  belief.observe([4], 3);
  // The base took nearly all of the first observation, so the figure is right as it is.
  expect(noises(belief)[0]![0]).toBeGreaterThan(0.98);
  expect(noises(belief)[0]![0]).toBeLessThan(1.08);
});

it('takes half of the relative error over to the other narrow width of a variable', () => {
  const belief = new NoiseBelief(problem([[1, 3]]));
  belief.observe([4], 2);
  const [[four, two]] = noises(belief) as [[number, number]];
  expect(two! / 3 - 1).toBeCloseTo((four! - 1) / 2, 12);
});

it('believes no width less noisy than a wider one, and none under a tenth of its figure', () => {
  const belief = new NoiseBelief(problem([[2, 2.1], [1]]));
  belief.observe([4, 8], 4);
  belief.observe([2, 8], 2.1);
  const [[four, two]] = noises(belief) as [[number, number]];
  expect(two!).toBeGreaterThanOrEqual(four!);
  const quiet = new NoiseBelief(problem([[1]]));
  quiet.observe([4], 1e-9);
  expect(noises(quiet)).toEqual([[0.1]]);
});

it('samples with half the standard deviation, less of what was observed', () => {
  const belief = new NoiseBelief(problem([[1], [1]]));
  belief.observe([4, 8], 1);
  const random = createRandom(7);
  const samples = Array.from({ length: 4000 }, () => noises(belief, random));
  const deviation = (variable: number): number => {
    const values = samples.map((sample) => sample[variable]![0]!);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  };
  // 0.5 · 0.6, cut a little at a tenth of the figure; 0.5 · √(0.36 − 0.36² / (0.36 + 0.08²)).
  expect(deviation(1)).toBeCloseTo(0.3, 1);
  expect(deviation(0)).toBeCloseTo(0.0396, 2);
});

/** Correlation of two columns. */
function correlation(pairs: readonly (readonly [number, number])[]): number {
  const means = [0, 1].map((at) => pairs.reduce((sum, pair) => sum + pair[at]!, 0) / pairs.length);
  const moment = (a: 0 | 1, b: 0 | 1): number =>
    pairs.reduce((sum, pair) => sum + (pair[a] - means[a]!) * (pair[b] - means[b]!), 0);
  return moment(0, 1) / Math.sqrt(moment(0, 0) * moment(1, 1));
}

it('samples both narrow widths of a variable together', () => {
  const belief = new NoiseBelief(problem([[1, 100], [1]]));
  const random = createRandom(3);
  const samples = Array.from({ length: 4000 }, () => noises(belief, random));
  expect(correlation(samples.map(([own]) => [own![0]!, own![1]!]))).toBeCloseTo(0.5, 1);
  expect(correlation(samples.map(([own, other]) => [own![0]!, other![0]!]))).toBeCloseTo(0, 1);
});

it('knows that of two figures whose sum was observed one is high where the other is low', () => {
  const belief = new NoiseBelief(problem([[1], [1]]));
  belief.observe([4, 4], 2);
  const random = createRandom(5);
  const samples = Array.from({ length: 4000 }, () => noises(belief, random));
  // Variance 0.36 − 0.36² / s and covariance −0.36² / s with s = 0.72 + 0.16².
  const spread = 0.72 + 0.16 ** 2;
  const expected = -(0.36 ** 2 / spread) / (0.36 - 0.36 ** 2 / spread);
  expect(correlation(samples.map(([first, second]) => [first![0]!, second![0]!]))).toBeCloseTo(expected, 1);
});

it('learns nothing from what is no number', () => {
  const belief = new NoiseBelief(problem([[1]]));
  for (const noise of [Number.NaN, Number.POSITIVE_INFINITY]) belief.observe([4], noise);
  expect(noises(belief)).toEqual([[1]]);
});
