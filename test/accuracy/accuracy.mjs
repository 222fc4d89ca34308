/**
 * `npm run accuracy [-- --threads 2 --mode tflm --detector-modes xnnpack,tflm --models regex]`: accuracy of every
 * classifier of the data collection (SHARED_DIR, else ../shared), float ones by the float engine, int8 and uint8 ones
 * in the given mode, and average precision of the detectors, beside those of a known-good interpreter. That one ran
 * XNNPACK: detectors are held to it in the first of their modes, further modes are shown. Needs `npm run build`.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meanPrecision } from '../../dist/detect/average-precision.js';
import {
  createNodeHost,
  defaultPreset,
  evaluateDetections,
  evaluateSamples,
  listDetectionSamples,
  listSamples,
  PRESETS,
  planModel,
} from '../../dist/index.js';
import { buildSimulateReport } from '../../dist/report/simulate-report.js';
import { formatTable } from '../../dist/report/table.js';
import { requireData } from '../support/data-collection.mjs';
import { measureFloat } from './float-rows.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    mode: { type: 'string', default: 'tflm' },
    'detector-modes': { type: 'string', default: 'xnnpack,tflm' },
    models: { type: 'string', default: '' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const known = JSON.parse(readFileSync(new URL('known-accuracy.json', import.meta.url), 'utf8'));

const host = createNodeHost();
const threads = Number(values.threads);
const detectorModes = values['detector-modes'].split(',');
const wanted = ({ model }) => new RegExp(values.models).test(model);

async function measureIntegers({ model, set }) {
  const { plan } = await planModel(host, `${data}/models/${model}.tflite`, { mode: values.mode });
  const classes = plan.tensors[plan.outputs[0].tensor].shape[2];
  const samples = await listSamples(host, `${data}/images/${set}`);
  const start = performance.now();
  const recipe = PRESETS[defaultPreset(classes)];
  const ranks = await evaluateSamples({ plan, samples, recipe, engine: 'wasm', threads, host });
  const elapsedMs = performance.now() - start;
  return buildSimulateReport({
    ...{ model, mode: values.mode, data: set, recipe: '', threads, ranks, classes },
    ...{ requested: samples.length, elapsedMs },
  });
}

async function measureDetector({ model, set, preset }, mode) {
  const { plan } = await planModel(host, `${data}/models/${model}.tflite`, { mode });
  const samples = await listDetectionSamples(host, `${data}/images/${set}`);
  const start = performance.now();
  const recipe = PRESETS[preset];
  const { n, classes } = await evaluateDetections({ plan, samples, recipe, engine: 'wasm', threads, host });
  const imagesPerSecond = (1000 * n) / (performance.now() - start);
  return { n, map50: 100 * meanPrecision(classes).map50, timing: { imagesPerSecond } };
}

const columns = ['model', 'mode', 'set', 'n', 'top-1 %', 'known', 'top-5 %', 'known', 'images/s', 'verdict'];
const rows = [];
let [held, beyond] = [0, 0];

/** `figures` are pairs of found and known; a row without tolerance is shown only. */
function addRow({ model, set }, mode, { n, timing }, figures, tolerance) {
  const points = figures.map(([found, expected]) => Math.abs(found - expected));
  const isBeyond = points.some((distance) => distance > tolerance + 1e-9);
  held += tolerance === undefined ? 0 : 1;
  beyond += isBeyond ? 1 : 0;
  const cells = figures.flatMap(([found, expected]) => [found.toFixed(2), expected.toFixed(2)]);
  const verdict = tolerance === undefined ? 'shown' : isBeyond ? 'beyond' : 'within';
  rows.push([
    ...[model, mode, set, String(n), ...cells, ...(figures.length > 1 ? [] : ['', ''])],
    ...[timing.imagesPerSecond.toFixed(0), `${verdict}${tolerance === undefined ? '' : ` ${tolerance}`}`],
  ]);
  process.stderr.write(`${rows.at(-1).join('  ')}\n`);
}

const topFigures = (row, found) => [
  [found.top1, row.top1],
  ...(row.top5 === undefined ? [] : [[found.top5, row.top5]]),
];
for (const row of known.floats.filter(wanted)) {
  const found = await measureFloat(host, data, row);
  addRow(row, 'float', found, topFigures(row, found), known.toleranceInPoints);
}
for (const row of known.rows.filter(wanted)) {
  const found = await measureIntegers(row);
  addRow(row, values.mode, found, topFigures(row, found), known.toleranceInPoints);
}
for (const row of known.detectors.filter(wanted)) {
  for (const [i, mode] of detectorModes.entries()) {
    const found = await measureDetector(row, mode);
    addRow(row, mode, found, [[found.map50, row.mAP50]], i === 0 ? row.toleranceInPoints : undefined);
  }
}
console.log(
  formatTable(
    columns.map((title, i) => ({ title, align: i < 3 || i === 9 ? 'left' : 'right' })),
    rows,
  ),
);
console.log(
  `\nint8 classifiers in mode ${values.mode}; detectors: mAP50, held in mode ${detectorModes[0]}; ` +
    `${beyond} of ${held} beyond their tolerance`,
);
process.exitCode = beyond === 0 ? 0 : 1;
