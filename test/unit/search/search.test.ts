/** Scores by hand, a network solved on paper, and every method against exhaustive search. */
import { describe, expect, it } from 'vitest';
import { loadIntegerSolver } from '../../../src/evaluate/integer-solver.js';
import { integerProgram } from '../../../src/search/integer-program.js';
import { type MethodInfo, SEARCH_METHOD_NAMES, SEARCH_METHODS } from '../../../src/search/methods.js';
import { bitOps, type SearchGoal, totalNoise } from '../../../src/search/problem.js';
import {
  evolutionary,
  exhaustive,
  greedy,
  memoryDriven,
  randomSearch,
  uniform,
} from '../../../src/search/rivals.js';
import { bitOpsSaved, entropyBits, entropyLoss, scoreTable, totalScore } from '../../../src/search/score.js';
import { vdqsAdjacent, vdqsEntropy, vdqsNoise } from '../../../src/search/vdqs.js';
import { createRandom } from '../../../src/support/random.js';
import { chainProblem, randomChain, weightedChain } from './problems.js';

const GOAL: SearchGoal = { costLimit: Number.POSITIVE_INFINITY, seed: 1, evaluations: 640 };

describe('entropy', () => {
  it('of four equal bins is two bits, of one bin none', () => {
    expect(entropyBits([5, 5, 5, 5])).toBe(2);
    expect(entropyBits([7, 0, 0])).toBe(0);
    // 1/2, 1/4, 1/4: 0.5 · 1 + 2 · 0.25 · 2
    expect(entropyBits([2, 1, 1])).toBe(1.5);
  });

  it('loss is relative to the reference', () => {
    expect(entropyLoss(2, 1.5)).toBe(0.25);
    expect(entropyLoss(0, 0)).toBe(0);
  });
});

/**
 * Three layers on paper. BitOPs at 8 bits: (100 + 200 + 100) · 64 = 25600. Map 1 at 4 bits saves 200 · 32 = 6400,
 * a quarter; at 2 bits 9600, three eighths. Maps 0 and 2 save half of that.
 */
const PAPER = chainProblem(
  [
    { elements: 100, macs: 100, loss: [0.4, 0.8], noise: [0.01, 0.04] },
    { elements: 200, macs: 200, loss: [0.4, 0.8], noise: [0.02, 0.08] },
    { elements: 50, macs: 100, loss: [0.2, 0.8], noise: [0.001, 0.01] },
  ],
  Number.POSITIVE_INFINITY,
);

describe('the score', () => {
  it('takes Φ as the share of BitOPs saved at the consumers', () => {
    expect(bitOps(PAPER.layers, [8, 8, 8])).toBe(25600);
    expect(bitOpsSaved(PAPER, 1, 4)).toBe(0.25);
    expect(bitOpsSaved(PAPER, 1, 2)).toBe(0.375);
    expect(bitOpsSaved(PAPER, 0, 4)).toBe(0.125);
  });

  it('rescales both terms to [0, 1] before mixing', () => {
    const scores = scoreTable(PAPER, 0.5);
    // Ω: 0.4 / 0.8 = 0.5, 0.8 / 0.8 = 1. Φ: 0.25 / 0.375 = 2/3, 0.375 / 0.375 = 1.
    expect(scores[1]![0]).toBeCloseTo(0, 12);
    expect(scores[1]![1]).toBeCloseTo(0.5 * (2 / 3 - 0.5), 12);
    expect(scores[1]![2]).toBeCloseTo(0, 12);
    expect(scores[0]![1]).toBeCloseTo(0.5 * (1 / 3 - 0.5), 12);
    expect(scores[2]![1]).toBeCloseTo(0.5 * (1 / 3 - 0.25), 12);
  });
});

