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
  cost: (assignment) => assignment.reduce<number>((sum, bits) => sum + bits, 0),
  arenaBytes: () => 0,
  sramBytes: 0,
} as Partial<SearchProblem> as SearchProblem;

const oneNarrow = (narrow: number): Assignment => FIGURES.map((_, i): Width => (i === narrow ? 4 : 8));

/** The one of least noise by the figures. */
const solve = (figures: SearchProblem['figures']) => {
  const noises = figures.map((row) => row[1]!.noise);
  return { assignment: oneNarrow(noises.indexOf(Math.min(...noises))), feasible: true, evaluations: 1 };
};

/** No neighbours unless the limit of cost is given. */
async function quieter(
  trials: number,
  isFeasible = true,
  anchors: readonly WidthTrial[] = [],
  costLimit = 0,
) {
  const measured: string[] = [];
  const found = await quieterWidths(problem, {
    ...{
      start: oneNarrow(0),
      anchors,
      trials,
      costLimit,
      noisePerCost: 0,
      random: { ...createRandom(1), normal: () => 0 },
    },
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
  const { found, measured } = await quieter(9);
  expect(found).toBe('8 4 8');
  // Then either once more, and as draws are all alike there is nothing else to find out.
  expect(measured).toEqual(['4 8 8', '8 4 8', '8 4 8', '4 8 8']);
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

it('tries neighbours of the best where the method has nothing new', async () => {
  // The method goes from the first to the second variable and stays there. Then the neighbours of that: figures of the
  // first are corrected to about 4, that of the third is 3.
  const { found, measured } = await quieter(2, true, [], 20);
  expect(measured).toEqual(['4 8 8', '8 4 8', '8 8 4']);
  expect(found).toBe('8 4 8');
});

it('counts each arena that is laid out for neighbours', async () => {
  let arenas = 0;
  const counted = { ...problem, arenaBytes: () => 0 * ++arenas };
  const { evaluations } = await quieterWidths(counted, {
    ...{ start: oneNarrow(0), anchors: [], trials: 2, costLimit: 20, noisePerCost: 0, solve },
    random: { ...createRandom(1), normal: () => 0 },
    measure: async (assignment) => ({ noise: TRUE_NOISE[assignment.indexOf(4)] ?? 0 }),
  });
  // Two plans: the method's second, then a neighbour of it.
  expect(arenas).toBeGreaterThan(0);
  expect(evaluations).toBe(arenas);
});

it('measures the best once more in the last third, and does not keep what was quiet by luck', async () => {
  // By its first draw the second variable's plan is the quietest, by all others not.
  const noises: Record<string, readonly number[]> = {
    '4 8 8': [4],
    '8 4 8': [2.9, 3.3, 3.3, 3.3],
    '8 8 4': [3, 3, 3, 3],
  };
  const measured: string[] = [];
  const measure = async (assignment: Assignment, draw: number) => {
    const key = assignment.join(' ');
    measured.push(`${key}: ${draw}`);
    return { noise: noises[key]![draw]! };
  };
  const request = {
    start: oneNarrow(0),
    anchors: [],
    trials: 6,
    costLimit: 20,
    noisePerCost: 0,
    solve,
    measure,
  };
  const within = problem.arenaBytes;
  const only = {
    ...problem,
    arenaBytes: (widths: Assignment) => (widths.join(' ') in noises ? within(widths) : 1),
  };
  const random = { ...createRandom(1), normal: () => 0 };
  const { assignment, draws } = await quieterWidths(only, { ...request, random });
  expect(measured).toEqual([
    '4 8 8: 0',
    '8 4 8: 0',
    '8 8 4: 0',
    '8 4 8: 1',
    '8 8 4: 1',
    '8 8 4: 2',
    '8 8 4: 3',
  ]);
  expect(assignment).toEqual(oneNarrow(2));
  expect(draws).toHaveLength(4);
});

it('tries neighbours first in the second half of the plans', async () => {
  // The method would have '8 4 8' next; within this limit of cost the quietest neighbour is 8 bits throughout.
  const measured: string[] = [];
  await quieterWidths(problem, {
    ...{ start: oneNarrow(2), anchors: [], trials: 2, costLimit: 24, noisePerCost: 0 },
    ...{ random: { ...createRandom(1), normal: () => 0 }, solve },
    measure: async (assignment) => {
      measured.push(assignment.join(' '));
      return { noise: TRUE_NOISE[assignment.indexOf(4)] ?? 0 };
    },
  });
  expect(measured).toEqual(['8 8 4', '4 8 8', '8 8 8']);
});

it('keeps the last third for that, whatever else could be tried', async () => {
  const measured: string[] = [];
  // All at 8 bits would be within the cost.
  const request = { start: oneNarrow(2), anchors: [], trials: 3, costLimit: 24, noisePerCost: 0, solve };
  await quieterWidths(problem, {
    ...{ ...request, random: { ...createRandom(1), normal: () => 0 } },
    measure: async (assignment, draw) => {
      measured.push(`${assignment.join(' ')}: ${draw}`);
      return { noise: TRUE_NOISE[assignment.indexOf(4)] ?? 1 };
    },
  });
  expect(measured).toEqual(['8 8 4: 0', '4 8 8: 0', '8 4 8: 0', '8 4 8: 1']);
});

it('leaves the last of the cost where it buys less than elsewhere, but no more than a twelfth', async () => {
  // 2 % more noise for 5 % less of the cost.
  const kept = async (noisePerCost: number, cheaperCost: number): Promise<string> => {
    const costs: Record<string, number> = { '4 8 8': 100, '8 4 8': cheaperCost };
    const cost = (widths: Assignment): number => costs[widths.join(' ')] ?? 999;
    const anchors = [{ assignment: oneNarrow(1), isWithinLimits: true }];
    const { assignment } = await quieterWidths(
      { ...problem, cost },
      {
        ...{ start: oneNarrow(0), anchors, trials: 1, costLimit: 100, noisePerCost, solve },
        random: createRandom(1),
        measure: async (widths) => ({ noise: widths[0] === 4 ? 0.98 : 1 }),
      },
    );
    return assignment.join(' ');
  };
  expect(await kept(0, 95)).toBe('4 8 8');
  expect(await kept(0.3, 95)).toBe('4 8 8');
  expect(await kept(0.5, 95)).toBe('8 4 8');
  expect(await kept(9, 92)).toBe('8 4 8');
  expect(await kept(9, 91)).toBe('4 8 8');
});
