/** Every feature map of whole 8-bit models: WASM against the slow reference, byte for byte, in every mode. */
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../src/import/index.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';
import { lowerToPlan } from '../../src/lower/lower.js';
import type { ImportedMode } from '../../src/numeric/requantize.js';
import { tensorBytes, tensorOf } from '../../src/ops/plan-access.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { createRandom } from '../../src/support/random.js';
import { FIXTURES, PERSON_MODEL, readBytes, sharedPath } from '../support/paths.js';

const FIXTURE_MODELS = [PERSON_MODEL, `${FIXTURES}kws/kws_dscnn_int8.tflite`];
const SHARED_MODELS = [
  'ic_resnet8_int8',
  'mcunet_persondet_128x160_int8',
  'mcunet_vww_80_int8',
  'mobilenet_v1_0.25_128_qat_uint8',
  'mobilenet_v2_1.0_224_ptq_perchannel',
  'tflm_person_detect_96gray_int8',
  'vww_96_int8',
];
const SEED = 7;
const wasm = createWasmEngine();

function randomInputs(plan: DeployPlan): Uint8Array[] {
  const random = createRandom(SEED);
  return plan.inputs.map((port) =>
    Uint8Array.from({ length: tensorBytes(tensorOf(plan, port.tensor)) }, () => random.integer(0, 255)),
  );
}

async function compareMaps(path: string, mode: ImportedMode): Promise<void> {
  const plan = lowerToPlan(importModel(readBytes(path), basename(path)), { mode });
  const inputs = randomInputs(plan);
  const expected: Uint8Array[] = [];
  (await referenceEngine.load(plan)).run(inputs, (step, _tensor, bytes) => {
    expected[step] = bytes;
  });
  let compared = 0;
  (await wasm.load(plan)).run(inputs, (step, _tensor, bytes) => {
    if (Buffer.compare(bytes, expected[step]!) !== 0)
      expect.fail(`${plan.steps[step]!.name} differs, seed ${SEED}`);
    compared++;
  });
  expect(compared).toBe(plan.steps.length);
  expect(
    expected.some((map) => new Set(map).size > 64),
    'maps are lively',
  ).toBe(true);
}

describe('whole models', () => {
  for (const mode of ['tflm', 'single', 'xnnpack'] as const) {
    for (const path of FIXTURE_MODELS) it(`${basename(path)} ${mode}`, () => compareMaps(path, mode));
    for (const name of SHARED_MODELS) {
      const path = sharedPath(`models/${name}.tflite`);
      it.skipIf(path === undefined)(`${name} ${mode} (needs the shared data)`, () =>
        compareMaps(path!, mode),
      );
    }
  }
});
