/**
 * What the tables of searches share: a network of the data collection with its figures and test images, and plans on
 * these.
 */
import { execFileSync } from 'node:child_process';
import { calibrateForSearch } from '../../dist/evaluate/calibrate-for-search.js';
import { floatModel } from '../../dist/evaluate/calibrate-model.js';
import { compareAccuracy } from '../../dist/evaluate/compare-accuracy.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { ModelSearch } from '../../dist/evaluate/search-model.js';
import { createNodeHost, createWasmEngine, importModel, listSamples, PRESETS } from '../../dist/index.js';
import { folderCache } from '../../dist/support/cache.js';

export const now = () => performance.now();

/** The commit that rows are measured with. */
export const codeOf = (root) =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();

/** `root` is the repository, `data` the data collection. */
export function searchBench(root, data) {
  const host = createNodeHost();
  const cacheFolder = `${root}.cache/quantmcu`;
  const cache = folderCache(host, cacheFolder);
  const outcomes = new Map();
  return {
    host,
    cache,
    searchedWith: { noiseImages: 8, seed: 1, cache, lambda: 0.5, evaluations: 500 },

    /** Figures, and with `images` the test images and their labels. */
    async prepare(definition, { images = true } = {}) {
      const path = `${data}/models/${definition.model}`;
      const float = floatModel(importModel(await host.readFile(path), path));
      const recipe = { ...PRESETS[definition.recipe.preset], ...definition.recipe.values };
      const folder = `${data}/images/${definition.calib}`;
      const model = await calibrateForSearch(float, { host, folder, recipe }, cacheFolder);
      const start = now();
      const search = await ModelSearch.prepare(model, { weights: 'auto', noiseImages: 8, seed: 1, cache });
      console.error(`${definition.model}: figures in ${((now() - start) / 1000).toFixed(1)} s`);
      if (!images) return { search };
      const samples = [];
      for (const { path: file, label } of await listSamples(host, `${data}/images/${definition.test}`)) {
        const input = await readFloatInput(await host.readFile(file), file, float.network, recipe);
        samples.push({ values: [input], label: label + recipe.labelOffset });
      }
      return { search, samples, network: float.network };
    },

    /** On the test images; once for searches that end at the same widths, stage and classes of patches. */
    async tested(network, { plan, assignment, stage, classes }, samples) {
      const key = JSON.stringify([network.name, assignment, stage, classes?.classes]);
      if (!outcomes.has(key)) {
        const how = { engine: createWasmEngine(), mapSamples: 0 };
        outcomes.set(key, await compareAccuracy(network, plan, samples, how));
      }
      return outcomes.get(key);
    },
  };
}
