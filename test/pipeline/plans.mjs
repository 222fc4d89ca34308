/**
 * `npm run verify:plans [-- --models regex --budgets 64,128,256 --boards nano33ble,f746 --engine builtin
 * --document src/patch/BUDGETS.md]`: for every 8-bit model of the data collection (SHARED_DIR, else ../shared) and every
 * budget the best plan layer by layer, as patches and as line buffers: arena, redundant MACs, cycles; every feature map
 * compared with the simulation, the logits with the whole network's, and measured with planned memory: arena,
 * variables, and the sum of these and the stack. With --document each model's section of it is written anew; other
 * models' sections stay. `--boards ''` simulates alone, with the detector and the QDQ models too. Needs `npm run build`.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measuredCosts } from '../../dist/bind/measure.js';
import { randomInputs } from '../../dist/cli/network-inputs.js';
import { createNodeHost, findBoard, planModel, simulatePlan, verifyPlan } from '../../dist/index.js';
import { StagePlanner } from '../../dist/patch/plan-patches.js';
import { formatTable } from '../../dist/report/table.js';
import { formatBytes, formatCount } from '../../dist/report/units.js';
import { requireData } from '../support/data-collection.mjs';
import { writeBudgets } from './budgets-document.mjs';

const KIB = 1024;
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    budgets: { type: 'string', default: '64,128,256' },
    boards: { type: 'string', default: 'nano33ble,f746' },
    engine: { type: 'string', default: 'builtin' },
    document: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${requireData(root)}/models`;
const budgets = values.budgets.split(',').map(Number);
const boards = values.boards
  .split(',')
  .filter((id) => id !== '')
  .map((id) => findBoard(id));
const isEmulated = (file) => /(int8|uint8|perchannel)\.tflite$/.test(file) && !file.startsWith('ssd_');
const isSimulated = (file) => /((int8|uint8|perchannel)\.tflite|qdq\.onnx)$/.test(file);
const models = readdirSync(folder)
  .filter(boards.length > 0 ? isEmulated : isSimulated)
  .filter((file) => new RegExp(values.models).test(file));
const host = createNodeHost();
const titles = [
  ...['model', 'budget', 'plan', 'fits', 'tensors', 'bound', 'arena', 'redundant MACs'],
  ...(boards.length > 0 ? [] : ['outputs']),
  ...boards.flatMap((board) => [`cycles ${board.core}`, `peak ${board.id}`]),
];
const rows = [];
let failures = 0;

const nameOf = ({ kind, grid, rowsPerStep, stageLayers, input }) => {
  if (kind === 'layers') return 'layer by layer';
  const how = kind === 'patches' ? `${grid.join('×')} patches` : `streaming, ${rowsPerStep} rows`;
  return `${how}, ${stageLayers} layers, ${input}`;
};

/** Measured on the core, as planned and as printed, to the byte. */
const isAsPlanned = (totals, chosen) =>
  totals.measured.arenaBytes === chosen.arenaBytes &&
  totals.measured.staticSramBytes === totals.staticSramBytes &&
  totals.measured.arenaBytes + totals.stackBytes + totals.measured.staticSramBytes + totals.inputBytes ===
    totals.peakSramBytes;

/** Cycles by board of one plan, or what went wrong. */
async function verified(plan, chosen, inputs, wholeOutputs) {
  const outputs = (await simulatePlan(plan, inputs)).outputs;
  const same = outputs.every((bytes, i) => Buffer.compare(bytes, wholeOutputs[i]) === 0);
  if (!same) failures += 1;
  const cells = boards.length > 0 ? [] : [same ? 'equal' : 'other outputs'];
  for (const board of boards) {
    const now = () => performance.now();
    const { report } = await verifyPlan(host, plan, board, {
      ...{ inputs, inputName: 'seed 1', engine: values.engine, now },
    });
    const { totals } = report;
    const asPlanned = isAsPlanned(totals, chosen);
    const good = report.ok && same && asPlanned;
    if (same && !good) failures += 1;
    const trouble = report.ok ? (same ? 'memory not as planned' : 'other outputs') : 'DIFFERENT';
    cells.push(good ? formatCount(totals.cycles) : trouble, formatBytes(totals.peakSramBytes));
  }
  return cells;
}

for (const model of models) {
  const modelRows = [];
  const { plan } = await planModel(host, `${folder}/${model}`, { mode: 'tflm' });
  const inputs = randomInputs(plan, 1).bytes;
  const whole = (await simulatePlan(plan, inputs)).outputs;
  const known = new Map();
  for (const kind of ['layers', 'patches', 'streaming']) {
    const planner = new StagePlanner(plan, measuredCosts, { kinds: [kind] });
    for (const budget of budgets) {
      let planned;
      try {
        planned = planner.choose(budget * KIB);
      } catch (error) {
        if (error.code !== 'patch/plan') throw error;
        modelRows.push([plan.name, `${budget} KiB`, `${kind}: no such stage`, '–']);
        continue;
      }
      const { chosen, fits } = planned;
      const key = nameOf(chosen);
      if (!known.has(key)) known.set(key, await verified(planned.plan, chosen, inputs, whole));
      const redundant = Math.max(0, chosen.totalMacs / planner.wholeMacs - 1);
      modelRows.push([
        ...[plan.name, `${budget} KiB`, key, fits ? 'yes' : 'no'],
        ...[
          formatBytes(chosen.tensorBytes),
          formatBytes(chosen.lowerBoundBytes),
          formatBytes(chosen.arenaBytes),
        ],
        ...[`${(redundant * 100).toFixed(1)} %`, ...known.get(key)],
      ]);
      process.stderr.write(`${modelRows.at(-1).join('  ')}\n`);
    }
  }
  rows.push(...modelRows);
  if (values.document !== undefined) writeBudgets(values.document, titles, plan.name, modelRows);
}
const columns = titles.map((title, i) => ({ title, align: i > 3 ? 'right' : 'left' }));
console.log(formatTable(columns, rows));
console.log(`\n${failures === 0 ? 'all' : `all but ${failures}`} plans give the bytes of the whole network`);
process.exitCode = failures === 0 ? 0 : 1;
