/**
 * Feeds mutated model files through import, lowering and the plan verifier, in a child process with limits on
 * time and memory. Every outcome must be a plan or a one-line error; anything else fails the run.
 *
 *   npm run fuzz:tflite [-- --count 2000 --seed 1]
 *   npm run fuzz:onnx
 */
import { execFileSync, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const SECONDS_PER_CASE = 5;
const MAX_MIB = 1024;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    format: { type: 'string', default: 'tflite' },
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
/** Models of the optional data collection outside the repository. */
const shared = (name) => `${process.env.SHARED_DIR ?? here('../../../shared')}/data/models/${name}`;
const FORMATS = {
  tflite: {
    mutator: './mutate.mjs',
    fixtures: [
      here('../fixtures/kws/kws_dscnn_int8.tflite'),
      here('../fixtures/person-detection/mobilenet_v2_0.35_160_person_int8.tflite'),
    ],
  },
  onnx: {
    mutator: './mutate-onnx.mjs',
    fixtures: [
      here('../fixtures/image-classification/ic_resnet8_qdq.onnx'),
      here('../fixtures/onnx/tiny_float.onnx'),
      here('../fixtures/onnx/tiny_quantized.onnx'),
      shared('ic_resnet8_float.onnx'),
    ],
  },
};
const count = Number(values.count);
const seed = Number(values.seed);
const { format } = values;
const { mutator, fixtures: paths } = FORMATS[format];
const fixtures = paths.filter((path) => existsSync(path));

/** The front end compiled to JavaScript; the fuzz test needs no other build. */
function compile() {
  const out = here(`../../build/fuzz-${values.format}/`);
  execFileSync(
    process.execPath,
    [here('../../node_modules/typescript/bin/tsc'), '-p', here('tsconfig.json'), '--outDir', out],
    {
      stdio: 'inherit',
    },
  );
  return pathToFileURL(out).href;
}

/** Runs cases until one hangs, crashes or all are done; returns the first case not run. */
function runChild(compiled, first, onResult) {
  return new Promise((resolve) => {
    const job = JSON.stringify({ compiled, format, mutator, fixtures, seed, first, last: count });
    const child = fork(here('fuzz-worker.mjs'), [job], { execArgv: ['--max-old-space-size=512'] });
    let next = first;
    let died;
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        died = `no outcome within ${SECONDS_PER_CASE} s`;
        child.kill('SIGKILL');
      }, SECONDS_PER_CASE * 1000);
    };
    watch();
    child.on('message', (result) => {
      next = result.index + 1;
      onResult(result);
      watch();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (next < count) {
        onResult({
          index: next,
          clean: false,
          kind: '?',
          code: died ?? `process ended: ${code ?? signal}`,
          ms: 0,
          peakMiB: 0,
        });
        next++;
      }
      resolve(next);
    });
  });
}

const compiled = compile();
const codes = new Map();
const failures = [];
let slowest = 0;
let peakMiB = 0;
const onResult = (result) => {
  codes.set(result.code, (codes.get(result.code) ?? 0) + (result.clean ? 1 : 0));
  slowest = Math.max(slowest, result.ms);
  peakMiB = Math.max(peakMiB, result.peakMiB);
  const why = result.clean && result.peakMiB > MAX_MIB ? `memory peak ${result.peakMiB} MiB` : result.code;
  if (!result.clean || result.peakMiB > MAX_MIB)
    failures.push(`seed ${seed + result.index} (${result.kind}): ${why}`);
};
for (let next = 0; next < count; ) next = await runChild(compiled, next, onResult);

for (const failure of failures.slice(0, 20)) console.log(`FAILED ${failure}`);
const clean = count - failures.length;
for (const [code, n] of [...codes].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]))
  console.log(`${String(n).padStart(6)}  ${code}`);
console.log(
  `${clean} of ${count} outcomes clean; seeds ${seed}…${seed + count - 1}; slowest ${slowest.toFixed(0)} ms, memory peak ${peakMiB} MiB`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
