import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import type { GraphNode } from '../../../src/ir/graph.js';
import { FIXTURES, readBytes, sharedPath } from '../../support/paths.js';
import {
  ACTIVATION,
  buildTflite,
  conv2dOptions,
  depthwiseOptions,
  type OperatorName,
  type OptionField,
  PADDING,
  poolOptions,
  type TensorSpec,
} from '../../support/tflite-builder.js';

const q = { scale: [0.5], zeroPoint: [3] };
const int8 = (name: string, shape: readonly number[], more: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  type: 'INT8',
  shape,
  ...q,
  ...more,
});
const int32 = (name: string, data: readonly number[]): TensorSpec => ({
  name,
  type: 'INT32',
  shape: [data.length],
  data,
});

function importOne(
  op: OperatorName,
  tensors: readonly TensorSpec[],
  options: readonly OptionField[] = [],
): GraphNode {
  const last = tensors.length - 1;
  const inputs = tensors.map((_, i) => i).slice(0, -1);
  const data = inputs.filter((i) => tensors[i]!.data === undefined);
  const bytes = buildTflite({
    tensors,
    operators: [{ op, inputs, outputs: [last], options }],
    inputs: data,
    outputs: [last],
  });
  return importModel(bytes, 'one.tflite').nodes[0]!;
}

const zeros = (n: number): number[] => new Array<number>(n).fill(0);

it('resolves SAME padding of a strided, dilated convolution to explicit padding, the odd element behind', () => {
  const node = importOne(
    'CONV_2D',
    [
      int8('x', [1, 10, 9, 2]),
      int8('w', [4, 3, 2, 2], { data: zeros(48) }),
      int32('b', zeros(4)),
      int8('y', [1, 5, 9, 4]),
    ],
    conv2dOptions({ padding: PADDING.same, stride: [2, 1], activation: ACTIVATION.relu6 }),
  );
  expect(node).toMatchObject({
    op: 'conv2d',
    activation: 'relu6',
    // Height: (5 − 1)·2 + 3 − 10 = 1 in all; width: (9 − 1)·1 + 2 − 9 = 1.
    window: { strideHeight: 2, strideWidth: 1, padding: { top: 0, bottom: 1, left: 0, right: 1 } },
  });
});

it('takes the depth multiplier of a depthwise convolution from the shapes', () => {
  const node = importOne(
    'DEPTHWISE_CONV_2D',
    [int8('x', [1, 4, 4, 3]), int8('w', [1, 3, 3, 6], { data: zeros(54) }), int8('y', [1, 2, 2, 6])],
    depthwiseOptions({ padding: PADDING.valid, multiplier: 0 }),
  );
  expect(node).toMatchObject({ op: 'depthwise_conv2d', depthMultiplier: 2, inputs: [0, 1, -1] });
});

it('reads pools, means, pads, transposes, concatenations, softmax and resize with their attributes', () => {
  const pool = poolOptions({ padding: PADDING.valid, stride: [2, 3], kernel: [4, 3], activation: 1 });
  expect(importOne('MAX_POOL_2D', [int8('x', [1, 8, 9, 2]), int8('y', [1, 3, 3, 2])], pool)).toMatchObject({
    op: 'max_pool2d',
    activation: 'relu',
    window: { kernelHeight: 4, kernelWidth: 3, strideHeight: 2, strideWidth: 3 },
  });
  expect(
    importOne(
      'MEAN',
      [int8('x', [1, 8, 9, 2]), int32('axes', [-2, 1, 1]), int8('y', [1, 2])],
      [[0, 'i8', 0]],
    ),
  ).toMatchObject({ op: 'mean', axes: [1, 2], keepDims: false });
  const paddings = { ...int32('p', [0, 0, 1, 2, 3, 4, 0, 0]), shape: [4, 2] };
  expect(importOne('PAD', [int8('x', [1, 2, 2, 2]), paddings, int8('y', [1, 5, 9, 2])])).toMatchObject({
    op: 'pad',
    before: [0, 1, 3, 0],
    after: [0, 2, 4, 0],
  });
  expect(
    importOne('TRANSPOSE', [int8('x', [1, 2, 3, 4]), int32('a', [0, 3, 1, 2]), int8('y', [1, 4, 2, 3])]),
  ).toMatchObject({ op: 'transpose', permutation: [0, 3, 1, 2] });
  const concat: readonly OptionField[] = [
    [0, 'i32', -1],
    [1, 'i8', 0],
  ];
  expect(
    importOne('CONCATENATION', [int8('a', [1, 2, 3]), int8('b', [1, 2, 4]), int8('y', [1, 2, 7])], concat),
  ).toMatchObject({ op: 'concatenation', axis: 2, inputs: [0, 1] });
  expect(importOne('SOFTMAX', [int8('x', [1, 5]), int8('y', [1, 5])], [[0, 'f32', 0.5]])).toMatchObject({
    op: 'softmax',
    beta: 0.5,
  });
  const resize: readonly OptionField[] = [
    [0, 'i8', 0],
    [1, 'i8', 1],
  ];
  expect(
    importOne(
      'RESIZE_NEAREST_NEIGHBOR',
      [int8('x', [1, 2, 2, 1]), int32('s', [4, 6]), int8('y', [1, 4, 6, 1])],
      resize,
    ),
  ).toMatchObject({ op: 'resize_nearest', alignCorners: false, halfPixelCenters: true });
});

