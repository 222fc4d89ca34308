/**
 * LiteRT.js and our simulation on the same file in one process, run alternately; two workers against one; and the
 * project's own plans against imported ones: `npm run bench:litert [model] [--mode tflm] [--rounds 15]`.
 * Rates are images per second of wall time and, since other work on the machine takes its share of that, of this
 * process's CPU time; medians over the rounds. Runs on dist/; the default model is MobileNetV2-1.0-224 of the data
 * folder (SHARED_DIR, or ../shared).
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PREFETCH } from '../../dist/evaluate/evaluate.js';
import { createRunner } from '../../dist/evaluate/runner.js';
import { importModel } from '../../dist/import/index.js';
import { verifyPlan } from '../../dist/invariants/plan.js';
import { lowerToPlan } from '../../dist/lower/lower.js';
import { tensorBytes } from '../../dist/ops/plan-access.js';
import { createWasmEngine } from '../../dist/simulate/wasm-engine.js';
import { createRandom } from '../../dist/support/random.js';
import { compileLiteRt } from '../support/litert.mjs';
import { mulhiPlan } from './mulhi-plan.mjs';

const SHARED = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const DEFAULT_MODEL = join(SHARED, 'data/models/mobilenet_v2_1.0_224_ptq_perchannel.tflite');
/** Runs before measuring, so that V8's optimising compiler has taken over. */
const WARM_UP_RUNS = 30;
const IMAGES_PER_ROUND = 20;
/** In a round of workers: a fifth of a usual test set, so that the last image, which one worker runs alone, weighs little. */
const STREAMED_IMAGES = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mode: { type: 'string', default: 'tflm' }, rounds: { type: 'string', default: '15' } },
});
const rounds = Number(values.rounds);
const file = positionals[0] ?? DEFAULT_MODEL;
if (!existsSync(file)) {
  console.error(`bench:litert: ${file} is missing; name a model or set SHARED_DIR`);
  process.exit(2);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const model = new Uint8Array(readFileSync(file));
const graph = importModel(model, basename(file));
const random = createRandom(1);
const input = graph.tensors[graph.inputs[0]];
let level = 128;
const raw = Uint8Array.from({ length: input.shape.reduce((a, b) => a * b, 1) }, () => {
  level = Math.max(0, Math.min(255, level + random.integer(-40, 40)));
  return level;
});
if (input.dtype !== 'int8') throw new Error('bench:litert needs a model with an 8-bit input');
const stored = input.wasUint8 === true ? raw.map((x) => x ^ 0x80) : raw;

/** Rates of several runners, taken in turns: `calls` a round, each of so many images. */
async function measure(runners, { images = 1, calls = IMAGES_PER_ROUND } = {}) {
  const rates = Object.fromEntries(Object.keys(runners).map((name) => [name, { wall: [], cpu: [] }]));
  for (const run of Object.values(runners)) for (let i = 0; i < WARM_UP_RUNS; i += images) await run();
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(runners)) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      for (let i = 0; i < calls; i++) await run();
      const { user, system } = process.cpuUsage(cpu);
      rates[name].wall.push((1000 * images * calls) / (performance.now() - start));
      rates[name].cpu.push((1e6 * images * calls) / (user + system));
    }
  }
  return rates;
}

function report(rates, base) {
  const ratio = (name, kind) => median(rates[name][kind].map((rate, i) => rate / rates[base][kind][i]));
  for (const name of Object.keys(rates)) {
    const { wall, cpu } = rates[name];
    const figures = [median(wall), ratio(name, 'wall'), median(cpu), ratio(name, 'cpu')];
    const [wallRate, wallRatio, cpuRate, cpuRatio] = figures.map((x) => x.toFixed(2));
    console.log(
      `  ${name.padEnd(22)} ${wallRate.padStart(7)} images/s (${wallRatio}×)   ${cpuRate.padStart(7)} per CPU second (${cpuRatio}×)`,
    );
  }
}

const load = (plan) => {
  const problems = verifyPlan(plan);
  if (problems.length > 0) throw new Error(`bench: ${problems[0]}`);
  const network = createWasmEngine().load(plan);
  const inputs = [stored.subarray(0, tensorBytes(plan.tensors[plan.inputs[0].tensor]))];
  return () => network.run(inputs);
};

console.log(
  `${basename(file)}, Node ${process.version}, load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores, medians of ${rounds}`,
);

const plan = lowerToPlan(graph, { mode: values.mode });
const litert = await compileLiteRt(model);
const same = load(lowerToPlan(graph, { mode: 'xnnpack' }));
const [expected] = await litert.run([raw]);
const outputUint8 = graph.tensors[graph.outputs[0]].wasUint8 === true;
const [found] = same();
const equal = found.every((x, i) => (outputUint8 ? x ^ 0x80 : x) === expected[i]);
console.log(`\nSame work: in mode xnnpack our output ${equal ? 'equals' : 'DIFFERS from'} LiteRT.js's.`);
console.log('\nOne thread against LiteRT.js:');
const ours = `ours, ${values.mode}`;
report(await measure({ 'LiteRT.js': () => litert.run([raw]), [ours]: load(plan) }), 'LiteRT.js');

console.log('\nThe modes and widths of our own plans against an imported one:');
const base = lowerToPlan(graph, { mode: 'tflm' });
const eight = mulhiPlan(base);
const four = mulhiPlan(base, { activationBits: 4, weightBits: 4 });
report(await measure({ tflm: load(base), 'mulhi a8w8': load(eight), 'mulhi a4w4': load(four) }), 'tflm');

console.log('\nTwo workers against one:');
const [one, two] = [await createRunner(plan, 'wasm', 1), await createRunner(plan, 'wasm', 2)];
/** A folder of images as `simulate` runs it: some are always asked for ahead. */
const stream = async (runner, threads) => {
  let left = STREAMED_IMAGES;
  const lane = async () => {
    while (left-- > 0) await runner.run(stored);
  };
  await Promise.all(Array.from({ length: threads + PREFETCH }, lane));
};
const streams = { '1 worker': () => stream(one, 1), '2 workers': () => stream(two, 2) };
report(await measure(streams, { images: STREAMED_IMAGES, calls: 1 }), '1 worker');
await Promise.all([one.close(), two.close()]);
litert.delete();
