/**
 * Latency of ResNet-8 and keyword spotting on every core: our own int8 plans (quantised by `quantize`) and the
 * original int8 files in mode tflm. Cycles at zero wait states on the built-in core; the range is the board's
 * estimate with its wait states. Every row is verified byte for byte.
 *
 *   npm run bench:latency -- [--data <folder of test data>] [--plans <folder>]     prints the table of src/bind/LATENCY.md
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { randomInputs } from '../../dist/cli/network-inputs.js';
import { createNodeHost } from '../../dist/cli/node-host.js';
import { planModel, verifyPlan } from '../../dist/pipeline.js';
import { findBoard } from '../../dist/targets/index.js';

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, plans: { type: 'string' } },
});

/** Best published milliseconds by board, at its clock (MLPerf Tiny, closed division, int8, no accelerator). */
const NETWORKS = [
  {
    name: 'ResNet-8',
    file: 'ic_resnet8_int8.tflite',
    plan: 'ic_resnet8',
    published: { l4r5zi: '165.1', u575: '104.3' },
  },
  {
    name: 'DS-CNN KWS',
    file: 'kws_dscnn_int8.tflite',
    plan: 'kws_dscnn',
    published: { l4r5zi: '43.2', u575: '29.0' },
  },
];
const BOARDS = ['l4r5zi', 'f746', 'u575'];

const host = createNodeHost();

async function row(board, plan, what, published) {
  const inputs = randomInputs(plan, 1);
  const { report } = await verifyPlan(host, plan, board, {
    inputs: inputs.bytes,
    inputName: inputs.source,
    now: () => performance.now(),
  });
  if (!report.ok) throw new Error(`${what} on ${board.id}: bytes differ`);
  const { cycles, macs, latencyMs } = report.totals;
  const zeroWait = (cycles / report.board.clockHz) * 1e3;
  const cells = [
    what,
    `${report.board.coreName} at ${report.board.clockHz / 1e6} MHz`,
    cycles.toLocaleString('en'),
    (cycles / macs).toFixed(2),
    zeroWait.toFixed(1),
    `${latencyMs.mid.toFixed(1)} (${latencyMs.low.toFixed(1)}–${latencyMs.high.toFixed(1)})`,
    published[board.id] ?? '',
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

process.stdout.write(
  '| network, mode | core | cycles | per MAC | ms at zero wait | ms with wait states | published ms |\n',
);
process.stdout.write('|---|---|---|---|---|---|---|\n');
try {
  for (const { name, file, plan: own, published } of NETWORKS) {
    const plans = [
      [
        `${name}, original file, tflm`,
        (await planModel(host, resolve(values.data, 'models', file), {})).plan,
      ],
    ];
    if (values.plans !== undefined) {
      const { plan } = await planModel(host, resolve(values.plans, `${own}.plan.json`), {});
      plans.unshift([`${name}, own a8w8, ${plan.requantization}`, plan]);
    }
    for (const [what, plan] of plans)
      for (const id of BOARDS) await row(findBoard(id), plan, what, published);
  }
} finally {
  await host.cleanUp();
}
