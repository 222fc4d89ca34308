/** Noise figures from plans: by made-up plans, and against plans of random networks measured one by one. */
import { describe, expect, it } from 'vitest';
import type { FloatModel } from '../../../src/evaluate/calibrate-model.js';
import { HeldOutAccuracy } from '../../../src/evaluate/held-out-accuracy.js';
import { PlanFigures, withPlanNoise } from '../../../src/evaluate/plan-noise.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { type NetworkFigures, networkFigures } from '../../../src/evaluate/search-figures.js';
import { ModelSearch } from '../../../src/evaluate/search-model.js';
import { isWeighted } from '../../../src/ir/float-network.js';
import type { BitAssignment } from '../../../src/ir/stage-data.js';
import type { Width } from '../../../src/numeric/widths.js';
import { NoiseBelief } from '../../../src/search/noise-belief.js';
import type { SearchProblem } from '../../../src/search/problem.js';
import { type Cache, noCache } from '../../../src/support/cache.js';
import { randomModel, smallSearch } from '../../support/random-search-model.js';

const decibels = (noise: number): number => -10 * Math.log10(noise);

describe('of made-up plans', () => {
  const row = (...noise: readonly number[]) =>
    noise.map((own, i) => ({ bits: ([8, 4, 2] as const)[i]!, entropyLoss: i / 2, noise: own }));
  const figures = {
    sites: [
      { kind: 'activation', name: 'map', elements: 1, tensors: [1] },
      { kind: 'weights', name: 'layer', elements: 1, layer: 0 },
    ],
    figures: [row(0, 0.7, 0.8), row(0, 0.9)],
    baseNoise: 5,
  } as unknown as NetworkFigures;
  /** By the widths of the map and the weights. */
  const of = async (noise: Readonly<Record<string, number>>, isFree = [true, true]) => {
    const asked: string[] = [];
    const measured = await withPlanNoise(figures, isFree, async (plans) =>
      plans.map(({ activations: { map }, weights: { layer } }: BitAssignment) => {
        const key = `${map}${layer}`;
        asked.push(key);
        return { agreement: 0, drop: 0, scoreSqnrDb: decibels(noise[key]!) };
      }),
    );
    return { asked, measured };
  };

  it('is what one narrow width adds to the noise of 8 bits everywhere', async () => {
    const { asked, measured } = await of({ '88': 0.25, '48': 0.5, '28': 2, '84': 0.375 });
    expect(asked).toEqual(['88', '48', '28', '84']);
    expect(measured.baseNoise).toBeCloseTo(0.25, 12);
    const noise = measured.figures.map((own) => own.map((figure) => figure.noise));
    expect(noise[0]).toEqual([0, expect.closeTo(0.25, 12), expect.closeTo(1.75, 12)]);
    expect(noise[1]).toEqual([0, expect.closeTo(0.125, 12)]);
    // The rest stays as it is.
    expect(measured.sites).toBe(figures.sites);
    expect(measured.figures.map((own) => own.map(({ bits, entropyLoss }) => [bits, entropyLoss]))).toEqual([
      [
        [8, 0],
        [4, 0.5],
        [2, 1],
      ],
      [
        [8, 0],
        [4, 0.5],
      ],
    ]);
  });

  it('never falls with the width, nor to nothing', async () => {
    const { measured } = await of({ '88': 5, '48': 7.5, '28': 6.25, '84': 2.5 });
    const noise = measured.figures.map((own) => own.map((figure) => figure.noise));
    expect(noise[0]).toEqual([0, expect.closeTo(2.5, 12), expect.closeTo(2.5, 12)]);
    // A twentieth of 0.9.
    expect(noise[1]).toEqual([0, expect.closeTo(0.045, 12)]);
    // What was held for a twentieth by chance is found to be wrong.
    const belief = new NoiseBelief({ ...measured, baseNoise: 5 } as unknown as SearchProblem);
    belief.observe([8, 4], 7.5);
    expect(belief.expected()[1]![1]!.noise).toBeGreaterThan(0.0451);
  });

  it('is asked of free widths alone; the others keep what they have', async () => {
    const { asked, measured } = await of({ '88': 0.25, '84': 0.75 }, [false, true]);
    expect(asked).toEqual(['88', '84']);
    expect(measured.figures[0]).toEqual(figures.figures[0]);
    expect(measured.figures[1]![1]!.noise).toBeCloseTo(0.5, 12);
  });
});

