/**
 * Seconds for plans of one narrow width each (`search --noise plans`), quantised together and one by one, and whether
 * the figures are equal: `npm run bench:plans [-- --network resnet8 --every 6 --rounds 5]`. Takes every so many of the
 * network's plans, on one thread and without a cache. Runs on dist/ and the data collection (SHARED_DIR, else ../shared).
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HeldOutAccuracy } from '../../dist/evaluate/held-out-accuracy.js';
import { noCache } from '../../dist/support/cache.js';
import { now, searchBench } from '../search/search-bench.mjs';
import { NETWORKS } from '../search/table-cases.mjs';
import { requireData } from '../support/data-collection.mjs';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet8' },
    every: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '5' },
  },
});
const definition = NETWORKS[values.network];
if (definition === undefined) {
  console.error(`bench:plans: no network ${values.network}; there are ${Object.keys(NETWORKS).join(', ')}`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../../', import.meta.url));
const { model, search } = await searchBench(root, requireData(root)).prepare(definition, { images: false });
const plans = search.figures.sites
  .flatMap(({ kind, name }) =>
    [4, 2].map((bits) => ({
      ...{ defaultActivationBits: 8, defaultWeightBits: 8, activations: {}, weights: {} },
      [kind === 'activation' ? 'activations' : 'weights']: { [name]: bits },
    })),
  )
  .filter((_, i) => i % Number(values.every) === 0);
const how = { seed: 1, reconstruction: { kind: definition.reconstruction } };

async function timed(measure) {
  const start = now();
  const found = await measure();
  return { found: JSON.stringify(found), seconds: (now() - start) / 1000 };
}

const ratios = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const together = await timed(() => new HeldOutAccuracy(model, noCache).measureAll(plans, how));
  const single = await timed(async () => {
    const heldOut = new HeldOutAccuracy(model, noCache);
    const found = [];
    for (const plan of plans) found.push(await heldOut.measure(plan, how));
    return found;
  });
  if (together.found !== single.found)
    throw new Error(`together ${together.found}, one by one ${single.found}`);
  ratios.push(single.seconds / together.seconds);
  const [a, b] = [together, single].map(({ seconds }) => `${seconds.toFixed(1)} s`);
  console.log(`${plans.length} plans together ${a}, one by one ${b}: ${ratios.at(-1).toFixed(2)}x`);
}
const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)];
console.log(`${values.network}, median of ${ratios.length}: ${median.toFixed(2)}x`);
