/** Networks that cannot be lowered, each with its exact message. */
import { expect, it } from 'vitest';
import { importModel } from '../../src/import/index.js';
import { lowerToPlan } from '../../src/lower/lower.js';
import { QuantmcuError } from '../../src/support/errors.js';
import {
  buildTflite,
  conv2dOptions,
  type ModelSpec,
  PADDING,
  poolOptions,
  type TensorSpec,
} from '../support/tflite-builder.js';

const int8 = (name: string, shape: readonly number[], more: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  type: 'INT8',
  shape,
  scale: [0.5],
  zeroPoint: [3],
  ...more,
});

function failure(spec: ModelSpec): QuantmcuError {
  const graph = importModel(buildTflite(spec), 'm.tflite');
  try {
    lowerToPlan(graph, { mode: 'tflm' });
  } catch (error) {
    if (error instanceof QuantmcuError) return error;
    throw error;
  }
  throw new Error('the network was lowered');
}

const one = (
  op: ModelSpec['operators'][number]['op'],
  tensors: readonly TensorSpec[],
  options: ModelSpec['operators'][number]['options'] = [],
): ModelSpec => {
  const ids = tensors.map((_, i) => i);
  return {
    tensors,
    operators: [{ op, inputs: ids.slice(0, -1), outputs: ids.slice(-1), options }],
    inputs: ids.slice(0, -1).filter((i) => tensors[i]!.data === undefined),
    outputs: ids.slice(-1),
  };
};

it('a float network', () => {
  const float = (name: string): TensorSpec => ({ name, type: 'FLOAT32', shape: [1, 4] });
  const error = failure(one('RELU', [float('x'), float('y')]));
  expect(error.message).toBe(
    'm.tflite: input x is float32 without a QUANTIZE or DEQUANTIZE step. ' +
      'Only 8-bit quantised networks can be lowered as they are; quantise the model first.',
  );
  expect([error.kind, error.code]).toEqual(['unsupported', 'lower/not-quantised']);
});

it('a batch of two', () => {
  expect(failure(one('RELU', [int8('x', [2, 4]), int8('y', [2, 4])])).message).toBe(
    'm.tflite: input x has batch size 2; found [2, 4]. Export the network with batch size 1.',
  );
});

it('an accumulator that may overflow, with layer and channel', () => {
  const bias: TensorSpec = { name: 'b', type: 'INT32', shape: [2], data: [0, 2 ** 31 - 1] };
  const weights = int8('w', [2, 1, 1, 1], { data: [1, 1], zeroPoint: [0] });
  const tensors = [int8('x', [1, 1, 1, 1]), weights, bias, int8('conv_out', [1, 1, 1, 2])];
  const error = failure(one('CONV_2D', tensors, conv2dOptions({ padding: PADDING.valid })));
  expect(error.message).toBe(
    'm.tflite, layer conv_out: conv2d: the accumulator of output channel 1 may overflow 32 bits; ' +
      'found 2147483778; expected below 2^31',
  );
  expect(error.kind).toBe('limit');
});

it('a left shift that may overflow', () => {
  const error = failure(
    one('RELU', [int8('x', [1, 4], { scale: [1e9] }), int8('y', [1, 4], { scale: [1e-3] })]),
  );
  expect(error.message).toMatch(
    /^m\.tflite, layer y: relu: the scaled value may overflow 32 bits; found \d+; expected below 2\^31$/,
  );
  expect(error.kind).toBe('limit');
});

it('a pool between different scales', () => {
  const options = poolOptions({ padding: PADDING.valid, stride: [1, 1], kernel: [2, 2] });
  const tensors = [int8('x', [1, 2, 2, 1]), int8('y', [1, 1, 1, 1], { scale: [0.25] })];
  expect(failure(one('MAX_POOL_2D', tensors, options)).message).toBe(
    'm.tflite, layer y: max_pool2d: input and output have different scales or zero points, which its TFLM kernel does ' +
      'not allow. Quantise the network again with a current converter.',
  );
});

it('grouped convolutions, partial broadcasts, several rows', () => {
  const conv = [
    int8('x', [1, 1, 1, 4]),
    int8('w', [2, 1, 1, 2], { data: [1, 1, 1, 1], zeroPoint: [0] }),
    int8('y', [1, 1, 1, 2]),
  ];
  expect(failure(one('CONV_2D', conv, conv2dOptions({ padding: PADDING.valid }))).message).toBe(
    'm.tflite, layer y: conv2d: grouped convolution with 2 groups of 2 channels',
  );
  const add = [int8('a', [1, 2, 3, 4]), int8('b', [1, 2, 1, 4]), int8('y', [1, 2, 3, 4])];
  expect(failure(one('ADD', add, [[0, 'i8', 0]])).message).toBe(
    'm.tflite, layer y: add: an operand of shape [2, 1, 4] is broadcast along some axes only',
  );
  const rows = [
    int8('x', [1, 6]),
    int8('w', [2, 3], { data: [1, 1, 1, 1, 1, 1], zeroPoint: [0] }),
    int8('y', [2, 2]),
  ];
  expect(failure(one('FULLY_CONNECTED', rows, [[0, 'i8', 0]])).message).toBe(
    'm.tflite, layer y: fully_connected: several rows at once (output [2, 2]). Export the network with batch size 1.',
  );
});

it('a softmax whose output scale is not 1/256', () => {
  expect(failure(one('SOFTMAX', [int8('x', [1, 4]), int8('y', [1, 4])], [[0, 'f32', 1]])).message).toBe(
    'm.tflite, layer y: softmax: output has scale 0.5 and zero point 3; only 1/256 and the lowest value are defined',
  );
});
