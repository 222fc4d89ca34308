/**
 * `npm run accuracy [-- --threads 2 --mode tflm]`: accuracy of every int8 and uint8 classifier of the data
 * collection (SHARED_DIR, else ../shared) beside that of a known-good interpreter. Needs `npm run build`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createNodeHost,
  defaultPreset,
  evaluateSamples,
  listSamples,
  PRESETS,
  planModel,
} from '../../dist/index.js';
import { buildSimulateReport } from '../../dist/report/simulate-report.js';
import { formatTable } from '../../dist/report/table.js';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    mode: { type: 'string', default: 'tflm' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = `${process.env.SHARED_DIR ?? `${root}../shared`}/data`;
const known = JSON.parse(readFileSync(new URL('known-accuracy.json', import.meta.url), 'utf8'));
if (!existsSync(data)) {
  console.log('The data collection is absent: set SHARED_DIR to the folder that holds data/.');
  process.exit(0);
}

const host = createNodeHost();
async function measure({ model, set }) {
  const { plan } = await planModel(host, `${data}/models/${model}.tflite`, { mode: values.mode });
  const classes = plan.tensors[plan.outputs[0].tensor].shape[2];
  const samples = await listSamples(host, `${data}/images/${set}`);
  const start = performance.now();
  const threads = Number(values.threads);
  const recipe = PRESETS[defaultPreset(classes)];
  const ranks = await evaluateSamples({ plan, samples, recipe, engine: 'wasm', threads, host });
  const elapsedMs = performance.now() - start;
  return buildSimulateReport({
    ...{ model, mode: values.mode, data: set, recipe: '', threads, ranks, classes },
    ...{ requested: samples.length, elapsedMs },
  });
}

const rows = [];
let beyond = 0;
for (const row of known.rows) {
  const found = await measure(row);
  const off = [found.top1 - row.top1, ...(row.top5 === undefined ? [] : [found.top5 - row.top5])];
  const isBeyond = off.some((points) => Math.abs(points) > known.toleranceInPoints + 1e-9);
  beyond += isBeyond ? 1 : 0;
  rows.push([
    ...[row.model, row.set, String(found.n), found.top1.toFixed(2), row.top1.toFixed(2)],
    ...(row.top5 === undefined ? ['', ''] : [found.top5.toFixed(2), row.top5.toFixed(2)]),
    ...[found.timing.imagesPerSecond.toFixed(0), isBeyond ? 'beyond' : 'within'],
  ]);
}
const columns = ['model', 'set', 'n', 'top-1 %', 'known', 'top-5 %', 'known', 'images/s', 'verdict'];
console.log(
  formatTable(
    columns.map((title, i) => ({ title, align: i < 2 || i === 8 ? 'left' : 'right' })),
    rows,
  ),
);
console.log(
  `\nmode ${values.mode}; tolerance ${known.toleranceInPoints} points; ${beyond} of ${rows.length} beyond it`,
);
process.exitCode = beyond === 0 ? 0 : 1;
