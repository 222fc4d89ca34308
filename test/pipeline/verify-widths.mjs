/**
 * `npm run verify:widths [-- --models regex --pairs a4w4,a2w2 --boards l4r5zi,h743,u575 --engine builtin]`: plans of
 * our own quantiser at 8, 4 and 2 bits, every pair on an M4 board and one pair per network on an M7 and an M33, every
 * feature map of the emulated core compared with the simulation. Calibrated on a few images: what is proved is equal
 * bytes, not accuracy. Needs `npm run build` and the data collection (SHARED_DIR, else ../shared).
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inputSpec, storeReals } from '../../dist/data/input-spec.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { buildFloatNetwork, quantizeModel } from '../../dist/evaluate/quantize-model.js';
import {
  createNodeHost,
  findBoard,
  importModel,
  listSamples,
  PRESETS,
  verifyPlan,
} from '../../dist/index.js';
import { uniformAssignment } from '../../dist/ir/stage-data.js';
import { formatTable } from '../../dist/report/table.js';
import { formatBytes, formatCount } from '../../dist/report/units.js';
import { virtualBoard } from '../../dist/targets/index.js';
import { NETWORKS } from '../accuracy/width-cases.mjs';
import { requireData } from '../support/data-collection.mjs';

const MIB = 1 << 20;
const CALIBRATION = 16;
/** Pairs per network: all five on the first board; the pair of each further board is taken in turn. */
const PAIRS = ['a8w8', 'a4w8', 'a8w4', 'a4w4', 'a2w2'];
const CASES = {
  resnet8: PAIRS,
  kws: PAIRS,
  vww: PAIRS,
  mobilenet_v1: PAIRS,
  mcunet_vww: ['a4w4'],
  mobilenet_v2: ['a4w4'],
};
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    pairs: { type: 'string', default: PAIRS.join() },
    boards: { type: 'string', default: 'l4r5zi,h743,u575' },
    engine: { type: 'string', default: 'builtin' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const host = createNodeHost();
const [first, ...others] = values.boards
  .split(',')
  .map((id) => virtualBoard(findBoard(id), { flashBytes: 16 * MIB, sramBytes: 16 * MIB }));
const rows = [];
let failures = 0;

/** One image's input and the calibrated network of a case. */
async function open(name) {
  const { model, calib, test, recipe } = NETWORKS[name];
  const path = `${data}/models/${model}`;
  const graph = importModel(await host.readFile(path), path);
  const network = buildFloatNetwork(graph);
  const whole = { ...PRESETS[recipe.preset], ...recipe.values };
  const samples = await listSamples(host, `${data}/images/${calib ?? test}`);
  const reals = await Promise.all(
    samples
      .slice(0, CALIBRATION + 1)
      .map(async (sample) => [
        await readFloatInput(await host.readFile(sample.path), sample.path, network, whole),
      ]),
  );
  return { graph, image: reals[0][0], calibration: reals.slice(1) };
}

async function verifyCase(name, pair, plan, board, inputs) {
  const { report } = await verifyPlan(host, plan, board, {
    ...{ inputs, inputName: 'calibration image', engine: values.engine, now: () => performance.now() },
  });
  const { layers, totals } = report;
  const equal = layers.filter((layer) => layer.equal).length;
  const isGood = report.ok && equal === layers.length;
  failures += isGood ? 0 : 1;
  rows.push([
    ...[name, pair, board.id, `${equal}/${layers.length}`, formatCount(totals.comparedBytes)],
    ...[
      formatCount(totals.cycles),
      (totals.cycles / totals.macs).toFixed(2),
      formatBytes(totals.peakSramBytes),
    ],
    ...[(report.timing.totalMs / 1000).toFixed(1), isGood ? 'equal' : 'DIFFERENT'],
  ]);
  process.stderr.write(`${rows.at(-1).join('  ')}\n`);
}

let turn = 0;
for (const [name, pairs] of Object.entries(CASES).filter(([name]) => new RegExp(values.models).test(name))) {
  const { graph, image, calibration } = await open(name);
  for (const pair of pairs.filter((own) => values.pairs.split(',').includes(own))) {
    const [, activations, weights] = /^a(\d)w(\d)$/.exec(pair);
    const assignment = uniformAssignment(Number(activations), Number(weights));
    const { plan } = await quantizeModel(graph, calibration, {
      assignment,
      reconstruction: { kind: 'none' },
    });
    const inputs = [storeReals(image, inputSpec(plan))];
    await verifyCase(name, pair, plan, first, inputs);
    // One further board per pair, so that each core meets several widths.
    if (pairs.length > 1 && others.length > 0)
      await verifyCase(name, pair, plan, others[turn++ % others.length], inputs);
  }
}
const titles = [
  'network',
  'widths',
  'board',
  'maps',
  'bytes',
  'cycles',
  'per MAC',
  'peak SRAM',
  'seconds',
  '',
];
console.log(
  formatTable(
    titles.map((title, i) => ({ title, align: i > 2 && i < 9 ? 'right' : 'left' })),
    rows,
  ),
);
console.log(
  `\n${rows.length - failures} of ${rows.length} equal in every feature map; engine ${values.engine}`,
);
process.exitCode = failures === 0 ? 0 : 1;
