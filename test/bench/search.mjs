/**
 * Seconds from a model and calibration images to widths, by method: `npm run bench:search [-- --network mobilenet_v2
 * --images 128 --methods vdqs,greedy --threads 2 --plan]`. Nothing is taken from a cache. Wall and CPU seconds stand apart: on a
 * machine that does other work only the latter say something. `--plan` adds the quantiser's time for the first method.
 * Runs on dist/ and the data collection (SHARED_DIR, else ../shared).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrateForSearch } from '../../dist/evaluate/calibrate-for-search.js';
import { floatModel } from '../../dist/evaluate/calibrate-model.js';
import { ModelSearch } from '../../dist/evaluate/search-model.js';
import { createNodeHost, importModel, PRESETS } from '../../dist/index.js';
import { folderCache } from '../../dist/support/cache.js';
import { NETWORKS } from '../search/table-cases.mjs';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'mobilenet_v2' },
    images: { type: 'string', default: '128' },
    methods: {
      type: 'string',
      default: 'vdqs,vdqs-entropy,memory-driven,greedy,random,evolutionary,integer-program',
    },
    threads: { type: 'string', default: String(availableParallelism()) },
    plan: { type: 'boolean', default: false },
  },
});
const shared = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
if (!existsSync(join(shared, 'data'))) {
  console.error('bench:search: the data collection is absent; set SHARED_DIR to the folder that holds data/');
  process.exit(2);
}
const definition = NETWORKS[values.network];
if (definition === undefined) {
  console.error(`bench:search: no network ${values.network}; there are ${Object.keys(NETWORKS).join(', ')}`);
  process.exit(2);
}

/** Starts two clocks; the function returned reads them. */
function startClocks() {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { wall: (performance.now() - wall) / 1e3, cpu: (user + system) / 1e6 };
  };
}
const print = (what, { wall, cpu }, rest = '') =>
  console.log(
    `${what.padEnd(28)} ${wall.toFixed(1).padStart(8)} s ${cpu.toFixed(1).padStart(8)} s CPU  ${rest}`,
  );

const folder = mkdtempSync(join(tmpdir(), 'bench-search-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const host = createNodeHost();
const cache = folderCache(host, folder);
const path = join(shared, 'data/models', definition.model);
const threads = Number(values.threads);
const all = startClocks();
const float = floatModel(importModel(await host.readFile(path), path));
const recipe = { ...PRESETS[definition.recipe.preset], ...definition.recipe.values };
const data = {
  ...{ host, recipe, folder: join(shared, 'data/images', definition.calib) },
  limit: Number(values.images),
};
const calibrated = await calibrateForSearch(float, data, folder, { threads });
print('calibration', all(), `${values.images} images, ${threads} threads`);
let clocks = startClocks();
const figures = { weights: 'auto', noiseImages: 8, seed: 1, cache, threads };
const search = await ModelSearch.prepare(calibrated, figures);
print('figures', clocks());
const prepared = all();

/** Ends a search once its widths are known. */
class Found extends Error {}

for (const [at, method] of values.methods.split(',').entries()) {
  clocks = startClocks();
  let widths;
  let found;
  try {
    await search.search({
      ...{ ...figures, method, scope: 'all', stage: 'streaming', lambda: 0.5, evaluations: 2000 },
      ...{ sramBytes: 1024 * definition.sram, accuracy: definition.goal },
      reconstruction: { kind: 'none' },
      onWidths: (best) => {
        widths = clocks();
        found = best;
        if (!values.plan || at > 0) throw new Found();
      },
    });
  } catch (error) {
    if (!(error instanceof Found)) throw error;
  }
  print(method, widths, `${found.evaluations} evaluations${found.feasible ? '' : ', beyond the limits'}`);
  if (at === 0) {
    const sum = { wall: prepared.wall + widths.wall, cpu: prepared.cpu + widths.cpu };
    print(`calibration to widths`, sum, method);
    if (values.plan)
      print('plan (quantiser)', { wall: clocks().wall - widths.wall, cpu: clocks().cpu - widths.cpu });
  }
}
