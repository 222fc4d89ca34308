/** The way from predicted widths to the plan that keeps a bound of accuracy, on four layers worked out by hand. */
import { expect, it } from 'vitest';
import { type RefineRequest, refineFound } from '../../../src/evaluate/refine-found.js';
import type { WidthProblem } from '../../../src/evaluate/search-problem.js';
import { type Assignment, bitOps, type SearchProblem } from '../../../src/search/problem.js';

/** MACs 40, 30, 20 and 10 with weights at 8 bits, so 4 bits save 20, 15, 10 and 5 % of 8 bits; noise 1, 2, 3 and 4. */
function problem(cost?: WidthProblem['cost']): WidthProblem {
  const layers = [40, 30, 20, 10].map((macs, input) => ({
    ...{ name: `l${input}`, macs, input, inputBits: 8, weights: -1, weightBits: 8 },
  })) as SearchProblem['layers'];
  return {
    variables: layers.map(({ name }) => ({ name, kind: 'activation', candidates: [8, 4], elements: 1 })),
    layers,
    figures: [1, 2, 3, 4].map((noise) => [
      { bits: 8, entropyLoss: 0, noise: 0 },
      { bits: 4, entropyLoss: 0, noise },
    ]),
    arenaBytes: () => 0,
    sramBytes: 1,
    cost: cost ?? ((assignment) => bitOps(layers, assignment)),
  } as Partial<WidthProblem> as WidthProblem;
}

interface Start {
  readonly start?: Assignment;
  readonly isBounded?: boolean;
  readonly cost?: WidthProblem['cost'];
}

/**
 * Least noise within a share of the cost, by hand: 4 8 8 8 saves 20 %, 4 4 8 8 35 %, 4 4 4 8 45 %, all 50 %. 8 steps
 * halve it, so steps 1 and 2 are the first of these, 3 and 4 the second, 5 and 6 the third, 7 and 8 the last.
 * @param keeps whether a plan is measured to keep a bound of 90 %
 */
async function refined(keeps: (widths: string) => boolean, options: Partial<RefineRequest> & Start = {}) {
  const measured = new Set<string>();
  const progress: (number | undefined)[][] = [];
  const { start = [8, 8, 8, 8], isBounded = true, cost, ...request } = options;
  const prediction = { agreement: 100, drop: 0, scoreSqnrDb: 99 };
  const found = { assignment: start, feasible: true, withinLimits: true, evaluations: 0 };
  const result = await refineFound(
    { problem: problem(cost), found: { ...found, predictedSqnrDb: 99, prediction } },
    {
      ...{ method: 'exhaustive', lambda: 0.5, seed: 1, evaluations: 10, refinements: 1 },
      ...(isBounded ? { accuracy: { kind: 'agreement', percent: 90 } } : {}),
      ...request,
      onProgress: (_, done, total) => progress.push([done, total]),
    },
    async (assignment) => {
      const widths = assignment.join(' ');
      measured.add(widths);
      return { ...prediction, agreement: keeps(widths) ? 91 : 89 };
    },
  );
  return {
    found: result.assignment.join(' '),
    feasible: result.feasible,
    measured: [...measured],
    progress,
    evaluations: result.evaluations,
  };
}

const among =
  (...kept: string[]) =>
  (widths: string): boolean =>
    kept.includes(widths);

it('goes down by bounds of cost, as many plans as it may', async () => {
  const { found, feasible, measured, progress } = await refined(() => true);
  expect([found, feasible]).toEqual(['4 8 8 8', true]);
  expect(measured).toEqual(['8 8 8 8', '4 8 8 8']);
  expect(progress).toEqual([
    [0, 2],
    [1, 2],
  ]);
});

it('then looks past bounds that lose it, narrows what is left, and knows what was lost already', async () => {
  const keeps = among('8 8 8 8', '4 8 8 8', '4 8 4 8');
  // Three further bounds lose it; of the widths the second is the cheapest, known to be lost, then the third.
  const { found, measured, progress, evaluations } = await refined(keeps, { squeeze: 4 });
  expect(measured).toEqual(['8 8 8 8', '4 8 8 8', '4 4 8 8', '4 4 4 8', '4 8 4 8']);
  expect(found).toBe('4 8 4 8');
  expect(progress.at(-1)).toEqual([5, 6]);
  expect((await refined(keeps, { squeeze: 3 })).found).toBe('4 8 8 8');
  // One more, and nothing cheaper keeps it.
  const more = await refined(keeps, { squeeze: 5 });
  expect([more.found, more.measured.at(-1)]).toEqual(['4 8 4 8', '4 8 4 4']);
  // What is looked at after the plan that is kept counts.
  expect(more.evaluations).toBe(evaluations + 1);
});

