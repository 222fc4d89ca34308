/**
 * The search with classes of patches on random networks: protected branches at 8 bits, the others at the widths found;
 * BitOPs, arena, cycles and noise of both classes against slow counts, plain runs and plans made on their own.
 */
import { describe, expect, it } from 'vitest';
import { measuredCosts } from '../../../src/bind/measure.js';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { DEFAULT_STACK_BYTES } from '../../../src/codegen/emit-project.js';
import type { CalibratedModel } from '../../../src/evaluate/calibrate-model.js';
import { type CycleMeter, cycleTable } from '../../../src/evaluate/cycle-costs.js';
import { AccuracyPredictor } from '../../../src/evaluate/predict-accuracy.js';
import { createFloatEngine, quantizeBranches } from '../../../src/evaluate/quantize-model.js';
import { stageClasses } from '../../../src/evaluate/quantize-staged.js';
import { classedSearch, type PatchChoice, stagedRequest } from '../../../src/evaluate/search-classes.js';
import { networkFigures, widthSites } from '../../../src/evaluate/search-figures.js';
import { ModelSearch, type SearchedPlan, type SearchOptions } from '../../../src/evaluate/search-model.js';
import { bitAssignment, searchProblem } from '../../../src/evaluate/search-problem.js';
import { buildSkeleton, chooseStage } from '../../../src/evaluate/search-skeleton.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { encodePlan } from '../../../src/ir/plan-file.js';
import type { Region } from '../../../src/ir/region.js';
import type { Width } from '../../../src/numeric/widths.js';
import { stepMacs } from '../../../src/ops/index.js';
import { planBitops } from '../../../src/ops/plan-bitops.js';
import { activationGrids } from '../../../src/quantize/activation-grids.js';
import { collectScores, noiseToSignal } from '../../../src/quantize/score-noise.js';
import { type Cache, folderCache, noCache } from '../../../src/support/cache.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';
import { createRandom } from '../../../src/support/random.js';
import { randomModel, searchingWith, smallSearch } from '../../support/random-search-model.js';
import { checkTiles } from '../../support/staged-tiles.js';

const optionsFor = (cache: Cache): SearchOptions => ({
  ...smallSearch(cache),
  ...{ stage: 'patches', sramBytes: 6 * 1024, costShare: 0.6 },
  classes: { rule: 'noise', flaggedShare: 0.5 },
});

const searchOnce = searchingWith(optionsFor);

/** Everything that the search does with a stage, step by step: its parts for a seed. */
async function classedParts(seed: number, flaggedShare = 0.5) {
  const model = await randomModel(seed);
  const options = optionsFor(noCache);
  const figures = await networkFigures(model, createFloatEngine(), options);
  const skeleton = buildSkeleton(model.network, figures.storedAt, figures.weights);
  const chosen = chooseStage(skeleton, 'patches', options.sramBytes - DEFAULT_STACK_BYTES)!;
  const predictor = await AccuracyPredictor.create(figures, model.samples, 1);
  const start = { model, figures, predictor };
  const stage = { ...chosen, choice: chosen.choice as PatchChoice };
  const classed = await classedSearch(start, skeleton, stage, { flaggedShare }, options);
  return { model, figures, classed, choice: stage.choice };
}

/** Networks of the seeds have stages of two layers and more in that memory. */
const SEEDS = [4, 7];

/** By map the width that its group was given; 8 where none was. */
function widthOfMaps({ network }: CalibratedModel, { assignment }: SearchedPlan): Width[] {
  const widths = network.tensors.map((): Width => 8);
  for (const site of widthSites(network, 'fixed'))
    if (site.kind === 'activation')
      for (const id of site.tensors) widths[id] = assignment.activations[site.name]!;
  return widths;
}

const areaOf = ({ y0, y1, x0, x1 }: Region): number => (y1 - y0) * (x1 - x0);

