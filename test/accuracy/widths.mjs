/**
 * `npm run accuracy:widths [-- network…] [--pairs a8w4,a4w4] [--no-variants] [--missing]`: our quantiser at all nine pairs of
 * widths on the classifiers of the data collection (SHARED_DIR, else ../shared), every choice made on calibration
 * images, measured by the integer engine on the test images. Rewrites the rows of the networks it ran in
 * src/quantize/accuracy.csv and the table in src/quantize/ACCURACY.md. Needs `npm run build`.
 * `--missing`: only the rows that the table lacks.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrate } from '../../dist/calibrate/calibrate.js';
import { compareAccuracy } from '../../dist/evaluate/compare-accuracy.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { buildFloatNetwork, createFloatEngine } from '../../dist/evaluate/quantize-model.js';
import { createNodeHost, createWasmEngine, importModel, listSamples, PRESETS } from '../../dist/index.js';
import { quantizeNetwork } from '../../dist/quantize/quantize.js';
import { requireData } from '../support/data-collection.mjs';
import { NETWORKS, PAIRS, variantsOf } from './width-cases.mjs';
import { renderTable } from './width-table.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string' },
    variants: { type: 'boolean', default: true },
    missing: { type: 'boolean' },
  },
  allowNegative: true,
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const CSV = `${root}src/quantize/accuracy.csv`;
const COLUMNS =
  'network,case,images,float_top1,plan_top1,points_lost,half_width_95,top5_lost,agreement,score_sqnr_db,reconstruction';

const host = createNodeHost();
async function readSamples(folder, network, recipe) {
  const samples = await listSamples(host, `${data}/images/${folder}`);
  return Promise.all(
    samples.map(async ({ path, label }) => ({
      values: [await readFloatInput(await host.readFile(path), path, network, recipe)],
      label: label + recipe.labelOffset,
    })),
  );
}

/** Calibration and test samples; a set without calibration images is split at the front. */
async function readSets({ calib, test, split, recipe }, network) {
  const whole = { ...PRESETS[recipe.preset], ...recipe.values };
  const all = await readSamples(test, network, whole);
  if (split !== undefined) return { calibration: all.slice(0, split), test: all.slice(split) };
  return { calibration: await readSamples(calib, network, whole), test: all };
}

const readRows = () => (existsSync(CSV) ? readFileSync(CSV, 'utf8').trim().split('\n').slice(1) : []);
const rowKey = (network, label) => `${network},${label.replace(/,/g, ';')}`;

/** Puts a fresh row in the place of its old one, in the table's order, as soon as it is known. */
function record(row) {
  const key = (line) => line.split(',').slice(0, 2).join();
  const order = Object.keys(NETWORKS);
  const place = (line) => {
    const [network, label] = line.split(',');
    const pair = PAIRS.indexOf(label);
    return order.indexOf(network) * 100 + (pair < 0 ? PAIRS.length : pair);
  };
  const rows = [...readRows().filter((line) => key(line) !== key(row)), row].sort(
    (a, b) => place(a) - place(b),
  );
  writeFileSync(CSV, `${[COLUMNS, ...rows].join('\n')}\n`);
  writeFileSync(`${root}src/quantize/ACCURACY.md`, renderTable(rows.map((line) => line.split(','))));
}

async function measure(name) {
  const definition = NETWORKS[name];
  const path = `${data}/models/${definition.model}`;
  const network = buildFloatNetwork(importModel(await host.readFile(path), path));
  const sets = await readSets(definition, network);
  const calibration = sets.calibration.map((sample) => sample.values);
  const ranges = await calibrate(network, calibration);
  const engine = createFloatEngine();
  const floatResults = new Map();
  const wanted = values.pairs?.split(',') ?? PAIRS;
  const cases = [...wanted.map((pair) => [pair, variantsOf(network).uniform(pair)])];
  if (values.variants) cases.push(...definition.variants.map((v) => [v, variantsOf(network)[v]]));
  const known = new Set(readRows().map((row) => row.split(',').slice(0, 2).join()));
  for (const [label, assignment] of cases) {
    if (values.missing && known.has(rowKey(name, label))) continue;
    const { plan, reconstruction } = quantizeNetwork(network, ranges, assignment, calibration, engine);
    const result = await compareAccuracy(network, plan, sets.test, {
      engine: createWasmEngine(),
      mapSamples: 0,
      known: floatResults,
    });
    const { top1, top5 } = result;
    const row = [
      rowKey(name, label),
      result.n,
      top1.first.toFixed(2),
      top1.second.toFixed(2),
      top1.points.toFixed(2),
    ];
    row.push(top1.halfWidth.toFixed(2), top5.points.toFixed(2), result.agreement.toFixed(1));
    row.push(result.scoreSqnrDb.toFixed(2), reconstruction.kind);
    record(row.join(','));
    console.log(row.join('  '));
  }
}

const names = positionals.length > 0 ? positionals : Object.keys(NETWORKS);
for (const name of names) await measure(name);