describe('VDQS on paper', () => {
  it('takes the best score of each map when memory is plenty', () => {
    // Map 0: 0 against −1/12 and −1/4 → 8 bits. Map 1: 1/12 at 4 bits. Map 2: 1/24 at 4 bits.
    expect(vdqsEntropy(0.5)(PAPER, GOAL)).toMatchObject({ assignment: [8, 4, 4], feasible: true });
  });

  it('then lowers the width whose score falls least per byte freed', () => {
    // Arena of [8, 4, 4]: 100 + 100 = 200 bytes. Under 150: map 0 to 4 bits costs 1/12 for 50 bytes, map 1 to 2 bits
    // costs 1/12 for 50 bytes; the tie goes to the larger map 1. Its arena is then 100 + 50 = 150.
    const tight = { ...PAPER, sramBytes: 150 };
    expect(vdqsEntropy(0.5)(tight, GOAL)).toMatchObject({ assignment: [8, 2, 4], feasible: true });
  });

  it('says so when all at 2 bits do not fit', () => {
    const hopeless = { ...PAPER, sramBytes: 70 };
    expect(vdqsEntropy(0.5)(hopeless, GOAL).feasible).toBe(false);
    expect(vdqsNoise(hopeless, GOAL).feasible).toBe(false);
  });

  it('by noise spends the cost limit where it hurts least', () => {
    // 80 % of 25600 is 20480: map 1 at 4 bits (19200, noise 0.02), maps 0 and 2 at 4 (19200, noise 0.011): the latter.
    const goal = { ...GOAL, costLimit: 20480 };
    expect(vdqsNoise(PAPER, goal)).toMatchObject({ assignment: [4, 8, 4], feasible: true });
  });

  it('in the adjacent form looks at neighbours only', () => {
    const tight = { ...PAPER, sramBytes: 150 };
    const found = vdqsAdjacent(0.5)(tight, GOAL);
    expect(found.feasible).toBe(true);
    expect(PAPER.arenaBytes(found.assignment)).toBeLessThanOrEqual(150);
  });
});

describe('a cost that falls only when two widths fall together', () => {
  // As cycles do: kernels for 4 against 8 bits are slower than for 8 against 8, those for 4 against 4 much quicker.
  const layer = (a: number, b: number): number =>
    a === 8 && b === 8 ? 100 : a === 8 || b === 8 ? 120 : 10 * a;
  const maps = [1, 2, 3, 4].map((noise) => ({
    ...{ elements: 10, macs: 1 },
    ...{ loss: [0.1, 0.2] as const, noise: [noise * 1e-4, noise * 1e-2] as const },
  }));
  const single = {
    ...chainProblem(maps, 1000),
    cost: ([a, b, c, d]: readonly number[]) => layer(a!, b!) + layer(c!, d!),
  };
  const coupled = {
    ...single,
    coupled: [
      [0, 1],
      [2, 3],
    ],
  };

  it('is found where VDQS knows which', () => {
    const goal = { ...GOAL, costLimit: 150 };
    const { assignment, feasible } = vdqsNoise(coupled, goal);
    expect([assignment, feasible]).toEqual([exhaustive()(single, goal).assignment, true]);
    expect(assignment).toEqual([4, 4, 8, 8]);
    // One by one every width makes it dearer: the search stays where it is.
    expect(vdqsNoise(single, goal).feasible).toBe(false);
  });
});

describe('methods against exhaustive search on 60 random chains', () => {
  const problems = Array.from({ length: 60 }, (_, i) =>
    randomChain(createRandom(100 + i), 0.35 + 0.01 * (i % 50)),
  );

  it('VDQS loses at most 5 % of ΣS on average', () => {
    const gaps = problems.map((problem) => {
      const scores = scoreTable(problem, 0.5);
      const worth = (assignment: Parameters<typeof problem.cost>[0]): number =>
        totalScore(problem, scores, assignment);
      const best = exhaustive((_, assignment) => worth(assignment))(problem, GOAL);
      const found = vdqsEntropy(0.5)(problem, GOAL);
      expect(found.feasible).toBe(true);
      const optimum = worth(best.assignment);
      expect(worth(found.assignment)).toBeLessThanOrEqual(optimum + 1e-12);
      return (optimum - worth(found.assignment)) / Math.abs(optimum);
    });
    expect(gaps.reduce((a, b) => a + b, 0) / gaps.length).toBeLessThanOrEqual(0.05);
  });

  it('nothing beats the exhaustive noise, and everything feasible keeps its limits', () => {
    const ratios: number[] = [];
    for (const problem of problems.slice(0, 30)) {
      const costLimit = 0.7 * problem.cost(problem.variables.map(() => 8));
      const goal = { ...GOAL, costLimit };
      const optimum = totalNoise(problem, exhaustive()(problem, goal).assignment);
      for (const method of [vdqsNoise, greedy, evolutionary, randomSearch, memoryDriven, uniform(4, 8)]) {
        const found = method(problem, goal);
        if (!found.feasible) continue;
        expect(problem.cost(found.assignment)).toBeLessThanOrEqual(costLimit);
        expect(problem.arenaBytes(found.assignment)).toBeLessThanOrEqual(problem.sramBytes);
        expect(totalNoise(problem, found.assignment)).toBeGreaterThanOrEqual(optimum - 1e-12);
      }
      ratios.push(totalNoise(problem, vdqsNoise(problem, goal).assignment) / optimum);
    }
    expect(ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]).toBeLessThan(1.2);
  });

  it('is the same for the same seed', () => {
    for (const method of [evolutionary, randomSearch]) {
      expect(method(problems[0]!, GOAL)).toEqual(method(problems[0]!, GOAL));
    }
  });
});

