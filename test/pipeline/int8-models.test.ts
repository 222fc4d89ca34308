/** Every quantised model of the data collection imports, lowers and makes a sound plan that survives its file. */
import { expect, it } from 'vitest';
import { importModel } from '../../src/import/index.js';
import { verifyPlan } from '../../src/invariants/plan.js';
import { decodePlan, encodePlan } from '../../src/ir/plan-file.js';
import { lowerToPlan } from '../../src/lower/lower.js';
import { stepMacs } from '../../src/ops/index.js';
import { PERSON_MODEL, readBytes, sharedPath } from '../support/paths.js';

/** File, nominal multiply-accumulates in millions as its publishers state them, element types at the edges. */
const MODELS = [
  ['mobilenet_v2_0.35_160_person_int8.tflite', 29.6, 'int8', ['int8']],
  ['vww_96_int8.tflite', 7.5, 'int8', ['int8']],
  ['ic_resnet8_int8.tflite', 12.5, 'int8', ['int8']],
  ['kws_dscnn_int8.tflite', 2.7, 'int8', ['int8']],
  ['mobilenet_v2_1.0_224_ptq_perchannel.tflite', 301, 'uint8', ['uint8']],
  ['mobilenet_v1_0.25_128_qat_uint8.tflite', 13.6, 'uint8', ['uint8']],
  ['mcunet_vww_80_int8.tflite', 11.6, 'float32', ['float32']],
  ['mcunet_persondet_128x160_int8.tflite', 18.3, 'float32', ['float32', 'float32', 'float32']],
  ['tflm_person_detect_96gray_int8.tflite', 7.2, 'int8', ['int8']],
] as const;

for (const [file, millions, input, outputs] of MODELS) {
  const path = PERSON_MODEL.endsWith(file) ? PERSON_MODEL : sharedPath(`models/${file}`);
  const missing = path === undefined ? ' (skipped: data collection absent)' : '';
  it.skipIf(path === undefined)(`${file} becomes a sound plan${missing}`, () => {
    for (const mode of ['tflm', 'single'] as const) {
      const plan = lowerToPlan(importModel(readBytes(path!), file), { mode });
      expect(verifyPlan(plan)).toEqual([]);
      const macs = plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0);
      expect(Math.abs(macs / 1e6 / millions - 1)).toBeLessThan(0.03);
      expect(plan.inputs.map((port) => port.dtype)).toEqual([input]);
      expect(plan.outputs.map((port) => port.dtype)).toEqual(outputs);
      const stored = encodePlan(plan);
      const { weights, ...rest } = decodePlan(stored.json, stored.weights, file);
      expect(Buffer.compare(weights, plan.weights)).toBe(0);
      expect({ ...rest, weights: 0 }).toEqual({ ...plan, weights: 0 });
    }
  });
}
