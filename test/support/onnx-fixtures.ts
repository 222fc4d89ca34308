/** The small networks of test/fixtures/onnx, which fuzzing damages: random weights, most operators once. */
import { createRandom } from '../../src/support/random.js';
import type { AttributeSpec, NodeSpec, OnnxSpec, OnnxType, TensorSpec } from './onnx-encode.js';

const ints = (...values: readonly number[]): AttributeSpec => ({ ints: values });
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): NodeSpec => ({ op, inputs, outputs: [output], attributes, name: `${op}_${output}` });

/** Values of one decimal digit, alike on every machine. */
function createWeights(seed: number) {
  const random = createRandom(seed);
  return (name: string, ...dims: readonly number[]): TensorSpec => ({
    name,
    dims,
    data: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.integer(-9, 9) / 10),
  });
}
const integers = (name: string, ...data: readonly number[]): TensorSpec => ({
  name,
  dims: [data.length],
  type: 'int64',
  data,
});
const scalar = (name: string, value: number, type: OnnxType = 'float'): TensorSpec => ({
  name,
  dims: [],
  type,
  data: [value],
});

function tinyFloat(): OnnxSpec {
  const weights = createWeights(21);
  return {
    opset: 17,
    nodes: [
      node('Sub', ['image', 'mean'], 'centred'),
      node('Pad', ['centred', 'pads'], 'padded'),
      node('Conv', ['padded', 'w1', 'b1'], 'c1', { strides: ints(2, 2) }),
      node('BatchNormalization', ['c1', 's1', 's1', 's1', 'v1'], 'n1'),
      node('Clip', ['n1', 'zero', 'six'], 'r1'),
      node('Conv', ['r1', 'w2'], 'c2', { group: { int: 8 }, auto_pad: { text: 'SAME_UPPER' } }),
      node('HardSwish', ['c2'], 'h2'),
      node('Conv', ['h2', 'w3'], 'c3', { group: { int: 2 } }),
      node('Add', ['c3', 'r1'], 'a3'),
      node('Relu', ['a3'], 'r3'),
      node('GlobalAveragePool', ['r3'], 'p3'),
      node('Conv', ['p3', 'w4'], 'c4'),
      node('HardSigmoid', ['c4'], 'g4'),
      node('Mul', ['r3', 'g4'], 'm4'),
      node('MaxPool', ['m4'], 'p5', { kernel_shape: ints(2, 2), strides: ints(2, 2), ceil_mode: { int: 1 } }),
      node('Shape', ['p5'], 'shape5'),
      node('Slice', ['shape5', 'two', 'four'], 'size5'),
      node('Mul', ['size5', 'two'], 'size6'),
      node('Concat', ['front', 'size6'], 'sizes', { axis: { int: 0 } }),
      node('Resize', ['p5', '', '', 'sizes'], 'u6', {
        coordinate_transformation_mode: { text: 'asymmetric' },
        nearest_mode: { text: 'floor' },
      }),
      node('Concat', ['u6', 'm4'], 'k6', { axis: { int: 1 } }),
      node('AveragePool', ['k6'], 'p7', { kernel_shape: ints(2, 2), pads: ints(0, 1, 1, 0) }),
      node('LeakyRelu', ['p7'], 'l7'),
      node('Transpose', ['l7'], 't8', { perm: ints(0, 2, 3, 1) }),
      node('Reshape', ['t8', 'flat'], 'f8'),
      node('MatMul', ['f8', 'w8'], 'm8'),
      node('Add', ['m8', 'b8'], 'a8'),
      node('Dropout', ['a8'], 'd8'),
      node('Unsqueeze', ['d8', 'one'], 'q8'),
      node('Squeeze', ['q8', 'one'], 'z8'),
      node('Gemm', ['z8', 'w9', 'b9'], 'g9', { transB: { int: 1 } }),
      node('Sigmoid', ['g9'], 'y9'),
      node('Softmax', ['g9'], 'classes'),
      node('ReduceMean', ['k6'], 'features', { axes: ints(2, 3), keepdims: { int: 0 } }),
    ],
    constants: [
      ...[weights('mean', 3, 1, 1), weights('w1', 8, 3, 3, 3), weights('b1', 8), weights('s1', 8)],
      { name: 'v1', dims: [8], data: [1, 2, 3, 4, 0.5, 1.5, 2.5, 1] },
      ...[weights('w2', 8, 1, 3, 3), weights('w3', 8, 4, 1, 1), weights('w4', 8, 8, 1, 1)],
      ...[weights('w8', 576, 6), weights('b8', 6), weights('w9', 4, 6), weights('b9', 4)],
      ...[scalar('zero', 0), scalar('six', 6), integers('two', 2), integers('four', 4), integers('one', 1)],
      ...[integers('pads', 0, 0, 1, 1, 0, 0, 0, 0), integers('front', 1, 8), integers('flat', -1, 576)],
    ],
    inputs: [{ name: 'image', shape: ['batch', 3, 12, 12] }],
    outputs: [{ name: 'classes' }, { name: 'y9' }, { name: 'features' }],
  };
}

