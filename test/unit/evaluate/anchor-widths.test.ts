/** Anchors of a network of two layers, widths and costs by hand. */
import { expect, it } from 'vitest';
import { anchorWidths } from '../../../src/evaluate/anchor-widths.js';
import type { WidthProblem } from '../../../src/evaluate/search-problem.js';
import { type Assignment, bitOps, type SearchProblem } from '../../../src/search/problem.js';

interface Shape {
  readonly arenaBytes?: (assignment: Assignment) => number;
  readonly weightCandidates?: readonly number[];
}

/** Maps of two layers, then their weights. MACs 60 and 40; narrowing the second layer is noisier. */
function problem({ arenaBytes = () => 0, weightCandidates = [8, 4] }: Shape = {}): WidthProblem {
  const layers = [60, 40].map((macs, i) => ({ name: `l${i}`, macs, input: i, weights: 2 + i }));
  const candidates = [[8, 4], [8, 4], weightCandidates, weightCandidates];
  const noises = [1, 3, 1, 3];
  return {
    variables: candidates.map((widths, i) => ({
      ...{ name: `v${i}`, kind: i < 2 ? 'activation' : 'weights', candidates: widths, elements: 1 },
    })),
    figures: candidates.map((widths, i) =>
      widths.map((bits) => ({ bits, entropyLoss: 0, noise: bits === 8 ? 0 : noises[i]! })),
    ),
    layers,
    cost: (assignment: Assignment) => bitOps(layers as unknown as SearchProblem['layers'], assignment),
    arenaBytes,
    sramBytes: 100,
  } as unknown as WidthProblem;
}

const anchors = (asked: WidthProblem, found: string, costShare: number, trials = 12) => {
  const request = { method: 'vdqs', lambda: 0.5, seed: 1, evaluations: 10, costShare } as const;
  const start = { assignment: found.split(' ').map(Number) as unknown as Assignment };
  const { anchors: list, evaluations } = anchorWidths(asked, start, trials, request);
  const said = list.map(
    ({ assignment, isWithinLimits }) => `${assignment.join(' ')}${isWithinLimits ? '' : ' not kept'}`,
  );
  return { said, evaluations };
};

it('are greedy’s and uniform widths within the limits, then dearer ones', () => {
  // Costs of 8 bits: a4w4 a quarter, a8w4 and a4w8 half. Greedy narrows the first layer's map, then its weights, 0.55 left;
  // a4w4 is cheaper than half of that.
  expect(anchors(problem(), '4 8 4 8', 0.6).said).toEqual(['4 8 4 8', '8 8 4 4', '4 4 8 8']);
  expect(anchors(problem(), '4 4 4 8', 0.4).said).toEqual([
    ...['4 4 4 8', '4 4 4 4', '8 8 4 4 not kept', '4 4 8 8 not kept'],
  ]);
});

it('leave three quarters of the plans to others where they are dearer than the bound', () => {
  expect(anchors(problem(), '4 4 4 8', 0.4, 7).said).toEqual(['4 4 4 8', '4 4 4 4', '8 8 4 4 not kept']);
  expect(anchors(problem(), '4 4 4 8', 0.4, 3).said).toEqual(['4 4 4 8', '4 4 4 4']);
  expect(anchors(problem(), '4 4 4 8', 0.4, 0)).toEqual({ said: [], evaluations: 0 });
});

it('are near what was found, not the bound of cost, where memory binds', () => {
  // The maps have to be narrow.
  const arenaBytes = (assignment: Assignment): number => 10 * (assignment[0]! + assignment[1]!);
  const { said } = anchors(problem({ arenaBytes }), '4 4 8 8', 1);
  // Greedy's, a4w4, a4w8: what is the same is not measured twice later on.
  expect(said).toEqual(['4 4 8 8', '4 4 4 4', '4 4 8 8']);
});

it('have figures to correct: not all at 8 bits, which a8w4 is where no weights are searched', () => {
  expect(anchors(problem({ weightCandidates: [8] }), '8 4 8 8', 0.8).said).toEqual([
    // Greedy's, a4w4 and a4w8.
    ...['4 8 8 8', '4 4 8 8', '4 4 8 8'],
  ]);
});

it('leave out greedy where it ends beyond the limits', () => {
  expect(anchors(problem(), '4 4 4 4', 0.2).said).toEqual([
    '4 4 4 4 not kept',
    '8 8 4 4 not kept',
    '4 4 8 8 not kept',
  ]);
});

it('leave out uniform widths of more than twice the cost of what was found', () => {
  // An eighth of 8 bits; a4w4 is a quarter, a8w4 and a4w8 half.
  const { said } = anchors(problem({ weightCandidates: [8, 4, 2] }), '4 4 2 2', 0.15);
  expect(said).toEqual(['4 4 2 2', '4 4 4 4 not kept']);
});
