/**
 * `npm run verify:all [-- --engine builtin|unicorn|both --mode tflm]`: every 8-bit model of the data collection (SHARED_DIR,
 * else ../shared) on an M4, an M7 and an M33 board, all feature maps compared. Needs `npm run build`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomInputs } from '../../dist/cli/network-inputs.js';
import { createNodeHost, findBoard, planModel, verifyPlan } from '../../dist/index.js';
import { formatTable } from '../../dist/report/table.js';
import { formatBytes, formatCount } from '../../dist/report/units.js';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'builtin' },
    mode: { type: 'string', default: 'tflm' },
    models: { type: 'string', default: '' },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${process.env.SHARED_DIR ?? `${root}../shared`}/data/models`;
if (!existsSync(folder)) {
  console.log('The data collection is absent: set SHARED_DIR to the folder that holds data/.');
  process.exit(0);
}

const models = readdirSync(folder)
  .filter((file) => /(int8|uint8|perchannel)\.tflite$/.test(file) && !file.startsWith('ssd_'))
  .filter((file) => new RegExp(values.models).test(file));
const host = createNodeHost();
const rows = [];
let failures = 0;
for (const model of models) {
  const { plan } = await planModel(host, `${folder}/${model}`, { mode: values.mode });
  for (const boardId of ['l4r5zi', 'h743', 'u575']) {
    const inputs = randomInputs(plan, 1).bytes;
    const now = () => performance.now();
    const options = { inputs, inputName: 'seed 1', engine: values.engine, now };
    const { report } = await verifyPlan(host, plan, findBoard(boardId), options);
    const { totals, layers } = report;
    const equal = layers.filter((layer) => layer.equal).length;
    const planned = totals.measured.arenaBytes === totals.arenaBytes;
    if (!report.ok || !planned) failures += 1;
    rows.push([
      ...[plan.name, boardId, `${equal}/${layers.length}`, formatCount(totals.comparedBytes)],
      ...[
        formatCount(totals.cycles),
        (totals.cycles / totals.macs).toFixed(2),
        formatBytes(totals.peakSramBytes),
      ],
      ...[(report.timing.totalMs / 1000).toFixed(1), report.ok ? 'equal' : 'DIFFERENT'],
      ...[report.fits ? 'fits' : 'too big', planned ? '' : 'arena not as planned'],
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
  'per MAC',
  'peak SRAM',
  'seconds',
  'bytes',
  'board',
  '',
];
console.log(
  formatTable(
    titles.map((title, i) => ({ title, align: i > 1 && i < 8 ? 'right' : 'left' })),
    rows,
  ),
);
console.log(
  `\n${rows.length - failures} of ${rows.length} equal; mode ${values.mode}, engine ${values.engine}`,
);
process.exitCode = failures === 0 ? 0 : 1;
