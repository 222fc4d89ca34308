/**
 * Every operator that the ONNX importer reads, on small models, against ONNX Runtime. Long, because the cases are one list:
 * what is missing from it shows.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/support/random.js';
import { expectSameAsRuntime, opsOf } from '../../../support/onnx-compare.js';
import type { AttributeSpec, NodeSpec, OnnxSpec, TensorSpec } from '../../../support/onnx-encode.js';

const random = createRandom(7);
const weights = (name: string, ...dims: readonly number[]): TensorSpec => ({
  name,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal()),
});
const integers = (name: string, data: readonly number[]): TensorSpec => ({
  name,
  dims: [data.length],
  type: 'int64',
  data,
});
const scalar = (name: string, value: number): TensorSpec => ({ name, dims: [], data: [value] });
const ints = (...values: readonly number[]): AttributeSpec => ({ ints: values });

/** A chain: each node reads the one before it, then `more`. */
interface Link {
  readonly op: string;
  readonly more?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}
function chain(
  shape: readonly number[],
  links: readonly Link[],
  constants: readonly TensorSpec[] = [],
  opset = 17,
): OnnxSpec {
  const nodes = links.map(
    ({ op, more = [], attributes }, i): NodeSpec => ({
      op,
      inputs: [i === 0 ? 'x' : `v${i}`, ...more],
      outputs: [i === links.length - 1 ? 'y' : `v${i + 1}`],
      ...(attributes === undefined ? {} : { attributes }),
    }),
  );
  return { opset, nodes, constants, inputs: [{ name: 'x', shape }], outputs: [{ name: 'y' }] };
}

const IMAGE = [1, 4, 7, 9];

interface Case {
  readonly name: string;
  readonly spec: OnnxSpec;
  readonly ops: readonly string[];
}
const one = (
  name: string,
  link: Link,
  ops: readonly string[],
  constants: readonly TensorSpec[] = [],
  { shape = IMAGE, opset = 17 }: { shape?: readonly number[]; opset?: number } = {},
): Case => ({ name, spec: chain(shape, [link], constants, opset), ops });

