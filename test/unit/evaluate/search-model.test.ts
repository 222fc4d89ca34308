/** The search on random networks: figures against plain runs, the problem against real plans, resuming, seeds. */
import { describe, expect, it, vi } from 'vitest';
import { measuredCosts } from '../../../src/bind/measure.js';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { type CycleMeter, cycleTable } from '../../../src/evaluate/cycle-costs.js';
import { createFloatEngine, quantizeCalibrated } from '../../../src/evaluate/quantize-model.js';
import { networkFigures } from '../../../src/evaluate/search-figures.js';
import { ModelSearch, type SearchOptions } from '../../../src/evaluate/search-model.js';
import { bitAssignment, searchProblem } from '../../../src/evaluate/search-problem.js';
import { buildSkeleton, chooseStage, expandStage } from '../../../src/evaluate/search-skeleton.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { encodePlan } from '../../../src/ir/plan-file.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { stepMacs } from '../../../src/ops/index.js';
import { activationGrids } from '../../../src/quantize/activation-grids.js';
import { collectScores, noiseToSignal } from '../../../src/quantize/score-noise.js';
import { SEARCH_METHOD_NAMES } from '../../../src/search/methods.js';
import { type Cache, folderCache, noCache } from '../../../src/support/cache.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';
import { createRandom } from '../../../src/support/random.js';
import { randomModel, searchingWith, smallSearch } from '../../support/random-search-model.js';

const optionsFor = (cache: Cache): SearchOptions => ({
  ...smallSearch(cache),
  ...{ stage: 'auto', sramBytes: 64 * 1024 },
  accuracy: { kind: 'agreement', percent: 75 },
});

const searchOnce = searchingWith(optionsFor);

const planBytes = async (found: ReturnType<typeof searchOnce>): Promise<string> => {
  const { plan } = await found;
  const { json, weights } = encodePlan(plan);
  return `${json}${Buffer.from(weights).toString('hex')}`;
};

/**
 * Kernels are chosen by constants that only the quantised plan has; what a search finds too large by it, it searches
 * again with less room.
 */
const SCRATCH_BYTES = 64;

describe('figures', () => {
  it('are the noise of one narrow map on its own, as a plain run of every sample gives it', async () => {
    const model = await randomModel(3);
    const { network, ranges, samples } = model;
    const figures = await networkFigures(model, createFloatEngine(), optionsFor(noCache));
    const site = figures.sites.findIndex(({ kind }) => kind === 'activation');
    const narrow = figures.sites[site]!;
    if (narrow.kind !== 'activation') throw new Error('no map');
    const used = [0, 1, 2, 3, 4].map((i) => samples[Math.floor((i * samples.length) / 5)]!);
    const grids = activationGrids(network, ranges, uniformAssignment(4, 8), {
      ...{ method: { kind: 'mse' }, channels: figures.channels },
    });
    const runner = createFloatRunner(network);
    for (const id of narrow.tensors) runner.setFakeQuantization(id, grids[id]!.grid);
    const expected = noiseToSignal(
      collectScores(createFloatRunner(network), used),
      collectScores(runner, used),
    );
    expect(expected).toBeGreaterThan(0);
    expect(figures.figures[site]![1]!.noise).toBeCloseTo(expected, 9);
  });
});

