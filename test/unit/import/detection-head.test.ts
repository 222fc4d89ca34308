/** TFLite_Detection_PostProcess: options written by the official FlexBuffers writer become the graph's data. */
import { encode } from 'flatbuffers/js/flexbuffers.js';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import { readFlexMap } from '../../../src/import/tflite/flexbuffer.js';
import { decodePlan, encodePlan } from '../../../src/ir/plan-file.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { createRandom } from '../../../src/support/random.js';
import { buildTflite, type TensorSpec } from '../../support/tflite-builder.js';

const OPTIONS = {
  max_detections: 10,
  max_classes_per_detection: 1,
  num_classes: 2,
  nms_score_threshold: 0.25,
  nms_iou_threshold: 0.5,
  use_regular_nms: true,
  y_scale: 10.5,
  x_scale: 10.5,
  h_scale: 5.5,
  w_scale: 5.5,
};

describe('FlexBuffers maps', () => {
  it('gives every scalar by name, booleans as 0 and 1', () => {
    const map = readFlexMap(encode({ ...OPTIONS, note: 'text', big: 70000, low: -3, no: false }));
    expect(Object.fromEntries(map!)).toEqual({
      ...OPTIONS,
      use_regular_nms: 1,
      big: 70000,
      low: -3,
      no: 0,
    });
  });

  it('is no map, or says so: truncated and damaged bytes never throw', () => {
    const whole = encode(OPTIONS);
    expect(readFlexMap(new Uint8Array(0))).toBeUndefined();
    expect(readFlexMap(encode([1, 2, 3]))).toBeUndefined();
    const random = createRandom(5);
    for (let i = 0; i < 3000; i++) {
      const damaged = whole.slice(0, random.integer(0, whole.length));
      for (let flips = 0; flips < 3 && damaged.length > 0; flips++)
        damaged[random.integer(0, damaged.length - 1)] = random.integer(0, 255);
      expect(readFlexMap(damaged)?.size ?? 0).toBeLessThanOrEqual(64);
    }
  });
});

const q = { scale: [0.5], zeroPoint: [128] };
const uint8 = (name: string, shape: readonly number[], more: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  type: 'UINT8',
  shape,
  ...q,
  ...more,
});

/** Boxes straight from the input, scores by a logistic; two anchors. */
function model(customOptions: Uint8Array, anchors: Partial<TensorSpec> = {}): Uint8Array {
  return buildTflite({
    tensors: [
      uint8('boxes_in', [1, 1, 2, 4]),
      uint8('logits', [1, 2, 3]),
      uint8('boxes', [1, 2, 4]),
      uint8('scores', [1, 2, 3], { scale: [1 / 256], zeroPoint: [0] }),
      uint8('anchors', [2, 4], { data: [128, 129, 130, 131, 132, 133, 134, 135], ...anchors }),
      { name: 'found', type: 'FLOAT32', shape: [1, 10, 4] },
    ],
    operators: [
      { op: 'SQUEEZE', inputs: [0], outputs: [2] },
      { op: 'LOGISTIC', inputs: [1], outputs: [3] },
      {
        op: 'CUSTOM',
        inputs: [2, 3, 4],
        outputs: [5],
        customCode: 'TFLite_Detection_PostProcess',
        customOptions,
      },
    ],
    inputs: [0, 1],
    outputs: [5],
  });
}

describe('the operator', () => {
  it('ends the network in boxes and scores, and is data', () => {
    const graph = importModel(model(encode(OPTIONS)), 'd.tflite');
    expect(graph.outputs.map((id) => graph.tensors[id]!.name)).toEqual(['boxes', 'scores']);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['reshape', 'logistic']);
    expect(graph.postProcess).toEqual({
      kind: 'ssd',
      classes: 2,
      maxDetections: 10,
      maxClassesPerDetection: 1,
      detectionsPerClass: 100,
      regularNms: true,
      scoreThreshold: 0.25,
      iouThreshold: 0.5,
      boxScale: { y: 10.5, x: 10.5, h: 5.5, w: 5.5 },
      anchors: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
    });
  });

  it('goes with the plan into its file and back', () => {
    const plan = lowerToPlan(importModel(model(encode(OPTIONS)), 'd.tflite'), { mode: 'tflm' });
    const { json, weights } = encodePlan(plan);
    const back = decodePlan(json, weights, 'd.plan.json');
    expect(back).toEqual(plan);
    const { offset, length } = back.postProcess!.anchors;
    expect(new Float32Array(back.weights.slice(offset, offset + length).buffer)[7]).toBe(3.5);
  });

  it.each([
    [{ ...OPTIONS, num_classes: 7 }, {}, 'its options contradict its tensors'],
    [{ ...OPTIONS, h_scale: undefined }, {}, 'its option h_scale is missing'],
    [OPTIONS, { data: undefined }, 'its anchors are not constants, four numbers each'],
    [[1], {}, 'its options are not readable'],
  ])('is refused by name where it makes no sense %#', (options, anchors, reason) => {
    const given = Array.isArray(options)
      ? options
      : Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    expect(() => importModel(model(encode(given), anchors as Partial<TensorSpec>), 'd.tflite')).toThrow(
      `d.tflite: 1 unsupported operator(s): TFLite_Detection_PostProcess (operator 2): ${reason}`,
    );
  });
});