const CASES: readonly Case[] = [
  one('Conv', { op: 'Conv', more: ['w', 'b'] }, ['conv2d'], [weights('w', 5, 4, 3, 2), weights('b', 5)]),
  one(
    'Conv with asymmetric pads, strides and dilations',
    {
      op: 'Conv',
      more: ['w'],
      attributes: { pads: ints(1, 0, 2, 3), strides: ints(2, 1), dilations: ints(1, 2) },
    },
    ['conv2d'],
    [weights('w', 5, 4, 3, 3)],
  ),
  ...(['SAME_UPPER', 'SAME_LOWER', 'VALID'] as const).map((text) =>
    one(
      `Conv with auto_pad ${text}`,
      { op: 'Conv', more: ['w'], attributes: { auto_pad: { text }, strides: ints(2, 2) } },
      ['conv2d'],
      [weights('w', 3, 4, 4, 4)],
    ),
  ),
  one(
    'Conv with pads beyond its kernel',
    { op: 'Conv', more: ['w'], attributes: { pads: ints(1, 2, 1, 2) } },
    ['pad', 'conv2d'],
    [weights('w', 3, 4, 1, 1)],
  ),
  one(
    'depthwise Conv',
    { op: 'Conv', more: ['w', 'b'], attributes: { group: { int: 4 }, pads: ints(1, 1, 1, 1) } },
    ['depthwise_conv2d'],
    [weights('w', 4, 1, 3, 3), weights('b', 4)],
  ),
  one(
    'depthwise Conv with a multiplier',
    { op: 'Conv', more: ['w'], attributes: { group: { int: 4 } } },
    ['depthwise_conv2d'],
    [weights('w', 12, 1, 3, 2)],
  ),
  one(
    'grouped Conv',
    { op: 'Conv', more: ['w', 'b'], attributes: { group: { int: 2 } } },
    ['conv2d'],
    [weights('w', 6, 2, 3, 3), weights('b', 6)],
  ),
  one(
    'Conv of a sequence',
    { op: 'Conv', more: ['w'], attributes: { pads: ints(2, 1), strides: ints(2) } },
    ['transpose', 'reshape', 'conv2d', 'reshape', 'transpose'],
    [weights('w', 5, 3, 4)],
    { shape: [1, 3, 11] },
  ),
  one(
    'MaxPool',
    {
      op: 'MaxPool',
      attributes: { kernel_shape: ints(3, 2), strides: ints(2, 2), pads: ints(1, 0, 1, 1) },
    },
    ['max_pool2d'],
  ),
  one(
    'MaxPool with ceil_mode',
    { op: 'MaxPool', attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2), ceil_mode: { int: 1 } } },
    ['max_pool2d'],
  ),
  one(
    'AveragePool without padding in the count',
    {
      op: 'AveragePool',
      attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) },
    },
    ['average_pool2d'],
  ),
  one(
    'AveragePool with padding in the count',
    {
      op: 'AveragePool',
      attributes: {
        kernel_shape: ints(3, 3),
        strides: ints(2, 2),
        pads: ints(1, 1, 1, 1),
        count_include_pad: { int: 1 },
      },
    },
    ['pad', 'average_pool2d'],
  ),
  one(
    'AveragePool with SAME_UPPER',
    { op: 'AveragePool', attributes: { kernel_shape: ints(2, 2), auto_pad: { text: 'SAME_UPPER' } } },
    ['average_pool2d'],
  ),
  one('GlobalAveragePool', { op: 'GlobalAveragePool' }, ['mean']),
  one('GlobalMaxPool', { op: 'GlobalMaxPool' }, ['max_pool2d']),
  one(
    'ReduceMean over height and width',
    { op: 'ReduceMean', attributes: { axes: ints(2, 3), keepdims: { int: 0 } } },
    ['mean'],
    [],
    { opset: 13 },
  ),
  one('ReduceMean over channels', { op: 'ReduceMean', more: ['axes'] }, ['mean'], [integers('axes', [1])], {
    opset: 18,
  }),
  one(
    'BatchNormalization alone',
    { op: 'BatchNormalization', more: ['s', 'b', 'm', 'v'] },
    ['depthwise_conv2d'],
    [weights('s', 4), weights('b', 4), weights('m', 4), { name: 'v', dims: [4], data: [0.5, 1, 2, 3] }],
  ),
  one('Relu', { op: 'Relu' }, ['relu']),
  one('Clip 0…6', { op: 'Clip', more: ['lo', 'hi'] }, ['relu6'], [scalar('lo', 0), scalar('hi', 6)]),
  one('Clip', { op: 'Clip', more: ['lo', 'hi'] }, ['clip'], [scalar('lo', -0.5), scalar('hi', 1.25)]),
  one('Clip without an upper bound', { op: 'Clip', more: ['lo'] }, ['clip'], [scalar('lo', -1)]),
  one('Min', { op: 'Min', more: ['hi'] }, ['clip'], [scalar('hi', 0.5)]),
  one('Max', { op: 'Max', more: ['lo'] }, ['clip'], [scalar('lo', 0.5)]),
  one('LeakyRelu', { op: 'LeakyRelu', attributes: { alpha: { float: 0.2 } } }, ['leaky_relu']),
  one('HardSwish', { op: 'HardSwish' }, ['hard_swish']),
  one('HardSigmoid', { op: 'HardSigmoid', attributes: { alpha: { float: 0.3 } } }, ['hard_sigmoid']),
  one('Sigmoid', { op: 'Sigmoid' }, ['logistic']),
  one('Softmax over channels', { op: 'Softmax', attributes: { axis: { int: 1 } } }, ['softmax']),
  one('Softmax over width', { op: 'Softmax' }, ['transpose', 'softmax']),
  one('Softmax of opset 11, over everything', { op: 'Softmax' }, ['softmax'], [], {
    shape: [1, 10],
    opset: 11,
  }),
  one('Add of a value per channel', { op: 'Add', more: ['c'] }, ['add'], [weights('c', 4, 1, 1)]),
  one('Add of a scalar', { op: 'Add', more: ['c'] }, ['add'], [scalar('c', 3)]),
  one('Sub of a value per channel', { op: 'Sub', more: ['c'] }, ['sub'], [weights('c', 1, 4, 1, 1)]),
  one('Mul by a map', { op: 'Mul', more: ['c'] }, ['mul'], [weights('c', 1, 1, 7, 9)]),
  one(
    'Div by a value per channel',
    { op: 'Div', more: ['c'] },
    ['mul'],
    [{ name: 'c', dims: [4, 1, 1], data: [0.5, 2, -3, 0.25] }],
  ),
  one('Neg', { op: 'Neg' }, ['mul']),
  one('Pad', { op: 'Pad', more: ['p'] }, ['pad'], [integers('p', [0, 1, 2, 0, 0, 0, 1, 3])]),
  one(
    'Resize by scales, half pixel',
    { op: 'Resize', more: ['', 's'] },
    ['resize_nearest'],
    [{ name: 's', dims: [4], data: [1, 1, 2, 2] }],
  ),
  one(
    'Resize by scales, asymmetric and floor',
    {
      op: 'Resize',
      more: ['', 's'],
      attributes: { coordinate_transformation_mode: { text: 'asymmetric' }, nearest_mode: { text: 'floor' } },
    },
    ['resize_nearest'],
    [{ name: 's', dims: [4], data: [1, 1, 2, 3] }],
  ),
  one(
    'Resize to sizes',
    {
      op: 'Resize',
      more: ['', '', 'n'],
      attributes: { coordinate_transformation_mode: { text: 'asymmetric' }, nearest_mode: { text: 'floor' } },
    },
    ['resize_nearest'],
    [integers('n', [1, 4, 11, 18])],
  ),
  one('Gemm', { op: 'Gemm', more: ['w', 'b'] }, ['fully_connected'], [weights('w', 12, 5), weights('b', 5)], {
    shape: [1, 12],
  }),
  one(
    'Gemm with transposed weights, alpha and beta',
    {
      op: 'Gemm',
      more: ['w', 'b'],
      attributes: { transB: { int: 1 }, alpha: { float: 0.5 }, beta: { float: 2 } },
    },
    ['fully_connected'],
    [weights('w', 5, 12), weights('b', 1, 5)],
    { shape: [1, 12] },
  ),
  one('MatMul', { op: 'MatMul', more: ['w'] }, ['fully_connected'], [weights('w', 12, 5)], {
    shape: [1, 12],
  }),
  one(
    'MatMul of several rows',
    { op: 'MatMul', more: ['w'] },
    ['reshape', 'conv2d', 'reshape'],
    [weights('w', 12, 5)],
    {
      shape: [1, 3, 12],
    },
  ),
  one('Transpose to NHWC is free', { op: 'Transpose', attributes: { perm: ints(0, 2, 3, 1) } }, []),
  one('Transpose of a matrix', { op: 'Transpose', attributes: { perm: ints(0, 2, 1) } }, ['transpose'], [], {
    shape: [1, 3, 5],
  }),
];

