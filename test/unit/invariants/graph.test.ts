/** Every invariant of the graph verifier is broken once, and named. */
import { expect, it } from 'vitest';
import { graphProblems } from '../../../src/invariants/graph.js';
import type { Graph, GraphNode, GraphTensor } from '../../../src/ir/graph.js';

const quantization = { scale: [0.5], zeroPoint: [0], axis: 0 };
const tensor = (
  id: number,
  name: string,
  shape: readonly number[],
  more: Partial<GraphTensor> = {},
): GraphTensor => ({
  id,
  name,
  shape,
  dtype: 'int8',
  quantization,
  ...more,
});
const window = {
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  padding: { top: 1, bottom: 1, left: 1, right: 1 },
};
const CONV: GraphNode = {
  op: 'conv2d',
  name: 'conv',
  inputs: [0, 1, -1],
  outputs: [2],
  window,
  activation: 'none',
};
const SOUND: Graph = {
  name: 'g',
  source: { format: 'memory' },
  tensors: [
    tensor(0, 'x', [1, 4, 4, 2]),
    tensor(1, 'w', [3, 3, 3, 2], { data: new Int8Array(54) }),
    tensor(2, 'y', [1, 4, 4, 3]),
    tensor(3, 'z', [1, 4, 4, 3]),
  ],
  nodes: [CONV, { op: 'relu', name: 'relu', inputs: [2], outputs: [3] }],
  inputs: [0],
  outputs: [3],
};
const withTensor = (id: number, change: Partial<GraphTensor>): Graph => ({
  ...SOUND,
  tensors: SOUND.tensors.map((t) => (t.id === id ? { ...t, ...change } : t)),
});
const withConv = (change: object): Graph => ({
  ...SOUND,
  nodes: [{ ...CONV, ...change } as GraphNode, SOUND.nodes[1]!],
});
const withSecond = (node: object, shape?: readonly number[]): Graph => ({
  ...(shape === undefined ? SOUND : withTensor(3, { shape })),
  nodes: [CONV, { name: 'second', inputs: [2], outputs: [3], ...node } as unknown as GraphNode],
});

it('passes a sound graph', () => {
  expect(graphProblems(SOUND)).toEqual([]);
});

const BROKEN: readonly (readonly [string, Graph, RegExp])[] = [
  ['tensor id', withTensor(2, { id: 9 }), /tensor 2 \(y\) has id 9/],
  ['data length', withTensor(1, { data: new Int8Array(5) }), /has 5 values for shape \[3, 3, 3, 2\]/],
  [
    'scales',
    withTensor(0, { quantization: { scale: [1, 2], zeroPoint: [0], axis: 0 } }),
    /2 scales and 1 zero/,
  ],
  [
    'scale axis',
    withTensor(1, { quantization: { scale: [1, 2], zeroPoint: [0, 0], axis: 1 } }),
    /along axis 1/,
  ],
  ['dimension', withTensor(2, { shape: [1, 0, 4, 3] }), /dimensions must be 1…65536/],
  ['layer names', { ...SOUND, nodes: [CONV, { ...SOUND.nodes[1]!, name: 'conv' }] }, /'conv' is not unique/],
  ['order', { ...SOUND, nodes: [SOUND.nodes[1]!, CONV] }, /relu \(relu\) reads tensor 2 before/],
  ['written twice', withSecond({ op: 'relu', outputs: [2] }), /writes tensor 2, which is already defined/],
  ['written constant', withSecond({ op: 'relu', outputs: [1] }), /writes tensor 1/],
  ['no input', { ...SOUND, inputs: [] }, /the network has no input/],
  ['constant input', { ...SOUND, inputs: [0, 1] }, /network input 1 is a constant/],
  ['no output', { ...SOUND, outputs: [] }, /the network has no output/],
  ['output', { ...SOUND, nodes: [CONV] }, /network output 3 \(z\) is not computed/],
  ['two outputs', withSecond({ op: 'relu', outputs: [3, 1] }), /writes tensor 1/],
  [
    'constant weights',
    { ...SOUND, inputs: [0, 1], tensors: SOUND.tensors.map(({ data: _, ...t }) => t) },
    /weights are not constant/,
  ],
  [
    'bias length',
    {
      ...withConv({ inputs: [0, 1, 4] }),
      tensors: [...SOUND.tensors, tensor(4, 'b', [2], { data: new Int32Array(2) })],
    },
    /bias has 2 values for 3 channels/,
  ],
  [
    'window size',
    withConv({ window: { ...window, padding: { ...window.padding, top: 0 } } }),
    /axis 1 is 4, the window gives 3/,
  ],
  [
    'padding',
    withConv({ window: { ...window, padding: { ...window.padding, top: 3 } } }),
    /padding 3, 1 does not fit/,
  ],
  ['weights', withConv({ window: { ...window, kernelHeight: 2 } }), /do not match the window/],
  ['groups', withTensor(0, { shape: [1, 4, 4, 3] }), /do not divide 3 input channels into groups/],
  ['elementwise', withTensor(3, { shape: [1, 4, 4, 1] }), /does not follow from \[1, 4, 4, 3\]/],
  ['reshape', withSecond({ op: 'reshape' }, [1, 47]), /output shape \[1, 47\]/],
  [
    'mean',
    withSecond({ op: 'mean', axes: [1, 2], keepDims: true }, [1, 3]),
    /does not follow from \[1, 1, 1, 3\]/,
  ],
  ['pad', withSecond({ op: 'pad', before: [0, 1], after: [0, 1] }), /paddings do not match its rank/],
  [
    'transpose',
    withSecond({ op: 'transpose', permutation: [0, 3, 1, 2] }),
    /does not follow from \[1, 3, 4, 4\]/,
  ],
  [
    'concatenation',
    withSecond({ op: 'concatenation', axis: 3, activation: 'none', inputs: [2, 2] }),
    /from \[1, 4, 4, 6\]/,
  ],
  ['broadcast', withSecond({ op: 'add', activation: 'none', inputs: [2, 0] }), /do not broadcast/],
  [
    'resize',
    withSecond({ op: 'resize_nearest', alignCorners: false, halfPixelCenters: false }, [1, 8, 8, 2]),
    /does not follow/,
  ],
  ['pool', withSecond({ op: 'max_pool2d', window, activation: 'none' }, [1, 4, 4, 2]), /does not follow/],
];

it.each(BROKEN)('names a broken %s', (_name, broken, message) => {
  expect(graphProblems(broken).join('; ')).toMatch(message);
});
