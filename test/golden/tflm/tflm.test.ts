/** Our plans compute what TensorFlow Lite Micro computes, byte for byte, in both rounding modes. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { referenceEngine } from '../../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { ROOT, readBytes } from '../../support/paths.js';
import { modelPath, smoothInput, storedInputs } from './models.js';
import { operatorCases } from './operator-cases.js';

type Mode = 'tflm' | 'single';
const MODES: readonly Mode[] = ['tflm', 'single'];
const load = <T>(file: string): T => JSON.parse(readFileSync(`${ROOT}test/golden/tflm/${file}`, 'utf8')) as T;
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

const operators = load<{
  cases: { name: string; model: string; inputs: string[]; outputs: Record<Mode, string> }[];
}>('operators.json');

describe.each(MODES)('operators, mode %s', (mode) => {
  it.each(operators.cases)('$name', async (golden) => {
    const plan = lowerToPlan(importModel(fromBase64(golden.model), 'case.tflite'), { mode });
    const inputs = golden.inputs.map(fromBase64);
    const expected = fromBase64(golden.outputs[mode]);
    for (const engine of [referenceEngine, createWasmEngine()]) {
      const [output] = (await engine.load(plan)).run(inputs);
      expect(Buffer.compare(output!, expected), `${engine.name} differs from TFLM`).toBe(0);
    }
  });

  it('has vectors that are not saturated', () => {
    const values = operators.cases.flatMap(({ outputs }) => [...fromBase64(outputs[mode])]);
    const saturated = values.filter((v) => v === 127 || v === 128).length;
    expect(saturated / values.length).toBeLessThan(0.5);
  });
});

it('holds the models that operator-cases.ts makes', () => {
  const made = operatorCases().map(({ name, model, inputs }) => ({
    name,
    model: Buffer.from(model).toString('base64'),
    inputs: inputs.map((input) => Buffer.from(input).toString('base64')),
  }));
  expect(operators.cases.map(({ name, model, inputs }) => ({ name, model, inputs }))).toEqual(made);
});

it('tells the two modes apart', () => {
  expect(operators.cases.some(({ outputs }) => outputs.tflm !== outputs.single)).toBe(true);
});

const featureMaps = load<{
  models: { file: string; sha256: string; layers: Record<Mode, Record<string, string>> }[];
}>('feature-maps.json');

/** Hash of each step's feature map, by step name. */
async function hashes(plan: DeployPlan, inputs: readonly Uint8Array[], wasm: boolean) {
  const network = await (wasm ? createWasmEngine() : referenceEngine).load(plan);
  const found: Record<string, string> = {};
  network.run(inputs, (step, _tensor, bytes) => {
    found[plan.steps[step]!.name] = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  });
  return found;
}

describe.each(featureMaps.models)('every feature map of $file', ({ file, sha256, layers }) => {
  const path = modelPath(file);
  const missing = path === undefined ? ' (skipped: data collection absent)' : '';
  const cases = MODES.flatMap((mode) => [true, false].map((wasm) => ({ mode, wasm })));
  // The slow reference runs where a network is small; WASM runs everywhere.
  const small = /kws|resnet|vww_96|person_detect/.test(file);
  it.skipIf(path === undefined).each(cases.filter(({ wasm }) => wasm || small))(
    `equals TFLM's, $mode, WASM $wasm${missing}`,
    async ({ mode, wasm }) => {
      const bytes = readBytes(path!);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      const graph = importModel(bytes, file);
      const plan = lowerToPlan(graph, { mode });
      const found = await hashes(plan, storedInputs(plan, smoothInput(graph)), wasm);
      // QUANTIZE at the edges is folded into the ports and makes no step.
      const steps = Object.entries(layers[mode]).filter(([name]) => {
        const node = graph.nodes.find((n) => n.name === name);
        return node?.op !== 'quantize';
      });
      expect(steps.length).toBeGreaterThan(10);
      for (const [name, hash] of steps) expect(found[name], `layer ${name}`).toBe(hash);
    },
  );
});
