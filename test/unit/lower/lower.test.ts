import { expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import type { DeployPlan, DepthwiseConv2dStep, Step } from '../../../src/ir/deploy-plan.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { FIXTURES, readBytes, sharedPath } from '../../support/paths.js';
import {
  buildTflite,
  conv2dOptions,
  type ModelSpec,
  type OperatorSpec,
  PADDING,
  type TensorSpec,
} from '../../support/tflite-builder.js';

const int8 = (name: string, shape: readonly number[], more: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  type: 'INT8',
  shape,
  scale: [0.5],
  zeroPoint: [3],
  ...more,
});
const float = (name: string, shape: readonly number[]): TensorSpec => ({ name, type: 'FLOAT32', shape });
const lower = (spec: ModelSpec, mode: 'tflm' | 'single' = 'tflm'): DeployPlan =>
  lowerToPlan(importModel(buildTflite(spec), 'm.tflite'), { mode });
const relu = (input: number, output: number): OperatorSpec => ({
  op: 'RELU',
  inputs: [input],
  outputs: [output],
});
const quantize = (input: number, output: number): OperatorSpec => ({
  op: 'QUANTIZE',
  inputs: [input],
  outputs: [output],
});
const ops = (plan: DeployPlan): string[] => plan.steps.map((step: Step) => step.op);

it('folds float edges into the ports', () => {
  const plan = lower({
    tensors: [float('in', [1, 4]), int8('q', [1, 4]), int8('r', [1, 4]), float('out', [1, 4])],
    operators: [quantize(0, 1), relu(1, 2), { op: 'DEQUANTIZE', inputs: [2], outputs: [3] }],
    inputs: [0],
    outputs: [3],
  });
  expect(ops(plan)).toEqual(['requantize']);
  expect(plan.inputs).toEqual([{ name: 'in', tensor: 0, dtype: 'float32' }]);
  expect(plan.outputs).toEqual([{ name: 'out', tensor: 1, dtype: 'float32' }]);
  expect(plan.tensors[0]).toMatchObject({ shape: [1, 1, 4], scale: 0.5, zeroPoint: 3, bits: 8 });
});

it('folds a QUANTIZE from uint8 that only moves the zero point, and keeps one that rescales', () => {
  const model = (scale: number): ModelSpec => ({
    tensors: [
      { name: 'in', type: 'UINT8', shape: [1, 4], scale: [0.5], zeroPoint: [131] },
      int8('q', [1, 4], { scale: [scale] }),
      int8('r', [1, 4]),
    ],
    operators: [quantize(0, 1), relu(1, 2)],
    inputs: [0],
    outputs: [2],
  });
  expect(ops(lower(model(0.5)))).toEqual(['requantize']);
  expect(ops(lower(model(0.25)))).toEqual(['requantize', 'requantize']);
  expect(lower(model(0.5)).inputs[0]).toMatchObject({ dtype: 'uint8', tensor: 0 });
});

it('makes a depthwise convolution of groups with one channel, weights transposed', () => {
  const plan = lower({
    tensors: [
      int8('x', [1, 2, 2, 3]),
      int8('w', [3, 1, 2, 1], { data: [1, 2, 3, 4, 5, 6], zeroPoint: [0] }),
      int8('y', [1, 2, 1, 3]),
    ],
    operators: [
      { op: 'CONV_2D', inputs: [0, 1], outputs: [2], options: conv2dOptions({ padding: PADDING.valid }) },
    ],
    inputs: [0],
    outputs: [2],
  });
  const step = plan.steps[0] as DepthwiseConv2dStep;
  expect(step.op).toBe('depthwise_conv2d');
  const { offset, length } = step.weights;
  expect([...plan.weights.subarray(offset, offset + length)]).toEqual([1, 3, 5, 2, 4, 6]);
});

it('the modes differ only in their name where no constant depends on them', () => {
  const bytes = readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`);
  const graph = importModel(bytes, 'kws.tflite');
  const [two, one] = [lowerToPlan(graph, { mode: 'tflm' }), lowerToPlan(graph, { mode: 'single' })];
  expect({ ...one, requantization: 'tflm', weights: 0 }).toEqual({ ...two, weights: 0 });
  expect(Buffer.compare(one.weights, two.weights)).toBe(0);
});

const vww = sharedPath('models/vww_96_int8.tflite');
it.skipIf(vww === undefined)(
  'keeps dead channels: bias −2^30, right shift 31 (skipped: data collection absent)',
  () => {
    const plan = lowerToPlan(importModel(readBytes(vww!), 'vww.tflite'), { mode: 'tflm' });
    const view = new DataView(plan.weights.buffer);
    let dead = 0;
    for (const step of plan.steps) {
      if (!('bias' in step)) continue;
      for (let c = 0; c < step.shift.length; c++) {
        const bias = view.getInt32(step.bias.offset + 4 * c, true);
        if (bias === -(2 ** 30) && view.getInt8(step.shift.offset + c) === -31) dead++;
      }
    }
    expect(dead).toBeGreaterThan(0);
  },
);
