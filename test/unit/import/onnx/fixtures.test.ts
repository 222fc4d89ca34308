/** The small ONNX fixtures are what their generator writes, and what ONNX Runtime makes of them. */
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../src/import/index.js';
import { lowerToPlan } from '../../../../src/lower/lower.js';
import { expectSameAsRuntime } from '../../../support/onnx-compare.js';
import { encodeOnnx } from '../../../support/onnx-encode.js';
import { ONNX_FIXTURES } from '../../../support/onnx-fixtures.js';
import { FIXTURES, readBytes } from '../../../support/paths.js';

describe.each(Object.entries(ONNX_FIXTURES))('%s', (file, spec) => {
  const path = `${FIXTURES}onnx/${file}`;
  it('is up to date', () => {
    if (process.env.UPDATE_FIXTURES !== undefined) writeFileSync(path, encodeOnnx(spec()));
    expect(Buffer.from(readBytes(path)).equals(Buffer.from(encodeOnnx(spec())))).toBe(true);
  });
});

it('tiny_float.onnx computes what ONNX Runtime computes', async () => {
  const graph = await expectSameAsRuntime(ONNX_FIXTURES['tiny_float.onnx']!());
  expect(graph.nodes.length).toBeGreaterThan(20);
  expect(graph.nodes.map((node) => node.op)).not.toContain('transpose');
});

it('tiny_quantized.onnx lowers to a plan', () => {
  const path = `${FIXTURES}onnx/tiny_quantized.onnx`;
  const plan = lowerToPlan(importModel(readBytes(path), 'tiny_quantized.onnx'), { mode: 'tflm' });
  expect(plan.steps.map((step) => step.op)).toEqual([
    'conv2d',
    'depthwise_conv2d',
    'add',
    'max_pool2d',
    'requantize',
    'concatenation',
    'mean',
    'reshape',
    'fully_connected',
    'softmax',
  ]);
});
