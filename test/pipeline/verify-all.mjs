/**
 * `npm run verify:all [-- --engine builtin|unicorn|both --mode tflm --models regex --boards l4r5zi,h743]`: every 8-bit
 * model of the data collection (SHARED_DIR, else ../shared), detector and QDQ files included, on an M4, an M7 and an
 * M33 board, all feature maps compared. With `both` the two engines' registers and memory after every layer, too, and
 * on the M4 their cycles, counted by two programs from one table, must agree within 0.5 %. Needs `npm run build`.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomInputs } from '../../dist/cli/network-inputs.js';
import { createNodeHost, findBoard, planModel, verifyPlan } from '../../dist/index.js';
import { formatTable } from '../../dist/report/table.js';
import { formatBytes, formatCount } from '../../dist/report/units.js';
import { requireData } from '../support/data-collection.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'builtin' },
    mode: { type: 'string', default: 'tflm' },
    models: { type: 'string', default: '' },
    boards: { type: 'string', default: 'l4r5zi,h743,u575' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${requireData(root)}/models`;

const models = readdirSync(folder)
  .filter((file) => /(int8|uint8|perchannel)\.tflite$|_qdq\.onnx$/.test(file))
  .filter((file) => new RegExp(values.models).test(file));
const host = createNodeHost();
const CYCLE_TOLERANCE = 0.005;
const rows = [];
let failures = 0;

/** What the second engine said, and what is wrong with it. */
function crossCheckOf({ crossCheck }, board) {
  if (values.engine !== 'both') return { text: '', problem: '' };
  const { state, cycleDifference } = crossCheck;
  if (state !== 'equal') return { text: state, problem: `engines: ${state}` };
  const isOff = board.core === 'm4' && Math.abs(cycleDifference) > CYCLE_TOLERANCE;
  const text = `${cycleDifference < 0 ? '' : '+'}${(cycleDifference * 100).toFixed(3)} %`;
  return { text, problem: isOff ? 'cycles of the engines differ' : '' };
}

for (const model of models) {
  const { plan } = await planModel(host, `${folder}/${model}`, { mode: values.mode });
  for (const boardId of values.boards.split(',')) {
    const inputs = randomInputs(plan, 1).bytes;
    const now = () => performance.now();
    const options = { inputs, inputName: 'seed 1', engine: values.engine, now };
    const board = findBoard(boardId);
    const { report } = await verifyPlan(host, plan, board, options);
    const cross = crossCheckOf(report, board);
    const { totals, layers } = report;
    const equal = layers.filter((layer) => layer.equal).length;
    const planned = totals.measured.arenaBytes === totals.arenaBytes;
    if (!report.ok || !planned || cross.problem !== '') failures += 1;
    rows.push([
      ...[plan.name, boardId, `${equal}/${layers.length}`, formatCount(totals.comparedBytes)],
      ...[
        formatCount(totals.cycles),
        cross.text,
        (totals.cycles / totals.macs).toFixed(2),
        formatBytes(totals.peakSramBytes),
      ],
      ...[(report.timing.totalMs / 1000).toFixed(1), report.ok ? 'equal' : 'DIFFERENT'],
      ...[report.fits ? 'fits' : 'too big', planned ? cross.problem : 'arena not as planned'],
    ]);
    process.stderr.write(`${rows.at(-1).join('  ')}\n`);
  }
}
const titles = [
  'model',
  'board',
  'layers',
  'bytes',
  'cycles',
  'other engine',
  'per MAC',
  'peak SRAM',
  'seconds',
  'bytes',
  'board',
  '',
];
console.log(
  formatTable(
    titles.map((title, i) => ({ title, align: i > 1 && i < 9 ? 'right' : 'left' })),
    rows,
  ),
);
console.log(
  `\n${rows.length - failures} of ${rows.length} equal; mode ${values.mode}, engine ${values.engine}`,
);
process.exitCode = failures === 0 ? 0 : 1;
