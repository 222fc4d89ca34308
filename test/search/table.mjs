/**
 * `npm run table:search [-- network… --only 'text|text' --minutes n]`: every method on the networks of the data collection
 * (SHARED_DIR, else ../shared): BitOPs, arena, measured peak SRAM, cycles, accuracy on the test images, search time.
 * Widths are chosen on calibration images alone; `--only` names cases by parts of their names, first named first; after `--minutes` no further row is begun. A row that stands in src/search/table.csv already is not run again;
 * the table goes to src/search/TABLE.md. Needs `npm run build`.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCycles, measureStepCycles } from '../../dist/evaluate/measure-cycles.js';
import { findBoard, verifyPlan } from '../../dist/index.js';
import { SEARCH_METHODS } from '../../dist/search/methods.js';
import { requireData } from '../support/data-collection.mjs';
import {
  DETECTOR,
  DETECTOR_CASES,
  DETECTOR_COLUMNS,
  measureDetector,
  personPrecision,
} from './detector-rows.mjs';
import { publicCycles } from './public-cycles.mjs';
import { codeOf, now, searchBench } from './search-bench.mjs';
import { casesOf, NETWORKS } from './table-cases.mjs';
import { renderTable } from './table-text.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, minutes: { type: 'string' } },
});
/** Where a case stands among those wanted; −1 where it is not wanted. */
const placeOf = ([label]) => (values.only ?? '').split('|').findIndex((text) => label.includes(text));
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const CSV = `${root}src/search/table.csv`;
const COLUMNS = [
  ...[
    'network',
    'case',
    'sram_limit',
    'within_limits',
    'bitops',
    'fewer_than_int8_patches',
    'fewer_than_int8_layers',
  ],
  ...[
    'arena_bytes',
    'peak_sram_bytes',
    'cycles_m4',
    'cycles_m7',
    'images',
    'float_top1',
    'top1',
    'points_lost',
  ],
  ...[
    'half_width_95',
    'agreement',
    'agreement_half_width_95',
    'score_sqnr_db',
    'predicted_sqnr_db',
    'predicted_drop',
    'predicted_agreement',
  ],
  ...['evaluations', 'search_seconds', 'plan_seconds', 'verified', 'public_cycles_m4', 'code'],
];
if (!existsSync(CSV)) writeFileSync(CSV, `${COLUMNS.join(',')}\n`);