describe('one operator', () => {
  it.each(CASES)('$name', async ({ spec, ops }) => {
    const graph = await expectSameAsRuntime(spec);
    expect(opsOf(graph)).toEqual(ops);
  });
});

describe('two values', () => {
  const pair = (op: string, ...shapes: readonly (readonly number[])[]): OnnxSpec => ({
    nodes: [
      { op: 'Relu', inputs: ['a'], outputs: ['r'] },
      { op, inputs: ['r', 'b'], outputs: ['y'], attributes: op === 'Concat' ? { axis: { int: 1 } } : {} },
    ],
    inputs: shapes.map((shape, i) => ({ name: 'ab'[i]!, shape })),
    outputs: [{ name: 'y' }],
  });
  it.each([
    ['Add', IMAGE, IMAGE],
    ['Mul', IMAGE, [1, 4, 1, 1]],
    ['Sub', IMAGE, IMAGE],
    ['Concat', IMAGE, [1, 3, 7, 9]],
  ] as const)('%s', async (op, a, b) => {
    await expectSameAsRuntime(pair(op, a, b));
  });
});

describe('layout', () => {
  const conv = (name: string): Link => ({ op: 'Conv', more: [name] });
  it('flattening into Gemm permutes the weights instead of the map', async () => {
    const spec = chain(
      IMAGE,
      [conv('w'), { op: 'Flatten' }, { op: 'Gemm', more: ['m'] }],
      [weights('w', 3, 4, 3, 3), weights('m', 3 * 5 * 7, 6)],
    );
    expect(opsOf(await expectSameAsRuntime(spec))).toEqual(['conv2d', 'reshape', 'fully_connected']);
  });
  it('transposes of a network converted from NHWC cancel out', async () => {
    const spec = chain(
      [1, 7, 9, 4],
      [
        { op: 'Transpose', attributes: { perm: ints(0, 3, 1, 2) } },
        conv('w'),
        { op: 'Relu' },
        { op: 'Transpose', attributes: { perm: ints(0, 2, 3, 1) } },
        { op: 'Add', more: ['c'] },
        { op: 'Reshape', more: ['s'] },
        { op: 'MatMul', more: ['m'] },
      ],
      [weights('w', 3, 4, 3, 3), weights('c', 3), integers('s', [-1, 105]), weights('m', 105, 4)],
    );
    expect(opsOf(await expectSameAsRuntime(spec))).toEqual(['conv2d', 'add', 'reshape', 'fully_connected']);
  });
  it('a detection head, flattened per position, needs no transpose', async () => {
    const spec = chain(
      IMAGE,
      [
        conv('w'),
        { op: 'Reshape', more: ['s'] },
        { op: 'Transpose', attributes: { perm: ints(0, 2, 1) } },
        { op: 'Sigmoid' },
      ],
      [weights('w', 6, 4, 1, 1), integers('s', [1, 6, -1])],
    );
    expect(opsOf(await expectSameAsRuntime(spec))).toEqual(['conv2d', 'logistic', 'reshape']);
  });
  it('a channel shuffle stays correct', async () => {
    const spec = chain(
      IMAGE,
      [
        conv('w'),
        { op: 'Reshape', more: ['s'] },
        { op: 'Transpose', attributes: { perm: ints(0, 2, 1, 3, 4) } },
        { op: 'Reshape', more: ['t'] },
        conv('v'),
      ],
      [
        weights('w', 6, 4, 1, 1),
        integers('s', [1, 2, 3, 7, 9]),
        integers('t', [1, 6, 7, 9]),
        weights('v', 2, 6, 3, 3),
      ],
    );
    expect(opsOf(await expectSameAsRuntime(spec)).filter((op) => op === 'transpose')).toHaveLength(1);
  });
  it('an output that ONNX flattens stays in ONNX order', async () => {
    const spec = chain(IMAGE, [conv('w'), { op: 'Flatten' }], [weights('w', 3, 4, 1, 1)]);
    expect(opsOf(await expectSameAsRuntime(spec))).toContain('transpose');
  });
  it('reshapes that cut across memory go through a copy', async () => {
    const spec = chain(
      IMAGE,
      [conv('w'), { op: 'Reshape', more: ['s'] }, { op: 'Relu' }, { op: 'MatMul', more: ['m'] }],
      [weights('w', 5, 4, 1, 1), integers('s', [1, 21, 15]), weights('m', 15, 4)],
    );
    await expectSameAsRuntime(spec);
  });
  it('squeezing and unsqueezing round a gate keeps it per channel', async () => {
    const spec: OnnxSpec = {
      nodes: [
        { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['p'] },
        { op: 'Flatten', inputs: ['p'], outputs: ['f'] },
        { op: 'Gemm', inputs: ['f', 'm'], outputs: ['g'] },
        { op: 'Sigmoid', inputs: ['g'], outputs: ['h'] },
        { op: 'Reshape', inputs: ['h', 's'], outputs: ['i'] },
        { op: 'Mul', inputs: ['x', 'i'], outputs: ['y'] },
      ],
      constants: [weights('m', 4, 4), integers('s', [1, 4, 1, 1])],
      inputs: [{ name: 'x', shape: IMAGE }],
      outputs: [{ name: 'y' }],
    };
    expect(opsOf(await expectSameAsRuntime(spec))).not.toContain('transpose');
  });
});