it('finds the cheaper plan that keeps the bound beyond one that loses it', async () => {
  const { found, measured } = await refined(among('8 8 8 8', '4 8 8 8', '4 4 4 8'), { squeeze: 99 });
  expect(found).toBe('4 4 4 8');
  expect(measured).toEqual(['8 8 8 8', '4 8 8 8', '4 4 8 8', '4 4 4 8', '4 4 4 4']);
});

it('stays within the share of the cost', async () => {
  // 60 % of it: 4 4 4 8 whatever is allowed above.
  const start = { start: [4, 4, 4, 8], costShare: 0.6, squeeze: 2, refinements: 3 } as const;
  const kept = await refined(among('4 4 4 8', '4 4 8 8', '4 8 8 8', '8 8 8 8'), start);
  expect([kept.found, kept.feasible]).toEqual(['4 4 4 8', true]);
  const lost = await refined(among('4 4 8 8', '4 8 8 8', '8 8 8 8'), start);
  expect([lost.found, lost.feasible]).toEqual(['4 4 4 8', false]);
  expect(lost.measured).toEqual(['4 4 4 4', '4 4 4 8']);
});

it('measures no plan twice without a bound, and none where none is asked for', async () => {
  // 8 8 8 8 is what the method and greedy find, 4 4 4 4 all uniform widths that there are; nothing else is to be had.
  const unbounded = await refined(() => false, { isBounded: false, squeeze: 5, refinements: 9 });
  expect([unbounded.measured, unbounded.feasible]).toEqual([['8 8 8 8', '4 4 4 4'], true]);
  // Either once more, to see how far draws differ.
  expect(unbounded.progress).toEqual([0, 1, 2, 3].map((done) => [done, 10]));
  expect((await refined(() => false, { refinements: 0, squeeze: 5 })).measured).toEqual([]);
  // One plan more is the uniform one: greedy and three uniform methods looked at one assignment each, the method at none
  // but for all 16 within the next bound of cost.
  expect((await refined(() => false, { isBounded: false, refinements: 1 })).evaluations).toBe(4 + 16);
});

it('counts the arenas of neighbours too', async () => {
  // One plan more is the uniform one. A second is a neighbour of 4 8 8 8: an arena to see whether the first layer may be
  // wide, one of the neighbour.
  const counted = async (refinements: number) =>
    refined(() => false, { isBounded: false, start: [4, 8, 8, 8], costShare: 0.8, refinements });
  const [one, two] = [await counted(1), await counted(2)];
  expect(one.measured).toEqual(['4 8 8 8', '4 4 4 4']);
  expect(two.measured).toEqual(['4 8 8 8', '4 4 4 4', '8 4 4 8']);
  expect(two.evaluations).toBe(one.evaluations + 2);
});

it('narrows nothing where no plan keeps the bound', async () => {
  const { feasible, measured } = await refined(() => false, { squeeze: 5 });
  expect([feasible, measured]).toEqual([false, ['8 8 8 8']]);
});

it('has steps of use where the narrowest widths are not the cheapest', async () => {
  // In cycles, say: 100 at 8 bits, 99.9 at 4, but 70 where the last layer keeps 8 bits.
  const costs = { 8: [40, 30, 20, 10], 4: [20, 25, 15, 39.9] } as const;
  const cost: WidthProblem['cost'] = (assignment) =>
    assignment.reduce<number>((sum, bits, i) => sum + costs[bits as 8 | 4][i]!, 0);
  const options = { start: [4, 4, 4, 8], cost, refinements: 3 } as const;
  expect(await refined(among('8 8 8 8', '4 8 8 8'), options)).toMatchObject({
    ...{ found: '4 8 8 8', feasible: true },
  });
});