describe('the search problem', () => {
  it.each([5, 8, 13])(
    'has the arena and the BitOPs of the plan that is made of it (seed %i)',
    async (seed) => {
      const model = await randomModel(seed);
      const figures = await networkFigures(model, createFloatEngine(), optionsFor(noCache));
      const skeleton = buildSkeleton(model.network, figures.storedAt, figures.weights);
      const random = createRandom(seed);
      for (const kind of ['layers', 'patches', 'streaming'] as const) {
        const stage = chooseStage(skeleton, kind, 2048);
        if (stage === undefined) continue;
        // No arena is small enough to be accepted early: this is the real layout.
        const problem = searchProblem(figures, stage.skeleton, {
          scope: 'all',
          stageLayers: 0,
          arenaBytes: 0,
        });
        const widths = problem.variables.map(({ candidates }) => random.pick(candidates));
        const whole = quantizeCalibrated(model, bitAssignment(problem, widths), {
          channelScales: false,
        }).plan;
        const plan = expandStage(whole, stage.choice);
        const bound = Math.max(...measuredCosts.liveBytes(plan));
        expect(Math.abs(problem.arenaBytes(widths) - bound)).toBeLessThanOrEqual(SCRATCH_BYTES);
        const roomy = searchProblem(figures, stage.skeleton, {
          scope: 'all',
          stageLayers: 0,
          arenaBytes: bound,
        });
        const { arenaBytes } = measuredCosts.memory(plan);
        expect(Math.abs(roomy.arenaBytes(widths) - arenaBytes)).toBeLessThanOrEqual(SCRATCH_BYTES);
        const bitops = plan.steps.reduce(
          (sum, step) =>
            'weightBits' in step
              ? sum + stepMacs(step, plan) * step.weightBits * plan.tensors[step.inputs[0]!]!.bits
              : sum,
          0,
        );
        expect(problem.cost(widths)).toBe(bitops);
      }
    },
  );
});

