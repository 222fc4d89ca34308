/** Random float networks as the width search takes them, and one search from the start. */
import { calibrate } from '../../src/calibrate/calibrate.js';
import type { CalibratedModel } from '../../src/evaluate/calibrate-model.js';
import { ModelSearch, type SearchedPlan, type SearchOptions } from '../../src/evaluate/search-model.js';
import { DEFAULT_LAMBDA } from '../../src/search/methods.js';
import type { Cache } from '../../src/support/cache.js';
import { createRandom } from '../../src/support/random.js';
import { randomFloatNetwork, randomFloatSamples } from './random-float-network.js';

export async function randomModel(seed: number): Promise<CalibratedModel> {
  const random = createRandom(seed);
  const network = randomFloatNetwork(random);
  const samples = randomFloatSamples(network, random, 12);
  const ranges = await calibrate(network, samples, { key: `random ${seed}` });
  return { graph: {} as CalibratedModel['graph'], network, samples, ranges, rangesReused: false };
}

/** Of a small search by VDQS over all maps and weights. */
export const smallSearch = (cache: Cache): Omit<SearchOptions, 'stage' | 'sramBytes'> => ({
  ...{ noiseImages: 5, seed: 1, cache, lambda: DEFAULT_LAMBDA, evaluations: 200 },
  ...{ weights: 'auto', method: 'vdqs', scope: 'all' },
});

/** Searches from the start, as one process does it each time. */
export const searchingWith =
  (optionsFor: (cache: Cache) => SearchOptions) =>
  async (
    model: CalibratedModel,
    cache: Cache,
    changes: Partial<SearchOptions> = {},
  ): Promise<SearchedPlan> => {
    const options = { ...optionsFor(cache), ...changes };
    return (await ModelSearch.prepare(model, options)).search(options);
  };