function tinyQuantized(): OnnxSpec {
  const weights = createWeights(22);
  const constants: TensorSpec[] = [];
  const nodes: NodeSpec[] = [];
  const pair = (value: string, scale: number, zero: number, type: OnnxType = 'uint8') => {
    constants.push(scalar(`${value}_s`, scale), scalar(`${value}_z`, zero, type));
    nodes.push(node('QuantizeLinear', [value, `${value}_s`, `${value}_z`], `${value}_q`));
    nodes.push(node('DequantizeLinear', [`${value}_q`, `${value}_s`, `${value}_z`], `${value}_d`));
    return `${value}_d`;
  };
  const stored = (name: string, type: OnnxType, scale: readonly number[], ...dims: readonly number[]) => {
    const { data } = weights(name, ...dims);
    constants.push({
      name: `${name}_i`,
      dims,
      type,
      data: Array.from(data, (value) => Math.round(value * 100)),
    });
    constants.push({ name: `${name}_s`, dims: [scale.length], data: scale });
    constants.push({ name: `${name}_z`, dims: [scale.length], type, data: scale.map(() => 0) });
    nodes.push(node('DequantizeLinear', [`${name}_i`, `${name}_s`, `${name}_z`], name, { axis: { int: 0 } }));
    return name;
  };
  const x = pair('image', 0.0625, 120);
  const c1 = [
    x,
    stored('w1', 'int8', [0.5, 0.25, 0.125, 0.5], 4, 3, 3, 3),
    stored('b1', 'int32', [0.03125], 4),
  ];
  nodes.push(node('Conv', c1, 'c1', { pads: ints(1, 1, 1, 1) }), node('Relu', ['c1'], 'r1'));
  const r1 = pair('r1', 0.25, 0);
  nodes.push(
    node('Conv', [r1, stored('w2', 'int8', [0.25], 4, 1, 3, 3)], 'c2', {
      group: { int: 4 },
      pads: ints(1, 1, 1, 1),
    }),
  );
  const c2 = pair('c2', 0.5, 128);
  nodes.push(node('Add', [r1, c2], 'a2'));
  const a2 = pair('a2', 0.75, 100);
  nodes.push(node('MaxPool', [a2], 'p2', { kernel_shape: ints(2, 2), strides: ints(2, 2) }));
  const p2 = pair('p2', 1, 90);
  nodes.push(node('Concat', [p2, p2], 'k2', { axis: { int: 1 } }));
  const k2 = pair('k2', 1, 90);
  nodes.push(node('GlobalAveragePool', [k2], 'g2'));
  const g2 = pair('g2', 0.5, 128);
  nodes.push(node('Flatten', [g2], 'f2'));
  nodes.push(
    node('Gemm', ['f2', stored('w3', 'int8', [0.125], 5, 8), stored('b3', 'int32', [0.0625], 5)], 'g3', {
      transB: { int: 1 },
    }),
  );
  const g3 = pair('g3', 0.5, 128);
  nodes.push(node('Softmax', [g3], 'classes'));
  return {
    opset: 13,
    nodes,
    constants,
    inputs: [{ name: 'image', shape: [1, 3, 8, 8] }],
    outputs: [{ name: 'classes' }],
  };
}

export const ONNX_FIXTURES: Readonly<Record<string, () => OnnxSpec>> = {
  'tiny_float.onnx': tinyFloat,
  'tiny_quantized.onnx': tinyQuantized,
};