describe('cycles as the cost', () => {
  /** A made-up core: a step takes as many cycles as its MACs and the bits of its input and weights. */
  const meter: CycleMeter = async (plan) => ({
    steps: plan.steps.map((step) => {
      const bits = plan.tensors[step.inputs[0]!]!.bits;
      return 'weightBits' in step ? stepMacs(step, plan) * (bits + 2 * step.weightBits) : bits;
    }),
  });

  it('add up the table of the pairs of widths', async () => {
    const model = await randomModel(8);
    const figures = await networkFigures(model, createFloatEngine(), optionsFor(noCache));
    const skeleton = buildSkeleton(model.network, figures.storedAt, figures.weights);
    const random = createRandom(8);
    for (const kind of ['layers', 'patches', 'streaming'] as const) {
      const stage = chooseStage(skeleton, kind, 2048);
      if (stage === undefined) continue;
      const cycles = await cycleTable(figures, stage.choice, meter);
      const problem = searchProblem(figures, stage.skeleton, {
        ...{ scope: 'all', stageLayers: 0, arenaBytes: 0, cycles },
      });
      const widths = problem.variables.map(({ candidates }) => random.pick(candidates));
      const whole = quantizeCalibrated(model, bitAssignment(problem, widths), { channelScales: false }).plan;
      const plan = expandStage(whole, stage.choice);
      const { steps } = await meter(plan);
      // Steps that only move rows are counted as they are at 8 bits.
      const moves = steps.filter((_, i) => plan.steps[i]!.op === 'crop');
      const expected = steps.reduce((a, b) => a + b, 0) - moves.reduce((a, b) => a + b, 0);
      expect(problem.cost(widths)).toBe(expected + cycles.moves);
    }
  });

  it('keep a limit', async () => {
    const model = await randomModel(8);
    const { accuracy: _, ...options } = optionsFor(noCache);
    const search = await ModelSearch.prepare(model, options);
    const free = await search.search({ ...options, stage: 'none', cycles: meter });
    const all = (await meter(free.plan)).steps.reduce((a, b) => a + b, 0);
    const bound = await search.search({ ...options, stage: 'none', cycles: meter, cycleLimit: 0.7 * all });
    expect(bound.found.feasible).toBe(true);
    expect((await meter(bound.plan)).steps.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(0.7 * all);
    await expect(search.search({ ...options, cycles: meter, method: 'integer-program' })).rejects.toThrow(
      'BitOPs alone',
    );
  });

  it('keep a limit, and a share of the cost, while plans are sought that keep the accuracy', async () => {
    const model = await randomModel(21);
    const { accuracy: _, ...options } = { ...optionsFor(noCache), stage: 'none', cycles: meter } as const;
    const search = await ModelSearch.prepare(model, options);
    const cyclesOf = async ({ plan }: { readonly plan: DeployPlan }): Promise<number> =>
      (await meter(plan)).steps.reduce((a, b) => a + b, 0);
    const all = await cyclesOf(await search.search(options));
    // Wider plans keep every answer, but take longer.
    const bounded = { accuracy: { kind: 'agreement', percent: 100 }, refinements: 3 } as const;
    const limited = await search.search({ ...options, ...bounded, cycleLimit: 0.35 * all });
    expect(await cyclesOf(limited)).toBeLessThanOrEqual(0.35 * all);
    const shared = await search.search({ ...options, costShare: 0.5, cycleLimit: 0.9 * all });
    expect(await cyclesOf(shared)).toBeLessThanOrEqual(0.5 * all);
  });
});

describe('a search', () => {
  it('gives the same bytes twice, whatever is in the cache', async () => {
    const model = await randomModel(21);
    const cache = folderCache(createMemoryHost(), 'cache');
    const first = await planBytes(searchOnce(model, cache));
    expect(await planBytes(searchOnce(model, cache))).toBe(first);
    expect(await planBytes(searchOnce(model, noCache))).toBe(first);
  });

  it('that is killed at any measurement goes on to the same plan', async () => {
    const model = await randomModel(21);
    const expected = await planBytes(searchOnce(model, noCache));
    for (let survives = 0; ; survives++) {
      const host = createMemoryHost();
      const stored = folderCache(host, 'cache');
      let left = survives;
      const dying: Cache = {
        ...stored,
        json: (key, make) => {
          if (left-- === 0) throw new Error('killed');
          return stored.json(key, make);
        },
      };
      const outcome = await planBytes(searchOnce(model, dying)).catch((error: Error) => error.message);
      if (outcome === expected) {
        // Five images and three stages at least can be killed at.
        expect(survives).toBeGreaterThan(7);
        break;
      }
      expect(outcome).toBe('killed');
      expect(await planBytes(searchOnce(model, stored))).toBe(expected);
    }
  });

  it.each(SEARCH_METHOD_NAMES.filter((name) => name !== 'exhaustive'))(
    'by %s keeps its limits or says that it does not',
    async (method) => {
      const model = await randomModel(21);
      const found = await searchOnce(model, noCache, { method });
      expect(found.plan.steps.length).toBeGreaterThan(0);
      if (found.found.feasible) {
        expect(found.fits).toBe(true);
        expect(found.found.prediction.agreement).toBeGreaterThanOrEqual(75);
        expect(found.bitops).toBeLessThanOrEqual(found.bitopsInt8);
      }
    },
  );
});

it('leaves more room with every plan that is larger than its skeleton', async () => {
  const options = { ...optionsFor(noCache), stage: 'none' } as const;
  const search = await ModelSearch.prepare(await randomModel(3), options);
  const steps = search as unknown as {
    searchStage(stage: unknown, budget: number): Promise<unknown>;
    finish(candidate: unknown, budget: number, how: SearchOptions): Promise<{ arenaBytes: number }>;
  };
  const searched = vi.spyOn(steps, 'searchStage');
  const real = steps.finish.bind(search);
  const over = [100, 50, 0];
  vi.spyOn(steps, 'finish').mockImplementation(async (candidate, budget, how) => ({
    ...(await real(candidate, budget, how)),
    arenaBytes: budget + over.shift()!,
  }));
  const { found } = await search.search(options);
  const limits = searched.mock.calls.map(([, budget]) => budget);
  expect(limits.map((limit) => limits[0]! - limit)).toEqual([0, 100, 150]);
  const attempts = await Promise.all(searched.mock.results.map(({ value }) => value));
  const spent = attempts.map((attempt) => attempt.found.evaluations);
  expect(Math.min(...spent)).toBeGreaterThan(0);
  expect(found.evaluations).toBe(spent.reduce((a, b) => a + b, 0));
});
