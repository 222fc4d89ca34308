/** The int8 models whose feature maps are compared with TensorFlow Lite Micro, and the input they get. */
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import type { Graph } from '../../../src/ir/graph.js';
import { createRandom } from '../../../src/support/random.js';
import { FIXTURES, PERSON_MODEL, sharedPath } from '../../support/paths.js';

/** uint8 models are not among them: TFLM runs int8 only. */
export const MODELS = [
  'kws_dscnn_int8.tflite',
  'mobilenet_v2_0.35_160_person_int8.tflite',
  'ic_resnet8_int8.tflite',
  'vww_96_int8.tflite',
  'tflm_person_detect_96gray_int8.tflite',
  'mcunet_vww_80_int8.tflite',
  'mcunet_persondet_128x160_int8.tflite',
  'mobilenet_v2_1.0_224_ptq_perchannel.tflite',
] as const;

/** Fixture of the repository, else in the optional data collection, else undefined. */
export function modelPath(file: string): string | undefined {
  if (file.startsWith('kws')) return `${FIXTURES}kws/${file}`;
  return PERSON_MODEL.endsWith(file) ? PERSON_MODEL : sharedPath(`models/${file}`);
}

/** One input in the model's own element type: a seeded random walk, so that neighbours are alike as in images. */
export function smoothInput(graph: Graph, seed = 1): Uint8Array[] {
  const random = createRandom(seed);
  return graph.inputs.map((id) => {
    const tensor = graph.tensors[id]!;
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    if (tensor.dtype === 'float32') {
      const values = Float32Array.from({ length: count }, () => random.next() * 2 - 1);
      return new Uint8Array(values.buffer);
    }
    let level = 128;
    return Uint8Array.from({ length: count }, () => {
      level = Math.max(0, Math.min(255, level + random.integer(-40, 40)));
      return level;
    });
  });
}

/** Stored int8 bytes of the model's input, as TFLite's QUANTIZE makes them from float32. */
export function storedInputs(plan: DeployPlan, raw: readonly Uint8Array[]): Uint8Array[] {
  return plan.inputs.map((port, i) => {
    if (port.dtype === 'int8') return raw[i]!;
    if (port.dtype === 'uint8') return raw[i]!.map((v) => v ^ 0x80);
    const { scale, zeroPoint } = plan.tensors[port.tensor]!;
    const stored = Int8Array.from(new Float32Array(raw[i]!.slice().buffer), (x) => {
      const ratio = Math.fround(x / Math.fround(scale));
      const rounded = Math.sign(ratio) * Math.floor(Math.abs(ratio) + 0.5);
      return Math.max(-128, Math.min(127, rounded + zeroPoint));
    });
    return new Uint8Array(stored.buffer);
  });
}
