/** Three layers whose steps can be worked out by hand. */
import { expect, it } from 'vitest';
import { squeezeWidths } from '../../../src/evaluate/squeeze-widths.js';
import { assignmentKey, bitOps, type SearchProblem } from '../../../src/search/problem.js';

/** MACs 100, 10 and 50 with weights at 8 bits; noise of 4 bits 2, 1 and 0.5. */
function problem(sramBytes = 1e6): SearchProblem {
  const layers = [100, 10, 50].map((macs, input) => ({
    ...{ name: `l${input}`, macs, input, inputBits: 8, weights: -1, weightBits: 8 },
  })) as SearchProblem['layers'];
  return {
    variables: layers.map(({ name }) => ({ name, kind: 'activation', candidates: [8, 4], elements: 1 })),
    layers,
    figures: [2, 1, 0.5].map((noise) => [
      { bits: 8, entropyLoss: 0, noise: 0 },
      { bits: 4, entropyLoss: 0, noise },
    ]),
    arenaBytes: (assignment) => assignment[2]!,
    sramBytes,
    cost: (assignment) => bitOps(layers, assignment),
  };
}

/** Narrows from 8 bits everywhere; `keeps` decides by the widths. */
async function squeezed(
  keeps: (assignment: readonly number[]) => boolean,
  request: { trials?: number; lost?: ReadonlySet<string>; sramBytes?: number } = {},
) {
  const { trials = 9, lost = new Set<string>(), sramBytes } = request;
  const tried: string[] = [];
  const found = await squeezeWidths(
    problem(sramBytes),
    { start: [8, 8, 8], trials, lost },
    async (assignment) => {
      tried.push(assignment.join(' '));
      return keeps(assignment) ? assignment : undefined;
    },
  );
  return { tried, found };
}

it('narrows by noise per cost (third layer, first, second), two widths at once after one that kept the bound', async () => {
  expect(await squeezed(() => true)).toEqual({ tried: ['8 8 4', '4 4 4'], found: [4, 4, 4] });
});

it('halves what it narrows at once, then goes on without the width that broke the bound', async () => {
  expect(await squeezed(([first]) => first === 8)).toEqual({
    tried: ['8 8 4', '4 4 4', '4 8 4', '8 4 4'],
    found: [8, 4, 4],
  });
});

it('narrows coupled widths together where one alone saves nothing', async () => {
  const both: SearchProblem = {
    ...problem(),
    cost: (assignment) => (assignment[0] === 4 && assignment[1] === 4 ? 10 : 20),
    coupled: [
      [0, 1],
      [1, 2],
    ],
  };
  const request = { start: [8, 8, 8] as const, trials: 9 };
  expect(await squeezeWidths(both, request, async (assignment) => assignment)).toEqual([4, 4, 8]);
  const { coupled: _, ...alone } = both;
  expect(await squeezeWidths(alone, request, async (assignment) => assignment)).toBeUndefined();
});

it('does not try what is known to break the bound', async () => {
  expect(
    await squeezed(([first]) => first === 8, {
      lost: new Set([assignmentKey([4, 4, 4]), assignmentKey([4, 8, 4])]),
    }),
  ).toEqual({
    tried: ['8 8 4', '8 4 4'],
    found: [8, 4, 4],
  });
});

it('tries no more than it may, nothing that does not fit, and says when nothing was found', async () => {
  expect(await squeezed(() => false, { trials: 2 })).toEqual({ tried: ['8 8 4', '4 8 8'], found: undefined });
  expect(await squeezed(() => true, { sramBytes: 3 })).toEqual({ tried: [], found: undefined });
});