it('finds plans between 8 bits and the cheapest widths where these save a tenth', async () => {
  // 96, 93, 91 and 90 of 100 from 4 8 8 8 to 4 4 4 4; a step of 9 % would leave out the first two.
  const cost: WidthProblem['cost'] = (assignment) =>
    assignment.reduce<number>((sum, bits, i) => sum + [40, 30, 20, 10][i]! * (bits === 8 ? 1 : 0.9), 0);
  const options = { start: [4, 4, 4, 8], cost, refinements: 3 } as const;
  expect((await refined(among('8 8 8 8', '4 8 8 8'), options)).found).toBe('4 8 8 8');
});

it('keeps the quietest plan within the bound of cost where accuracy has none', async () => {
  // Half of the cost is 4 bits everywhere; within 80 % the figures ask for the first layer alone. All at 8 bits is what a8w4
  // is where no weights are searched: it says nothing of the figures.
  const measured: string[] = [];
  const progress: (number | undefined)[][] = [];
  const first = { agreement: 100, drop: 0, scoreSqnrDb: 99 };
  const refine = (method: RefineRequest['method']) =>
    refineFound(
      {
        problem: problem(),
        found: {
          ...{ assignment: [4, 8, 8, 8], feasible: true, withinLimits: true, evaluations: 7 },
          ...{ predictedSqnrDb: 0, prediction: first },
        },
      },
      {
        ...{ method, lambda: 0.5, seed: 1, evaluations: 10, refinements: 6, costShare: 0.8 },
        onProgress: (_, done, total) => progress.push([done, total]),
      },
      async (assignment, draw) => {
        measured.push(`${assignment.join(' ')}: ${draw}`);
        // The first layer is ten times as noisy as its figure says: 10 dB worse than the next two together.
        return { ...first, scoreSqnrDb: assignment[0] === 4 ? -10 : -7, agreement: measured.length };
      },
    );
  const found = await refine('exhaustive');
  expect(found.assignment[0]).toBe(8);
  expect(found.prediction.scoreSqnrDb).toBe(-7);
  // Of the draws that it was not found by.
  const widths = found.assignment.join(' ');
  const again = measured.flatMap((key, i) =>
    key.startsWith(`${widths}: `) && !key.endsWith(' 0') ? [1 + i] : [],
  );
  expect(again).not.toEqual([]);
  expect(found.prediction.agreement).toBe(again.reduce((a, b) => a + b, 0) / again.length);
  expect(found.isMeasured).toBe(true);
  expect(found.evaluations).toBeGreaterThan(7);
  expect(new Set(measured).size).toBe(measured.length);
  const { cost } = problem();
  expect(measured.slice(0, 2)).toEqual(['4 8 8 8: 0', '4 4 4 4: 0']);
  for (const key of measured)
    expect(cost(key.split(': ')[0]!.split(' ').map(Number) as unknown as Assignment)).toBeLessThanOrEqual(
      0.8 * 6400,
    );
  expect(progress).toEqual(measured.map((_, i) => [i, 7]));
  // What does not read the figures would only be asked the same again.
  measured.length = 0;
  expect((await refine('memory-driven')).assignment).toEqual([4, 8, 8, 8]);
  expect(measured).toEqual(['4 8 8 8: 0']);
});

it('leaves the last of the cost where it buys less than the figures say that it does elsewhere', async () => {
  // Within 80 %: 4 8 8 8, noise 1; within 67 %: 4 4 8 8 at 65 %, noise 3. So 75 % may be (80 / 75)^5.3 = 1.41 as noisy, 1.5 dB.
  const kept = async (cheaperDb: number): Promise<string> => {
    const prediction = { agreement: 100, drop: 0, scoreSqnrDb: 99 };
    const { assignment } = await refineFound(
      {
        problem: problem(),
        found: {
          ...{ assignment: [4, 8, 8, 8], feasible: true, withinLimits: true, evaluations: 0 },
          ...{ predictedSqnrDb: 0, prediction },
        },
      },
      { method: 'exhaustive', lambda: 0.5, seed: 1, evaluations: 10, refinements: 15, costShare: 0.8 },
      async (widths) => {
        const known: Record<string, number> = { '4 8 8 8': 10, '8 4 4 8': cheaperDb };
        return { ...prediction, scoreSqnrDb: known[widths.join(' ')] ?? 0 };
      },
    );
    return assignment.join(' ');
  };
  expect(await kept(8.6)).toBe('8 4 4 8');
  expect(await kept(8.4)).toBe('4 8 8 8');
});