describe('the integer program', () => {
  it('finds the optimum on paper', async () => {
    const solve = await loadIntegerSolver();
    // As VDQS above: maps 0 and 2 at 4 bits have noise 0.011 against 0.02 of map 1.
    const found = integerProgram(solve)(PAPER, { ...GOAL, costLimit: 20480 });
    expect(found).toMatchObject({ assignment: [4, 8, 4], feasible: true });
    expect(integerProgram(solve)(PAPER, { ...GOAL, costLimit: 100 }).feasible).toBe(false);
  });

  it('equals exhaustive search where cost binds, with weights and their products', async () => {
    const solve = await loadIntegerSolver();
    for (let seed = 0; seed < 12; seed++) {
      const problem = weightedChain(createRandom(500 + seed));
      const goal = { ...GOAL, costLimit: 0.4 * problem.cost(problem.variables.map(() => 8)) };
      const optimum = totalNoise(problem, exhaustive()(problem, goal).assignment);
      const found = integerProgram(solve)(problem, goal);
      expect(found.feasible).toBe(true);
      expect(totalNoise(problem, found.assignment)).toBeLessThanOrEqual(optimum * 1.001);
    }
  });

  it('brings the arena below its limit by cuts', async () => {
    const solve = await loadIntegerSolver();
    const gaps: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const problem = randomChain(createRandom(700 + seed), 0.5);
      const goal = { ...GOAL, costLimit: 0.8 * problem.cost(problem.variables.map(() => 8)) };
      const found = integerProgram(solve)(problem, goal);
      expect(found.feasible).toBe(true);
      const optimum = totalNoise(problem, exhaustive()(problem, goal).assignment);
      expect(totalNoise(problem, found.assignment)).toBeGreaterThanOrEqual(optimum - 1e-12);
      gaps.push(totalNoise(problem, found.assignment) / optimum);
    }
    expect(gaps.sort((a, b) => a - b)[gaps.length >> 1]).toBeLessThan(1.2);
  });
});

it('names the methods that read figures of noise: others give the same widths whatever these are', async () => {
  const integerSolver = await loadIntegerSolver();
  const changed = new Set<string>();
  for (let seed = 0; seed < 6; seed++) {
    const problem = weightedChain(createRandom(900 + seed));
    const goal = { ...GOAL, costLimit: 0.5 * problem.cost(problem.variables.map(() => 8)) };
    const random = createRandom(seed);
    const figures = problem.figures.map((row) => {
      const factor = 0.01 + random.next();
      return row.map((figure) => ({ ...figure, noise: factor * figure.noise }));
    });
    for (const name of SEARCH_METHOD_NAMES) {
      const method = (SEARCH_METHODS[name] as MethodInfo).create({ lambda: 0.5, integerSolver });
      const [before, after] = [method(problem, goal), method({ ...problem, figures }, goal)];
      if (before.assignment.join() !== after.assignment.join()) changed.add(name);
    }
  }
  expect([...changed].sort()).toEqual(
    SEARCH_METHOD_NAMES.filter((name) => SEARCH_METHODS[name].readsNoise).sort(),
  );
});
