/**
 * What the tables of searches share: a network of the data collection with its figures and test images, and plans on
 * these.
 */
import { execFileSync } from 'node:child_process';
import { calibrateForSearch } from '../../dist/evaluate/calibrate-for-search.js';
import { floatModel } from '../../dist/evaluate/calibrate-model.js';
import { compareAccuracy } from '../../dist/evaluate/compare-accuracy.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { quantizeCalibrated } from '../../dist/evaluate/quantize-model.js';
import { ModelSearch } from '../../dist/evaluate/search-model.js';
import { createNodeHost, createWasmEngine, importModel, listSamples, PRESETS } from '../../dist/index.js';
import { folderCache } from '../../dist/support/cache.js';
import { meanOutcome } from './frontier-row.mjs';

export const now = () => performance.now();

/** The commit that rows are measured with. */
export const codeOf = (root) =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();

/** `root` is the repository, `data` the data collection; `threads` share what a search measures for its figures. */
export function searchBench(root, data, threads = 1) {
  const host = createNodeHost();
  const cacheFolder = `${root}.cache/quantmcu`;
  const cache = folderCache(host, cacheFolder);
  const outcomes = new Map();
  /** What the float network says of the images. */
  const known = new Map();
  const compare = (network, plan, samples) =>
    compareAccuracy(network, plan, samples, { engine: createWasmEngine(), mapSamples: 0, known });
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
      const measured = { weights: 'auto', noiseImages: 8, seed: 1, cache, threads };
      const search = await ModelSearch.prepare(model, measured);
      console.error(`${definition.model}: figures in ${((now() - start) / 1000).toFixed(1)} s`);
      if (!images) return { search, model };
      const samples = [];
      for (const { path: file, label } of await listSamples(host, `${data}/images/${definition.test}`)) {
        const input = await readFloatInput(await host.readFile(file), file, float.network, recipe);
        samples.push({ values: [input], label: label + recipe.labelOffset });
      }
      return { search, model, samples, network: float.network };
    },

    /** On the test images; once for searches that end at the same widths, stage and classes of patches. */
    async tested(network, { plan, assignment, stage, classes }, samples) {
      const key = JSON.stringify([network.name, assignment, stage, classes?.classes]);
      if (!outcomes.has(key)) outcomes.set(key, await compare(network, plan, samples));
      return outcomes.get(key);
    },

    /**
     * What plans of these widths lose on the test images: the mean over `seeds` seeds, of the intervals too. The seeds
     * are none that a search measures under: a plan that was chosen for its luck there shall not have it here. One seed
     * is the plan itself. Without classes of patches a stage changes no score.
     * @param known what was read before, of fewer seeds but more than one: these are not read again
     */
    async testedBySeeds({ network, model, samples }, { plan, assignment }, { seeds, reconstruction, known }) {
      const key = JSON.stringify([network.name, assignment, seeds, reconstruction]);
      if (!outcomes.has(key)) {
        const runs = known === undefined ? [] : [known];
        for (let i = known?.pointsBySeed.length ?? 0; i < seeds; i++) {
          const how = { seed: FIRST_READING + i, reconstruction };
          const made = seeds === 1 ? plan : quantizeCalibrated(model, assignment, how).plan;
          const { n, top1, agreement, scoreSqnrDb } = await compare(network, made, samples);
          runs.push({ n, ...top1, agreement, scoreSqnrDb, pointsBySeed: [top1.points] });
        }
        outcomes.set(key, meanOutcome(runs));
      }
      return outcomes.get(key);
    },
  };
}

/** A search under seed 1 measures under seeds up to 4. */
const FIRST_READING = 101;
