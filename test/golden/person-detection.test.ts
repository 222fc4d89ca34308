import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inputSpec } from '../../src/data/input-spec.js';
import { prepareInput } from '../../src/data/prepare-input.js';
import { PRESETS } from '../../src/data/recipe.js';
import { importModel } from '../../src/import/index.js';
import { lowerToPlan } from '../../src/lower/lower.js';
import type { SimulationEngine } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { FIXTURES, PERSON_MODEL, ROOT, readBytes, sharedPath } from '../support/paths.js';

const golden = JSON.parse(readFileSync(`${ROOT}test/golden/person-detection.json`, 'utf8')) as {
  inputs: Record<string, number>;
};
const plan = lowerToPlan(importModel(readBytes(PERSON_MODEL), 'person.tflite'), { mode: 'tflm' });

async function difference(engine: SimulationEngine, file: string): Promise<number> {
  const input = await prepareInput(readBytes(file), file, inputSpec(plan), PRESETS.stretch);
  const network = await engine.load(plan);
  const [output] = network.run([input]);
  const [noPerson, person] = new Int8Array(output!.buffer, output!.byteOffset, output!.length);
  return person! - noPerson!;
}

/** The committed input, else the one in the data collection. */
function locate(name: string): string | undefined {
  return name.includes('00001_7425')
    ? `${FIXTURES}person-detection/${name}`
    : sharedPath(`images/golden_inputs/${name}`);
}

describe.each(Object.entries(golden.inputs))('golden input %s', (name, expected) => {
  const file = locate(name);
  const missing = file === undefined ? ' (skipped: data collection absent)' : '';
  it.skipIf(file === undefined)(`gives ${expected} in the reference${missing}`, async () => {
    expect(await difference(referenceEngine, file!)).toBe(expected);
  });
  it.skipIf(file === undefined)(`gives ${expected} in WASM${missing}`, async () => {
    expect(await difference(createWasmEngine(), file!)).toBe(expected);
  });
});