describe('fusion', () => {
  const bn: Link = { op: 'BatchNormalization', more: ['s', 'b', 'm', 'v'] };
  const bnConstants = (n: number): TensorSpec[] => [
    weights('s', n),
    weights('b', n),
    weights('m', n),
    { name: 'v', dims: [n], data: Array.from({ length: n }, (_, i) => 0.5 + i) },
  ];
  const six = [scalar('zero', 0), scalar('six', 6), scalar('three', 3)];
  it.each([
    [
      'Conv, BatchNormalization, Relu',
      [{ op: 'Conv', more: ['w'] }, bn, { op: 'Relu' }],
      weights('w', 5, 4, 3, 3),
      ['conv2d'],
      'relu',
    ],
    [
      'depthwise Conv, BatchNormalization, Clip',
      [
        { op: 'Conv', more: ['w'], attributes: { group: { int: 4 } } },
        { ...bn, more: ['s4', 'b4', 'm4', 'v4'] },
        { op: 'Clip', more: ['zero', 'six'] },
      ],
      weights('w', 4, 1, 3, 3),
      ['depthwise_conv2d'],
      'relu6',
    ],
    [
      'Conv, Relu, Min',
      [{ op: 'Conv', more: ['w'] }, { op: 'Relu' }, { op: 'Min', more: ['six'] }],
      weights('w', 5, 4, 3, 3),
      ['conv2d'],
      'relu6',
    ],
    [
      'Conv, Mul, Add',
      [
        { op: 'Conv', more: ['w'] },
        { op: 'Mul', more: ['six'] },
        { op: 'Add', more: ['three'] },
      ],
      weights('w', 5, 4, 3, 3),
      ['conv2d'],
      'none',
    ],
    [
      'Pad, Conv',
      [
        { op: 'Pad', more: ['pads'] },
        { op: 'Conv', more: ['w'], attributes: { strides: ints(2, 2) } },
      ],
      weights('w', 5, 4, 3, 3),
      ['conv2d'],
      'none',
    ],
  ] as const)('%s', async (_, links, w, ops, activation) => {
    const four = bnConstants(4).map((constant) => ({ ...constant, name: `${constant.name}4` }));
    const constants = [w, ...bnConstants(5), ...four, ...six, integers('pads', [0, 0, 0, 1, 0, 0, 1, 0])];
    const graph = await expectSameAsRuntime(chain(IMAGE, links, constants));
    expect(opsOf(graph)).toEqual(ops);
    expect(graph.nodes.map((node) => ('activation' in node ? node.activation : 'none'))).toEqual([
      activation,
    ]);
  });
  it('MatMul, Add, Relu', async () => {
    const graph = await expectSameAsRuntime(
      chain(
        [1, 12],
        [{ op: 'MatMul', more: ['w'] }, { op: 'Add', more: ['b'] }, { op: 'Relu' }],
        [weights('w', 12, 5), weights('b', 5)],
      ),
    );
    expect(graph.nodes).toMatchObject([{ op: 'fully_connected', activation: 'relu' }]);
    expect(graph.nodes[0]!.inputs[2]).toBeGreaterThanOrEqual(0);
  });
  it('a residual Add takes its Relu', async () => {
    const graph = await expectSameAsRuntime({
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] },
        { op: 'Add', inputs: ['x', 'c'], outputs: ['s'] },
        { op: 'Relu', inputs: ['s'], outputs: ['y'] },
      ],
      constants: [weights('w', 4, 4, 1, 1)],
      inputs: [{ name: 'x', shape: IMAGE }],
      outputs: [{ name: 'y' }],
    });
    expect(graph.nodes).toMatchObject([
      { op: 'conv2d', activation: 'none' },
      { op: 'add', activation: 'relu' },
    ]);
  });
  it('a value that is read twice keeps its own map', async () => {
    const graph = await expectSameAsRuntime({
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] },
        { op: 'Relu', inputs: ['c'], outputs: ['r'] },
        { op: 'Add', inputs: ['r', 'c'], outputs: ['y'] },
      ],
      constants: [weights('w', 4, 4, 1, 1)],
      inputs: [{ name: 'x', shape: IMAGE }],
      outputs: [{ name: 'y' }],
    });
    expect(opsOf(graph)).toEqual(['conv2d', 'relu', 'add']);
  });
  it.each([
    [
      'x · HardSigmoid(x)',
      [
        { op: 'HardSigmoid', inputs: ['x'], outputs: ['h'], attributes: { alpha: { float: 1 / 6 } } },
        { op: 'Mul', inputs: ['x', 'h'], outputs: ['y'] },
      ],
    ],
    [
      'x · relu6(x + 3) / 6',
      [
        { op: 'Add', inputs: ['x', 'three'], outputs: ['a'] },
        { op: 'Clip', inputs: ['a', 'zero', 'six'], outputs: ['c'] },
        { op: 'Mul', inputs: ['x', 'c'], outputs: ['m'] },
        { op: 'Div', inputs: ['m', 'six'], outputs: ['y'] },
      ],
    ],
    [
      'x · (relu6(x + 3) / 6)',
      [
        { op: 'Add', inputs: ['x', 'three'], outputs: ['a'] },
        { op: 'Clip', inputs: ['a', 'zero', 'six'], outputs: ['c'] },
        { op: 'Div', inputs: ['c', 'six'], outputs: ['m'] },
        { op: 'Mul', inputs: ['m', 'x'], outputs: ['y'] },
      ],
    ],
  ] as const)('hard swish as %s', async (_, nodes) => {
    const graph = await expectSameAsRuntime({
      nodes,
      constants: six,
      inputs: [{ name: 'x', shape: IMAGE }],
      outputs: [{ name: 'y' }],
    });
    expect(opsOf(graph)).toEqual(['hard_swish']);
  });
});

