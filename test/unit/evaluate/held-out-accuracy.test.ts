/** Plans measured on images that they were not fitted to, under several seeds. */
import { expect, it } from 'vitest';
import { HeldOutAccuracy } from '../../../src/evaluate/held-out-accuracy.js';
import { meanPrediction } from '../../../src/evaluate/predict-accuracy.js';
import { ModelSearch } from '../../../src/evaluate/search-model.js';
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
