/** Three layers whose steps can be worked out by hand. */
import { expect, it } from 'vitest';
import { squeezeWidths } from '../../../src/evaluate/squeeze-widths.js';
import { bitOps, type SearchProblem } from '../../../src/search/problem.js';

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

it('narrows by noise per cost: the third layer, the first, then the second', async () => {
  const tried: string[] = [];
  const found = await squeezeWidths(problem(), [8, 8, 8], 9, async (assignment) => {
    tried.push(assignment.join(' '));
    return assignment;
  });
  expect(tried).toEqual(['8 8 4', '4 8 4', '4 4 4']);
  expect(found).toEqual([4, 4, 4]);
});

it('keeps what kept the bound, and goes on without the width that broke it', async () => {
  const tried: string[] = [];
  const found = await squeezeWidths(problem(), [8, 8, 8], 9, async (assignment) => {
    tried.push(assignment.join(' '));
    return assignment[0] === 8 ? assignment : undefined;
  });
  expect(tried).toEqual(['8 8 4', '4 8 4', '8 4 4']);
  expect(found).toEqual([8, 4, 4]);
});

it('tries no more than it may, nothing that does not fit, and says when nothing was found', async () => {
  let count = 0;
  const refuse = async () => {
    count++;
    return undefined;
  };
  expect(await squeezeWidths(problem(), [8, 8, 8], 2, refuse)).toBeUndefined();
  expect(count).toBe(2);
  expect(await squeezeWidths(problem(3), [8, 8, 8], 9, refuse)).toBeUndefined();
  expect(count).toBe(2);
});