describe('shape arithmetic', () => {
  it('of a PyTorch view folds to constants', async () => {
    const graph = await expectSameAsRuntime({
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Constant', inputs: [], outputs: ['i'], attributes: { value_int: { int: 0 } } },
        { op: 'Gather', inputs: ['shape', 'i'], outputs: ['n'] },
        { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
        { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: { int: 0 } } },
        { op: 'Reshape', inputs: ['x', 'target'], outputs: ['f'] },
        { op: 'MatMul', inputs: ['f', 'w'], outputs: ['y'] },
      ],
      constants: [integers('axes', [0]), integers('rest', [-1]), weights('w', 252, 3)],
      inputs: [{ name: 'x', shape: ['batch', 4, 7, 9] }],
      outputs: [{ name: 'y' }],
    });
    expect(opsOf(graph)).toEqual(['reshape', 'fully_connected']);
  });
  it('of an upsampling to twice the size folds to constants', async () => {
    const graph = await expectSameAsRuntime({
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Slice', inputs: ['shape', 'two', 'four', 'zero'], outputs: ['hw'] },
        { op: 'Cast', inputs: ['hw'], outputs: ['hwf'], attributes: { to: { int: 1 } } },
        { op: 'Mul', inputs: ['hwf', 'factor'], outputs: ['hw2'] },
        { op: 'Floor', inputs: ['hw2'], outputs: ['hw3'] },
        { op: 'Cast', inputs: ['hw3'], outputs: ['hw4'], attributes: { to: { int: 7 } } },
        { op: 'Slice', inputs: ['shape', 'zero', 'two', 'zero'], outputs: ['nc'] },
        { op: 'Concat', inputs: ['nc', 'hw4'], outputs: ['sizes'], attributes: { axis: { int: 0 } } },
        {
          op: 'Resize',
          inputs: ['x', '', '', 'sizes'],
          outputs: ['y'],
          attributes: {
            coordinate_transformation_mode: { text: 'asymmetric' },
            nearest_mode: { text: 'floor' },
          },
        },
      ],
      constants: [
        integers('zero', [0]),
        integers('two', [2]),
        integers('four', [4]),
        { name: 'factor', dims: [2], data: [2, 2] },
      ],
      inputs: [{ name: 'x', shape: IMAGE }],
      outputs: [{ name: 'y' }],
    });
    expect(opsOf(graph)).toEqual(['resize_nearest']);
  });
  it('on weights folds too', async () => {
    const graph = await expectSameAsRuntime({
      nodes: [
        {
          op: 'ConstantOfShape',
          inputs: ['dims'],
          outputs: ['ones'],
          attributes: { value: { tensor: { name: '', dims: [1], data: [2] } } },
        },
        { op: 'Transpose', inputs: ['w'], outputs: ['wt'], attributes: { perm: ints(1, 0) } },
        { op: 'Expand', inputs: ['row', 'dims'], outputs: ['rows'] },
        { op: 'Mul', inputs: ['wt', 'ones'], outputs: ['w2'] },
        { op: 'Add', inputs: ['w2', 'rows'], outputs: ['w3'] },
        { op: 'Sub', inputs: ['w3', 'half'], outputs: ['w4'] },
        { op: 'Div', inputs: ['w4', 'half'], outputs: ['w5'] },
        { op: 'Sqrt', inputs: ['four'], outputs: ['two'] },
        { op: 'Where', inputs: ['yes', 'w5', 'two'], outputs: ['w6'] },
        { op: 'Identity', inputs: ['x'], outputs: ['x1'] },
        { op: 'Dropout', inputs: ['x1'], outputs: ['x2'] },
        { op: 'MatMul', inputs: ['x2', 'w6'], outputs: ['y'] },
      ],
      constants: [
        integers('dims', [12, 5]),
        weights('w', 5, 12),
        weights('row', 1, 5),
        scalar('half', 0.5),
        scalar('four', 4),
        { name: 'yes', dims: [12, 1], type: 'bool', data: [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0] },
      ],
      inputs: [{ name: 'x', shape: [1, 12] }],
      outputs: [{ name: 'y' }],
    });
    expect(opsOf(graph)).toEqual(['fully_connected']);
  });
  it.each(['raw', 'typed'] as const)('reads constants stored as %s', async (storage) => {
    await expectSameAsRuntime({
      nodes: [
        { op: 'Reshape', inputs: ['x', 's'], outputs: ['r'] },
        { op: 'MatMul', inputs: ['r', 'w'], outputs: ['m'] },
        { op: 'Cast', inputs: ['h'], outputs: ['h32'], attributes: { to: { int: 1 } } },
        { op: 'Mul', inputs: ['m', 'h32'], outputs: ['y'] },
      ],
      constants: [
        { ...integers('s', [-1, 12]), storage },
        { ...weights('w', 12, 5), storage },
        // 1, −2, 2^−24 (subnormal), 0.333, 65504
        { name: 'h', dims: [5], type: 'float16', data: [0x3c00, 0xc000, 0x0001, 0x3555, 0x7bff], storage },
      ],
      inputs: [{ name: 'x', shape: [1, 3, 4] }],
      outputs: [{ name: 'y' }],
    });
  });
});
