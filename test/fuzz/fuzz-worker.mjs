/** Child of fuzz-models.mjs: runs cases first…last and reports each; the parent watches time and memory. */
import { readFileSync } from 'node:fs';

const { compiled, format, mutator, fixtures, seed, first, last } = JSON.parse(process.argv[2]);
const { mutate, prepare } = await import(mutator);
const load = (path) => import(new URL(path, compiled).href);
const { importModel } = await load('import/index.js');
const { lowerToPlan } = await load('lower/lower.js');
const { verifyPlan } = await load('invariants/plan.js');
const { encodePlan, decodePlan } = await load('ir/plan-file.js');
const { QuantmcuError } = await load('support/errors.js');

const fileName = `fuzz.${format}`;
const originals = fixtures.map((path) => {
  const file = readFileSync(path);
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength).slice();
  return { bytes, structure: prepare(bytes) };
});

/** 'plan' or the error's code when the outcome is clean, otherwise throws. */
function outcome(bytes) {
  try {
    const graph = importModel(bytes, fileName);
    const plan = lowerToPlan(graph, { mode: 'tflm' });
    const problems = verifyPlan(plan);
    if (problems.length > 0) throw new Error(`lowered plan is unsound: ${problems[0]}`);
    const { json, weights } = encodePlan(plan);
    if (encodePlan(decodePlan(json, weights, 'fuzz.plan.json')).json !== json)
      throw new Error('the plan changes when stored and read back');
    return 'plan';
  } catch (error) {
    if (!(error instanceof QuantmcuError)) throw error;
    if (error.kind === 'bug') throw error;
    if (/[\n\r]/.test(error.message) || !error.message.includes(fileName))
      throw new Error(`message is not one line naming the file: ${error.message}`);
    return error.code;
  }
}

for (let index = first; index < last; index++) {
  const original = originals[index % originals.length];
  const { kind, bytes } = mutate(original.bytes, original.structure, seed + index);
  const start = performance.now();
  let result;
  try {
    result = { clean: true, code: outcome(bytes) };
  } catch (error) {
    result = { clean: false, code: String(error?.stack ?? error) };
  }
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send({ index, kind, ...result, ms: performance.now() - start, peakMiB });
}
