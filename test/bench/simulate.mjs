/**
 * Images per second of the WASM simulation, single-threaded: `npm run bench:simulate [model] [--mode tflm] [--layers]`.
 * Runs on dist/. The default model is MobileNetV2-1.0-224 of the data folder (SHARED_DIR, or ../shared).
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importModel } from '../../dist/import/index.js';
import { lowerToPlan } from '../../dist/lower/lower.js';
import { stepMacs } from '../../dist/ops/index.js';
import { tensorBytes } from '../../dist/ops/plan-access.js';
import { createWasmEngine } from '../../dist/simulate/wasm-engine.js';
import { createRandom } from '../../dist/support/random.js';

const SHARED = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const DEFAULT_MODEL = join(SHARED, 'data/models/mobilenet_v2_1.0_224_ptq_perchannel.tflite');
/** Runs before measuring, so that V8's optimising compiler has taken over. */
const WARM_UP_RUNS = 20;
const ROUNDS = 9;
const SECONDS_PER_ROUND = 0.5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mode: { type: 'string', default: 'tflm' }, layers: { type: 'boolean', default: false } },
});
const file = positionals[0] ?? DEFAULT_MODEL;
if (!existsSync(file)) {
  console.error(`bench:simulate: ${file} is missing; name a model or set SHARED_DIR`);
  process.exit(2);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const plan = lowerToPlan(importModel(readFileSync(file), basename(file)), { mode: values.mode });
const random = createRandom(1);
const inputs = plan.inputs.map((port) =>
  Uint8Array.from({ length: tensorBytes(plan.tensors[port.tensor]) }, () => random.integer(0, 255)),
);
const loadStart = performance.now();
const network = createWasmEngine().load(plan);
const loadMilliseconds = performance.now() - loadStart;
for (let i = 0; i < WARM_UP_RUNS; i++) network.run(inputs);

const rates = Array.from({ length: ROUNDS }, () => {
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < SECONDS_PER_ROUND * 1000) {
    network.run(inputs);
    runs++;
  }
  return (runs * 1000) / (performance.now() - start);
});
const rate = median(rates);
const macs = plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0);
console.log(
  `${plan.name} ${values.mode}: ${rate.toFixed(1)} images/s (median of ${ROUNDS}, ` +
    `${Math.min(...rates).toFixed(1)}…${Math.max(...rates).toFixed(1)}), ` +
    `${((macs * rate) / 1e9).toFixed(1)} GMAC/s, load ${loadMilliseconds.toFixed(0)} ms`,
);

if (values.layers) {
  const times = plan.steps.map(() => []);
  for (let i = 0; i < 100; i++) {
    let previous = performance.now();
    network.run(inputs, (step) => {
      const now = performance.now();
      times[step].push(now - previous);
      previous = performance.now();
    });
  }
  const rows = plan.steps.map((step, index) => ({
    op: step.op,
    output: plan.tensors[step.output].shape.join('×'),
    microseconds: Math.round(1000 * median(times[index])),
    'GMAC/s': +(stepMacs(step, plan) / median(times[index]) / 1e6).toFixed(1),
  }));
  console.table(rows);
  const byOp = new Map();
  for (const row of rows) byOp.set(row.op, (byOp.get(row.op) ?? 0) + row.microseconds);
  for (const [op, microseconds] of byOp) console.log(`${op}: ${microseconds} µs`);
}
