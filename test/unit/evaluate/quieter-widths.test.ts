/** Three layers of equal cost, one of which has to be narrow; the figures are wrong about which. */
import { expect, it } from 'vitest';
import { quieterWidths, type WidthTrial } from '../../../src/evaluate/quieter-widths.js';
import type { Width } from '../../../src/numeric/widths.js';
import type { Assignment, SearchProblem } from '../../../src/search/problem.js';
import { createRandom } from '../../../src/support/random.js';

const FIGURES = [1, 2, 3];
/** What the plans really have. */
const TRUE_NOISE = [4, 2, 3];
const problem = {
  figures: FIGURES.map((noise) => [
    { bits: 8, entropyLoss: 0, noise: 0 },
    { bits: 4, entropyLoss: 0, noise },
  ]),
  baseNoise: 0,
} as Partial<SearchProblem> as SearchProblem;

const oneNarrow = (narrow: number): Assignment => FIGURES.map((_, i): Width => (i === narrow ? 4 : 8));

/** The one of least noise by the figures. */
const solve = (figures: SearchProblem['figures']) => {
  const noises = figures.map((row) => row[1]!.noise);
  return { assignment: oneNarrow(noises.indexOf(Math.min(...noises))), feasible: true, evaluations: 1 };
};

async function quieter(trials: number, isFeasible = true, anchors: readonly WidthTrial[] = []) {
  const measured: string[] = [];
  const found = await quieterWidths(problem, {
    ...{ start: oneNarrow(0), anchors, trials, random: { ...createRandom(1), normal: () => 0 } },
    solve: (figures) => ({ ...solve(figures), feasible: isFeasible }),
    measure: async (assignment) => {
      measured.push(assignment.join(' '));
      return { assignment, noise: TRUE_NOISE[assignment.indexOf(4)] ?? 0 };
    },
  });
  return { found: found.assignment.join(' '), measured };
}

it('measures the widths it starts from, and keeps them when there are no further plans', async () => {
  expect(await quieter(0)).toEqual({ found: '4 8 8', measured: ['4 8 8'] });
});

it('finds the quieter plan once the figure that was too low is corrected, and tries none twice', async () => {
  expect(await quieter(9)).toEqual({ found: '8 4 8', measured: ['4 8 8', '8 4 8'] });
});

it('keeps to what the method says is within the limits', async () => {
  expect(await quieter(9, false)).toEqual({ found: '4 8 8', measured: ['4 8 8'] });
});

it('tries anchors first, within the number of plans, and keeps only such as are within the limits', async () => {
  const anchors = [
    { assignment: oneNarrow(0), isWithinLimits: true },
    { assignment: [8, 8, 8], isWithinLimits: false },
    { assignment: oneNarrow(2), isWithinLimits: true },
  ] as const;
  expect(await quieter(1, false, anchors)).toEqual({ found: '4 8 8', measured: ['4 8 8', '8 8 8'] });
  expect(await quieter(2, false, anchors)).toEqual({ found: '8 8 4', measured: ['4 8 8', '8 8 8', '8 8 4'] });
  expect((await quieter(9, true, anchors)).measured.slice(0, 4)).toEqual([
    '4 8 8',
    '8 8 8',
    '8 8 4',
    '8 4 8',
  ]);
});
