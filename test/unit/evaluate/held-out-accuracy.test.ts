/** Plans measured on images that they were not fitted to, under several seeds. */
import { expect, it } from 'vitest';
import { HeldOutAccuracy, plansTogether } from '../../../src/evaluate/held-out-accuracy.js';
import { meanPrediction } from '../../../src/evaluate/predict-accuracy.js';
import { ModelSearch } from '../../../src/evaluate/search-model.js';
import { isWeighted } from '../../../src/ir/float-network.js';
import type { BitAssignment } from '../../../src/ir/stage-data.js';
import { type Cache, noCache } from '../../../src/support/cache.js';
import { randomModel, smallSearch } from '../../support/random-search-model.js';

it('averages noise, not decibels', () => {
  const of = (agreement: number, drop: number, scoreSqnrDb: number) => ({ agreement, drop, scoreSqnrDb });
  // Noise 0.1 and 0.001.
  const mean = meanPrediction([of(90, 2, 10), of(100, 1, 30)]);
  expect([mean.agreement, mean.drop]).toEqual([95, 1.5]);
  expect(mean.scoreSqnrDb).toBeCloseTo(-10 * Math.log10(0.0505), 12);
});

/** Nothing is kept, but what was asked for is known. */
function recording(): { readonly cache: Cache; readonly keys: string[] } {
  const keys: string[] = [];
  const json: Cache['json'] = (key, make) => {
    keys.push(key);
    return noCache.json(key, make);
  };
  return { cache: { ...noCache, json }, keys };
}

it('is what a refined search says of its plan, measured again under the seeds after its own', async () => {
  const model = await randomModel(21);
  const searched = recording();
  const options = { ...smallSearch(searched.cache), seed: 5 };
  const search = await ModelSearch.prepare(model, options);
  const { found, assignment } = await search.search({
    ...{ ...options, stage: 'none', sramBytes: 64 * 1024, costShare: 0.4, refinements: 9 },
  });
  expect(found.isMeasured).toBe(true);
  const own = recording();
  const heldOut = new HeldOutAccuracy(model, own.cache);
  const draws = [];
  for (const seed of [5, 6, 99]) draws.push(await heldOut.measure(assignment, { seed }));
  // So small a network is sampled whole: draws are alike.
  expect(found.prediction).toEqual(draws[0]);
  expect(own.keys.map((key) => searched.keys.includes(key))).toEqual([true, true, false]);
});

it('puts plans together that begin alike, equally many lists for every thread', async () => {
  const { network } = await randomModel(4);
  const names = network.layers.filter((layer) => isWeighted(layer)).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(2);
  const plans = names.flatMap((name) =>
    ([4, 2] as const).map((bits) => {
      const weights = { [name]: bits };
      return [
        `${name} ${bits}`,
        { ...{ defaultActivationBits: 8, defaultWeightBits: 8, activations: {}, weights } } as BitAssignment,
      ] as const;
    }),
  );
  // The first layer's change leaves the others at once: what changes late is last.
  const inOrder = names.flatMap((name) => [`${name} 2`, `${name} 4`]);
  for (const [threads, lists] of [
    [1, Math.ceil(plans.length / 8)],
    [2, 2],
    [100, plans.length],
  ] as const) {
    const cut = plansTogether(network, plans.toReversed(), threads);
    expect(cut.flat()).toEqual(inOrder);
    expect(cut.length).toBe(lists);
    const sizes = cut.map((own) => own.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
  const many = Array.from({ length: 17 }, (_, i) => [`${i}`, plans[0]![1]] as const);
  expect(plansTogether(network, many, 2).map((own) => own.length)).toEqual([5, 4, 4, 4]);
  expect(plansTogether(network, [], 2)).toEqual([]);
});