const rowsOf = () =>
  readFileSync(CSV, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const bench = searchBench(root, data);
const { host, cache, searchedWith } = bench;
const NOT_RUN = { m4: '', m7: '', peak: '', ok: '' };
/** What is saved; a table of cycles comes from an M4. */
const COSTS = {
  bitops: {},
  cycles: { cycles: (plan) => measureStepCycles(host, plan, findBoard('nano33ble'), { cache, now }) },
};
const CODE = codeOf(root);

async function emulated(plan) {
  const inputs = plan.inputs.map(({ tensor }) => {
    const [h, w, c] = plan.tensors[tensor].shape;
    return Uint8Array.from({ length: h * w * c }, (_, i) => (i * 37) & 255);
  });
  const { report } = await verifyPlan(host, plan, findBoard('nano33ble'), { inputs, inputName: 'ramp', now });
  const m7 = await measureCycles(host, plan, findBoard('f746'), { cache, now });
  return { m4: report.totals.cycles, m7, peak: report.totals.peakSramBytes, ok: report.ok };
}

async function measure(name, definition, label, how, { search, samples, network }) {
  const start = now();
  let foundAt = start;
  const found = await search.search({
    ...{ ...searchedWith, sramBytes: 1024 * definition.sram },
    ...{ reconstruction: { kind: definition.reconstruction }, refinements: definition.refinements },
    ...how,
    ...COSTS[how.cost ?? 'bitops'],
    onWidths: () => {
      foundAt = now();
    },
  });
  const planned = now();
  const { top1, agreement, scoreSqnrDb, n } = await bench.tested(network, found, samples);
  const run = how.brief ? NOT_RUN : await emulated(found.plan);
  const share = agreement / 100;
  const { bitops, bitopsInt8, bitopsInt8Patched } = found;
  const ratio = (other) => (other === null ? '' : (other / bitops).toFixed(3));
  return [
    ...[
      name,
      label,
      1024 * definition.sram,
      found.found.feasible && found.fits,
      bitops,
      ratio(bitopsInt8Patched),
    ],
    ...[
      ratio(bitopsInt8),
      found.arenaBytes,
      run.peak,
      run.m4,
      run.m7,
      n,
      top1.first.toFixed(2),
      top1.second.toFixed(2),
    ],
    ...[top1.points.toFixed(2), top1.halfWidth.toFixed(2), agreement.toFixed(2)],
    ...[(196 * Math.sqrt((share * (1 - share)) / n)).toFixed(2), scoreSqnrDb.toFixed(2)],
    ...[
      found.found.predictedSqnrDb.toFixed(2),
      found.found.prediction.drop.toFixed(2),
      found.found.prediction.agreement.toFixed(2),
      found.found.evaluations,
    ],
    ...[((foundAt - start) / 1000).toFixed(1), ((planned - foundAt) / 1000).toFixed(1), run.ok],
    ...[label.startsWith('int8') ? publicCycles(found.plan).toFixed(0) : '', CODE],
  ].map(String);
}

const until = now() + 60_000 * Number(values.minutes ?? Number.POSITIVE_INFINITY);
const DETECTOR_CSV = `${root}src/search/detector.csv`;
const detectorRows = () =>
  existsSync(DETECTOR_CSV)
    ? readFileSync(DETECTOR_CSV, 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
    : [];

async function addDetectorRows() {
  let prepared;
  if (!existsSync(DETECTOR_CSV)) writeFileSync(DETECTOR_CSV, `${DETECTOR_COLUMNS.join(',')}\n`);
  for (const entry of [['int8 file as it is'], ...DETECTOR_CASES]) {
    const [label, how] = entry;
    if (placeOf(entry) < 0) continue;
    if (detectorRows().some((row) => row[0] === label)) continue;
    if (now() > until) break;
    if (how === undefined) {
      const { n, ap50 } = await personPrecision(host, data);
      const cells = { case: label, pictures: n, person_ap50: ap50.toFixed(2) };
      appendFileSync(DETECTOR_CSV, `${DETECTOR_COLUMNS.map((column) => cells[column] ?? '').join(',')}\n`);
      continue;
    }
    prepared ??= await bench.prepare(DETECTOR, { images: false });
    const context = { ...prepared, host, data, options: searchedWith, emulate: emulated };
    const row = await measureDetector(entry, context);
    appendFileSync(DETECTOR_CSV, `${row.join(',')}\n`);
    console.log(row.join('  '));
  }
}

const wanted = positionals.length > 0 ? positionals : [...Object.keys(NETWORKS), DETECTOR.name];
if (wanted.includes(DETECTOR.name)) await addDetectorRows();
for (const name of wanted.filter((name) => name in NETWORKS)) {
  const definition = NETWORKS[name];
  let prepared;
  const cases = casesOf(definition).filter((entry) => placeOf(entry) >= 0);
  for (const [label, how] of cases.sort((a, b) => placeOf(a) - placeOf(b))) {
    if (!(how.method in SEARCH_METHODS)) continue;
    if (rowsOf().some((row) => row[0] === name && row[1] === label)) continue;
    if (now() > until) break;
    prepared ??= await bench.prepare(definition);
    const row = await measure(name, definition, label, how, prepared);
    appendFileSync(CSV, `${row.join(',')}\n`);
    console.log(row.join('  '));
  }
}
const order = (row) =>
  Object.keys(NETWORKS).indexOf(row[0]) * 1000 +
  casesOf(NETWORKS[row[0]]).findIndex(([label]) => label === row[1]);
const rows = rowsOf().sort((a, b) => order(a) - order(b));
writeFileSync(CSV, `${[COLUMNS, ...rows].map((row) => row.join(',')).join('\n')}\n`);
const named = (columns, cells) => cells.map((row) => Object.fromEntries(columns.map((c, i) => [c, row[i]])));
writeFileSync(
  `${root}src/search/TABLE.md`,
  renderTable(named(COLUMNS, rows), named(DETECTOR_COLUMNS, detectorRows())),
);