it.each(['RESHAPE', 'SQUEEZE', 'EXPAND_DIMS'] as const)('reads %s as a reshape', (op) => {
  const second = op === 'SQUEEZE' ? [] : [int32('shape', [1])];
  const node = importOne(op, [int8('x', [1, 1, 6]), ...second, int8('y', [1, 6])]);
  expect(node).toMatchObject({ op: 'reshape', inputs: [0] });
});

it('re-centres uint8 tensors, constants and zero points by 128', () => {
  const bytes = buildTflite({
    tensors: [
      { name: 'x', type: 'UINT8', shape: [1, 2], scale: [0.1], zeroPoint: [128] },
      {
        name: 'w',
        type: 'UINT8',
        shape: [3, 2],
        scale: [0.2],
        zeroPoint: [100],
        data: [0, 1, 127, 128, 254, 255],
      },
      { name: 'y', type: 'UINT8', shape: [1, 3], scale: [0.3], zeroPoint: [0] },
    ],
    operators: [{ op: 'FULLY_CONNECTED', inputs: [0, 1], outputs: [2], options: [[0, 'i8', 0]] }],
    inputs: [0],
    outputs: [2],
  });
  const [x, w, y] = importModel(bytes, 'u8.tflite').tensors;
  expect([x, w, y].map((t) => t!.quantization!.zeroPoint[0])).toEqual([0, -28, -128]);
  expect(Array.from(w!.data!, Number)).toEqual([-128, -127, -1, 0, 126, 127]);
  expect([x!.dtype, x!.wasUint8]).toEqual(['int8', true]);
});

it('puts the axis of old converters where the scales are', () => {
  const bytes = buildTflite({
    tensors: [
      int8('x', [1, 2]),
      int8('w', [3, 2], { data: zeros(6), scale: [1, 2, 3], zeroPoint: [0, 0, 0], axis: 1 }),
      { ...int32('b', zeros(3)), scale: [1, 2, 3], zeroPoint: [0, 0, 0], axis: 3 },
      int8('y', [1, 3]),
    ],
    operators: [{ op: 'FULLY_CONNECTED', inputs: [0, 1, 2], outputs: [3], options: [[0, 'i8', 0]] }],
    inputs: [0],
    outputs: [3],
  });
  const { tensors } = importModel(bytes, 'odd.tflite');
  expect([tensors[1]!.quantization!.axis, tensors[2]!.quantization!.axis]).toEqual([0, 0]);
});

it('imports float models', () => {
  const float = (name: string): TensorSpec => ({ name, type: 'FLOAT32', shape: [1, 4] });
  const bytes = buildTflite({
    tensors: [float('a'), float('b'), float('c')],
    operators: [{ op: 'ADD', inputs: [0, 1], outputs: [2], options: [[0, 'i8', 0]] }],
    inputs: [0, 1],
    outputs: [2],
  });
  expect(importModel(bytes, 'float.tflite').tensors.map((t) => t.dtype)).toEqual([
    'float32',
    'float32',
    'float32',
  ]);
});

it('keeps its own copy of the constants', () => {
  const bytes = new Uint8Array(readFileSync(`${FIXTURES}kws/kws_dscnn_int8.tflite`));
  const graph = importModel(bytes, 'kws.tflite');
  const sum = () => graph.tensors.reduce((a, t) => a + (t.data?.length ? Number(t.data[0]) : 0), 0);
  const before = sum();
  bytes.fill(0);
  expect(sum()).toBe(before);
});

it('gives short unique layer names', () => {
  const { nodes } = importModel(readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`), 'kws.tflite');
  const names = nodes.map((node) => node.name);
  expect(names.slice(0, 2)).toEqual(['functional_1/activation', 'functional_1/activation_1']);
  expect(new Set(names).size).toBe(names.length);
  expect(Math.max(...names.map((name) => name.length))).toBeLessThan(55);
});

const ssd = sharedPath('models/ssd_mobilenet_v1_coco_300_uint8.tflite');
it.skipIf(ssd === undefined)(
  'takes the SSD with its post-processing as facts beside the network (skipped: data collection absent)',
  () => {
    const graph = importModel(readBytes(ssd!), 'ssd.tflite');
    expect(graph.postProcess).toBeDefined();
    expect(graph.nodes).toHaveLength(63);
  },
);
