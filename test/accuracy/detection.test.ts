/** Average precision of the detectors beside that of a known-good interpreter, and SSD boxes beside LiteRT.js's. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { listDetectionSamples } from '../../src/data/detection-folder.js';
import { inputSpec } from '../../src/data/input-spec.js';
import { prepareInput } from '../../src/data/prepare-input.js';
import { PRESETS } from '../../src/data/recipe.js';
import { meanPrecision } from '../../src/detect/average-precision.js';
import { detector, evaluateDetections } from '../../src/evaluate/evaluate-detections.js';
import { planModel } from '../../src/pipeline.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { compileLiteRt, reshapeTensor } from '../support/litert.mjs';
import { ROOT, readBytes, sharedPath } from '../support/paths.js';

interface Row {
  readonly model: string;
  readonly set: string;
  readonly preset: keyof typeof PRESETS;
  readonly mAP50: number;
  readonly toleranceInPoints: number;
}
const known = JSON.parse(readFileSync(`${ROOT}test/accuracy/known-accuracy.json`, 'utf8')) as {
  detectors: Row[];
};
const host = createNodeHost();

describe.each(known.detectors)('$model on $set', ({ model, set, preset, mAP50, toleranceInPoints }) => {
  const modelPath = sharedPath(`models/${model}.tflite`);
  const folder = sharedPath(`images/${set}`);
  const absent = modelPath === undefined || folder === undefined;
  const why = absent ? ' (skipped: data collection absent)' : '';
  it.skipIf(absent)(`reaches mAP50 ${mAP50} % within ${toleranceInPoints} points${why}`, async () => {
    const { plan } = await planModel(host, modelPath!, { mode: 'single' });
    const samples = await listDetectionSamples(host, folder!);
    const { n, classes } = await evaluateDetections({
      ...{ plan, samples, host, recipe: PRESETS[preset] },
      ...{ engine: 'wasm' as const, threads: 1 },
    });
    expect(n).toBe(64);
    expect(Math.abs(100 * meanPrecision(classes).map50 - mAP50)).toBeLessThanOrEqual(toleranceInPoints);
  });
});

const SSD = sharedPath('models/ssd_mobilenet_v1_coco_300_uint8.tflite');
const PICTURES = sharedPath('images/coco_val64');
/** Tensors of boxes, classes, scores and their number in the file. */
const SSD_OUTPUTS = [167, 168, 169, 170];
const ABSENT = SSD === undefined || PICTURES === undefined;

it.skipIf(ABSENT)(
  'SSD boxes are those of LiteRT.js, four pictures, mode xnnpack (needs the shared data)',
  async () => {
    const { plan } = await planModel(host, SSD!, { mode: 'xnnpack' });
    const network = await createWasmEngine().load(plan);
    // As they stand in the file: classes of the network, not of the data set.
    const identity = Array.from({ length: 90 }, (_, classId) => classId);
    const decode = detector({ plan, recipe: { ...PRESETS.stretch, detectionLabels: identity } });
    // The file leaves the shapes of the operator's outputs open.
    const shapes = [[1, 10, 4], [1, 10], [1, 10], [1]];
    const model = shapes.reduce((m, shape, i) => reshapeTensor(m, SSD_OUTPUTS[i]!, shape), readBytes(SSD!));
    const oracle = await compileLiteRt(model);
    for (const { path } of (await listDetectionSamples(host, PICTURES!)).slice(0, 4)) {
      const stored = await prepareInput(await host.readFile(path), path, inputSpec(plan), PRESETS.stretch);
      const [boxes, classes, scores] = (await oracle.run([stored.map((x) => x ^ 0x80)])).map(
        (bytes) => new Float32Array(bytes.buffer),
      );
      const found = decode(network.run([stored]));
      expect(found.length).toBe(10);
      found.forEach((detection, i) => {
        expect(detection.classId, `${path}, box ${i}`).toBe(classes![i]);
        expect(detection.score).toBeCloseTo(scores![i]!, 6);
        const [top, left, bottom, right] = boxes!.subarray(4 * i, 4 * i + 4);
        const expected = { top, left, bottom, right };
        for (const side of ['top', 'left', 'bottom', 'right'] as const)
          expect(detection[side], `${path}, box ${i}`).toBeCloseTo(expected[side]!, 5);
      });
    }
    oracle.delete();
  },
);