describe('of random networks', () => {
  it('predicts by plans of one narrow width each what VDQS finds', async () => {
    const model = await randomModel(21);
    const options = { ...smallSearch(noCache), seed: 5, reconstruction: { kind: 'sequential' } } as const;
    const search = await ModelSearch.prepare(model, options);
    const wanted = { ...options, stage: 'none', sramBytes: 64 * 1024, costShare: 0.4 } as const;
    const { found, assignment } = await search.search({ ...wanted, noise: 'plans' });
    const { sites, figures: floatNoise } = await networkFigures(model, createFloatEngine(), options);
    const heldOut = new HeldOutAccuracy(model, noCache);
    const noiseWith = async (kind: 'activations' | 'weights', name: string, bits: Width): Promise<number> => {
      const plan = {
        ...{ defaultActivationBits: 8, defaultWeightBits: 8, activations: {}, weights: {} },
        [kind]: { [name]: bits },
      } as BitAssignment;
      const { scoreSqnrDb } = await heldOut.measure(plan, options);
      return 10 ** (-scoreSqnrDb / 10);
    };
    const base = await noiseWith('weights', sites.at(-1)!.name, 8);
    let expected = base;
    for (const [site, { kind, name }] of sites.entries()) {
      const own = kind === 'activation' ? 'activations' : 'weights';
      const bits = assignment[own][name]!;
      let most = 0;
      for (const [at, width] of ([4, 2] as const).entries()) {
        const least = 0.05 * floatNoise[site]![at + 1]!.noise;
        if (width >= bits) most = Math.max(most, (await noiseWith(own, name, width)) - base, least);
      }
      expected += most;
    }
    expect(Object.values({ ...assignment.weights, ...assignment.activations }).some((b) => b < 8)).toBe(true);
    expect(found.predictedSqnrDb).toBeCloseTo(decibels(expected), 6);
    // Nothing of it is left behind for searches by the float network.
    const float = await search.search(wanted);
    const fresh = await (await ModelSearch.prepare(model, options)).search(wanted);
    expect(float.found.predictedSqnrDb).toBe(fresh.found.predictedSqnrDb);
    expect(float.found.predictedSqnrDb).not.toBeCloseTo(found.predictedSqnrDb, 3);
  });

  /** More than are quantised at once. */
  const plansOf = ({ network }: FloatModel): BitAssignment[] => {
    const of = (own: Partial<BitAssignment>): BitAssignment => ({
      ...{ defaultActivationBits: 8, defaultWeightBits: 8, activations: {}, weights: {} },
      ...own,
    });
    const layers = network.layers.filter((layer) => isWeighted(layer)).map(({ name }) => name);
    return [
      of({ defaultActivationBits: 4 }),
      ...([4, 2] as const).flatMap((bits) => layers.map((name) => of({ weights: { [name]: bits } }))),
      of({}),
      of({ defaultActivationBits: 4, weights: { [layers[0]!]: 2 } }),
    ];
  };

  it('measures many plans as one by one, whichever way weights are quantised', async () => {
    const model = await randomModel(4);
    const plans = plansOf(model);
    expect(plans.length).toBeGreaterThan(10);
    for (const kind of ['auto', 'sequential', 'none'] as const) {
      const options = { seed: 3, reconstruction: { kind } };
      const all = await new HeldOutAccuracy(model, noCache).measureAll(plans, options);
      const single = [];
      for (const plan of plans) single.push(await new HeldOutAccuracy(model, noCache).measure(plan, options));
      expect(all).toEqual(single);
      // At 4 bits and less one plan may be as another, not all.
      expect(new Set(single.map(({ scoreSqnrDb }) => scoreSqnrDb)).size).toBeGreaterThan(plans.length / 2);
    }
  });

  it('keeps a few plans before the next are measured, and measures none twice', async () => {
    const model = await randomModel(4);
    const kept = new Map<string, unknown>();
    const json: Cache['json'] = async (key, make) => {
      const value = kept.has(key) ? kept.get(key) : await make();
      // As a file is written: not at once.
      await new Promise((resolve) => setTimeout(resolve, 1));
      kept.set(key, value);
      return value as never;
    };
    const find: Cache['find'] = async (key) =>
      kept.has(key) ? { value: kept.get(key) as never } : undefined;
    const [first, ...others] = plansOf(model);
    const plans = [first!, ...others, first!];
    const different = plans.length - 1;
    const told: [number, number, number][] = [];
    const measure = (cache: Cache) =>
      new HeldOutAccuracy(model, cache).measureAll(plans, { seed: 3 }, (done, total) =>
        told.push([done, total, kept.size]),
      );
    const measured = await measure({ json, find });
    const half = Math.ceil(different / 2);
    expect(told).toEqual([0, half, different].map((done) => [done, different, done]));
    expect(measured.at(-1)).toEqual(measured[0]);
    const refuse: Cache['json'] = async () => {
      throw new Error('made again');
    };
    expect(await measure({ json: refuse, find })).toEqual(measured);
    // What an interrupted run has left to do.
    kept.delete([...kept.keys()][0]!);
    expect(await measure({ json, find })).toEqual(measured);
    expect(told.at(-1)).toEqual([different, different, different]);
  });

  it('measures once for all searches, again after a failure', async () => {
    const model = await randomModel(4);
    const figures = await networkFigures(model, createFloatEngine(), smallSearch(noCache));
    let asked = 0;
    const measureAll = async (plans: readonly BitAssignment[]) => {
      if (asked++ === 0) throw new Error('interrupted');
      return plans.map(() => ({ agreement: 0, drop: 0, scoreSqnrDb: 10 }));
    };
    const byPlans = new PlanFigures(figures, { measureAll } as unknown as HeldOutAccuracy, {});
    const isFree = figures.sites.map(() => true);
    await expect(byPlans.of({ seed: 1 }, isFree)).rejects.toThrow('interrupted');
    const made = await byPlans.of({ seed: 1 }, isFree);
    expect(await byPlans.of({ seed: 1 }, isFree)).toBe(made);
    expect(asked).toBe(2);
    expect(await byPlans.of({ seed: 2 }, isFree)).not.toBe(made);
    await byPlans.of({ seed: 1 }, [false, ...isFree.slice(1)]);
    expect(asked).toBe(4);
  });

  it('refuses classes of patches', async () => {
    const model = await randomModel(4);
    const options = { ...smallSearch(noCache), stage: 'patches', sramBytes: 6 * 1024 } as const;
    const search = await ModelSearch.prepare(model, options);
    const classes = { rule: 'noise', flaggedShare: 0.5 } as const;
    await expect(search.search({ ...options, classes, noise: 'plans' })).rejects.toMatchObject({
      code: 'search/noise',
    });
  });
});