describe('a search with classes of patches', () => {
  it.each([
    [4, 'uniform-a4w4'],
    [7, 'vdqs'],
  ] as const)(
    'gives protected branches 8 bits and the others the widths found, and counts both (seed %i, %s)',
    async (seed, method) => {
      const model = await randomModel(seed);
      const { network } = model;
      const found = await searchOnce(model, noCache, { method });
      const { plan, classes, assignment, stage } = found;
      const { classed } = await classedParts(seed);
      const { layout, maps } = classed.stage;
      expect(stage).toEqual({
        kind: 'patches',
        stageLayers: layout.cut.steps,
        grid: [layout.rows, layout.columns],
        input: layout.input,
      });
      const names = classes!.classes;
      expect(names.filter((name) => name === 'protected')).toHaveLength(Math.round(names.length / 2));
      const widths = widthOfMaps(model, found);
      // Narrow maps stand in the stage: otherwise nothing would be told apart.
      expect([...maps].some((id) => widths[id] !== 8)).toBe(true);

      const widthIn = (branch: number, id: number): Width =>
        names[branch] === 'protected' && maps.has(id) ? 8 : widths[id]!;
      layout.branches.forEach(({ row, column }, branch) => {
        for (const layer of network.layers.slice(0, layout.cut.steps)) {
          const { name, id } = network.tensors[layer.output]!;
          const tile = plan.tensors.find((tensor) => tensor.name === `${name}[${row},${column}]`)!;
          expect([tile.name, tile.bits]).toEqual([tile.name, widthIn(branch, id)]);
        }
      });

      let bitops = 0;
      for (const [at, layer] of network.layers.entries()) {
        if (!('weights' in layer)) continue;
        const [height, width] = network.tensors[layer.output]!.shape;
        const input = layer.inputs[0]!;
        const taps =
          layer.op === 'fully_connected' ? layer.weights.length / (height * width) : layer.weights.length;
        const w = assignment.weights[layer.name]!;
        if (at >= layout.cut.steps) bitops += height * width * taps * w * widths[input]!;
        else
          layout.branches.forEach(({ regions }, branch) => {
            bitops += areaOf(regions.get(layer.output)!) * taps * w * widthIn(branch, input);
          });
      }
      expect([found.bitops, planBitops(plan)]).toEqual([bitops, bitops]);
      expect(found.bitops).toBeLessThan(found.bitopsInt8);
      const { arenaBytes } = measuredCosts.memory(plan);
      expect(found.arenaBytes).toBe(arenaBytes);

      const own = (bits: (id: number) => Width) => ({
        activations: Object.fromEntries([...maps].map((id) => [network.tensors[id]!.name, bits(id)])),
        defaultActivationBits: 8 as const,
      });
      const request = {
        ...stagedRequest(network, classed.stage, assignment),
        classOf: names.map((name) => (name === 'protected' ? 0 : 1)),
        classes: [own(() => 8), own((id) => widths[id]!)],
      };
      const { plans } = quantizeBranches(model, request, { seed: 1 });
      checkTiles({ ...model, layout, plan, plans }, request.classOf, `seed ${seed}`);
    },
  );

  it('has in its problem the arena, the BitOPs and the cycles of the plan with both classes', async () => {
    /** A made-up core: a step takes as many cycles as its MACs and the bits of its input and weights. */
    const cyclesOf = (plan: DeployPlan): number[] =>
      plan.steps.map((step) => {
        const { bits } = plan.tensors[step.inputs[0]!]!;
        return 'weightBits' in step ? stepMacs(step, plan) * (bits + 2 * step.weightBits) : bits;
      });
    const meter: CycleMeter = async (plan) => ({ steps: cyclesOf(plan) });
    for (const seed of SEEDS) {
      const random = createRandom(seed);
      const { model, figures, classed, choice } = await classedParts(seed, 0.25);
      const { skeleton } = classed;
      const cycles = await cycleTable(figures, choice, meter, undefined, (step) => skeleton.readsKept(step));
      const limits = { scope: 'all', stageLayers: 0 } as const;
      const problem = searchProblem(classed.figures, skeleton, { ...limits, arenaBytes: 0, cycles });
      const widths = problem.variables.map(({ candidates }) => random.pick(candidates));
      const request = stagedRequest(model.network, classed.stage, bitAssignment(problem, widths));
      const { plan } = quantizeBranches(model, request, { channelScales: false });
      expect(problem.bitops(widths)).toBe(planBitops(plan));
      const moves = cyclesOf(plan).filter((_, i) => plan.steps[i]!.op === 'crop');
      const all = cyclesOf(plan).reduce((a, b) => a + b, 0);
      expect(problem.cost(widths)).toBe(all - moves.reduce((a, b) => a + b, 0) + cycles.moves);
      const bound = Math.max(...measuredCosts.liveBytes(plan));
      expect(Math.abs(problem.arenaBytes(widths) - bound)).toBeLessThanOrEqual(SCRATCH_BYTES);
      const roomy = searchProblem(classed.figures, skeleton, { ...limits, arenaBytes: bound });
      const { arenaBytes } = measuredCosts.memory(plan);
      expect(Math.abs(roomy.arenaBytes(widths) - arenaBytes)).toBeLessThanOrEqual(SCRATCH_BYTES);
    }
  });

  it('takes the noise of a map of the stage from the branches that are not protected', async () => {
    const { model, figures, classed } = await classedParts(7);
    const { network, ranges, samples } = model;
    const { layout, found, maps } = classed.stage;
    const id = [...maps][0]!;
    const site = figures.sites.findIndex((s) => s.kind === 'activation' && s.tensors.includes(id));
    const narrow = figures.sites[site]!;
    if (narrow.kind !== 'activation') throw new Error('no map');
    const all = Object.fromEntries([...maps].map((map) => [network.tensors[map]!.name, 4 as const]));
    const everywhere = {
      defaultActivationBits: 4,
      defaultWeightBits: 8,
      activations: all,
      weights: {},
    } as const;
    const stage = stageClasses(stagedRequest(network, classed.stage, everywhere));
    const stored = activationGrids(network, ranges, everywhere, {
      ...{ method: { kind: 'mse' }, channels: classed.figures.channels, stage },
    });
    const runner = createFloatRunner(network);
    for (const map of narrow.tensors) {
      const plain = layout.owned.flatMap((owned, branch) =>
        found.classes[branch] === 'plain'
          ? [{ region: owned.get(map)!, grid: stored[map]!.byClass![1]!.grid }]
          : [],
      );
      runner.setFakeQuantization(map, plain);
    }
    const used = [0, 1, 2, 3, 4].map((i) => samples[Math.floor((i * samples.length) / 5)]!);
    const expected = noiseToSignal(
      collectScores(createFloatRunner(network), used),
      collectScores(runner, used),
    );
    expect(expected).toBeGreaterThan(0);
    expect(classed.figures.figures[site]![1]!.noise).toBeCloseTo(expected, 9);
    // Less than that of the whole map.
    expect(classed.figures.figures[site]![1]!.noise).toBeLessThan(figures.figures[site]![1]!.noise);
    const outside = figures.sites.findIndex(
      (s) => s.kind === 'activation' && !s.tensors.some((t) => maps.has(t)),
    );
    expect(classed.figures.figures[outside]).toBe(figures.figures[outside]);
  });

  it('meets a bound on held-out images, and gives the same bytes whatever is in the cache', async () => {
    const model = await randomModel(7);
    const bound = { accuracy: { kind: 'agreement', percent: 70 }, refinements: 1 } as const;
    const cache = folderCache(createMemoryHost(), 'cache');
    const first = await searchOnce(model, cache, bound);
    expect(first.found.feasible).toBe(true);
    expect(first.found.prediction.agreement).toBeGreaterThanOrEqual(70);
    for (const again of [cache, noCache]) {
      const other = await searchOnce(model, again, bound);
      expect(encodePlan(other.plan)).toEqual(encodePlan(first.plan));
      expect(other.found.prediction).toEqual(first.found.prediction);
    }
  });

  it('takes a deeper stage where that of one layer has no map of its own', async () => {
    const model = await randomModel(3);
    const { classes: _, ...plain } = optionsFor(noCache);
    const alike = await (await ModelSearch.prepare(model, plain)).search(plain);
    expect(alike.stage).toMatchObject({ kind: 'patches', stageLayers: 1 });
    const { stage, classes } = await searchOnce(model, noCache);
    expect(stage).toMatchObject({ kind: 'patches' });
    expect(stage.kind === 'patches' && stage.stageLayers).toBeGreaterThan(1);
    expect(new Set(classes!.classes).size).toBe(2);
  });

  it('refuses stages without patches', async () => {
    const model = await randomModel(3);
    for (const stage of ['none', 'streaming'] as const)
      await expect(searchOnce(model, noCache, { stage })).rejects.toMatchObject({
        code: 'search/classes',
        message: expect.stringContaining(`--stage ${stage}`),
      });
  });
});

/** Kernels are chosen by constants that only the quantised plan has. */
const SCRATCH_BYTES = 64;
