/** Broken .tflite files, each with its exact message. */
import { expect, it } from 'vitest';
import { importModel } from '../../src/import/index.js';
import { QuantmcuError } from '../../src/support/errors.js';
import { FIXTURES, readBytes } from '../support/paths.js';
import {
  buildTflite,
  conv2dOptions,
  type ModelSpec,
  type OperatorSpec,
  PADDING,
  type TensorSpec,
} from '../support/tflite-builder.js';

const q = { scale: [0.5], zeroPoint: [0] };
const int8 = (name: string, shape: readonly number[], more: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  type: 'INT8',
  shape,
  ...q,
  ...more,
});
const relu = (input: number, output: number): OperatorSpec => ({
  op: 'RELU',
  inputs: [input],
  outputs: [output],
});
const SOUND: ModelSpec = {
  tensors: [int8('x', [1, 4]), int8('y', [1, 4])],
  operators: [relu(0, 1)],
  inputs: [0],
  outputs: [1],
};

function failure(bytes: Uint8Array): QuantmcuError {
  try {
    importModel(bytes, 'm.tflite');
  } catch (error) {
    if (error instanceof QuantmcuError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}
const failureOf = (change: Partial<ModelSpec>): QuantmcuError =>
  failure(buildTflite({ ...SOUND, ...change }));

it('accepts the sound model that the others are made from', () => {
  expect(importModel(buildTflite(SOUND), 'm.tflite').nodes).toHaveLength(1);
});

it('empty and foreign files', () => {
  const expected = 'm.tflite: not a model file that can be read; expected one of: tflite';
  expect(failure(new Uint8Array(0)).message.startsWith(expected)).toBe(true);
  expect(failure(new TextEncoder().encode('just some text')).message.startsWith(expected)).toBe(true);
});

it('a file cut short', () => {
  const whole = readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`);
  const error = failure(whole.slice(0, 20_000));
  expect(error.message).toBe(
    'm.tflite: vector model.subgraphs reaches past the end of the file; found bytes 25280…25284; expected at most 20000',
  );
  expect(error.kind).toBe('input');
});

it('a root offset outside the file', () => {
  const bytes = buildTflite(SOUND);
  new DataView(bytes.buffer).setUint32(0, 0x7fffffff, true);
  expect(failure(bytes).message).toBe(
    `m.tflite: table model reaches past the end of the file; found bytes 2147483647…2147483651; expected at most ${bytes.length}`,
  );
});

it('a constant whose buffer does not match its shape', () => {
  const tensors = [...SOUND.tensors, int8('w', [3, 3], { data: [1, 2, 3] })];
  expect(failureOf({ tensors }).message).toBe(
    'm.tflite: tensor 2 (w) has a buffer that does not match its shape [3, 3]; found 3 bytes; expected 9',
  );
});

it('negative dimensions, too many dimensions, too many elements', () => {
  const withShape = (shape: readonly number[]) =>
    failureOf({ tensors: [int8('x', shape), int8('y', [1, 4])] });
  expect(withShape([1, -4]).message).toBe('m.tflite: tensor 0 (x) has a negative dimension; found [1, -4]');
  expect(withShape(new Array<number>(9).fill(1)).message).toBe(
    'm.tflite: tensor 0 (x) has too many dimensions; found 9; expected at most 8',
  );
  const huge = withShape([2147483647, 2147483647, 2147483647]);
  expect(huge.message).toBe(
    'm.tflite: tensor 0 (x) is too large; found [2147483647, 2147483647, 2147483647]; expected at most 67108864 elements',
  );
  expect(huge.kind).toBe('limit');
});

it('scales and zero points that make no sense', () => {
  const withQ = (more: Partial<TensorSpec>) =>
    failureOf({ tensors: [int8('x', [1, 4], more), int8('y', [1, 4])] });
  expect(withQ({ scale: [Number.NaN] }).message).toBe(
    'm.tflite: tensor 0 (x) has a scale that is not a finite positive number',
  );
  expect(withQ({ zeroPoint: [200] }).message).toBe(
    'm.tflite: tensor 0 (x) has a zero point outside its type; found 200; expected -128…127',
  );
  expect(withQ({ scale: [1, 1, 1], zeroPoint: [0, 0] }).message).toBe(
    'm.tflite: tensor 0 (x) has 2 zero points for 3 scales',
  );
});

it('indices of tensors that do not exist', () => {
  expect(failureOf({ outputs: [7] }).message).toBe(
    'm.tflite: subgraphs[0].outputs names a tensor that does not exist; found 7; expected below 2',
  );
  expect(failureOf({ operators: [relu(9, 1)] }).message).toBe(
    'm.tflite: operators[0].inputs names a tensor that does not exist; found 9; expected below 2',
  );
});

it('operators out of order and tensors written twice', () => {
  const three = [...SOUND.tensors, int8('z', [1, 4])];
  expect(failureOf({ tensors: three, operators: [relu(2, 1), relu(0, 2)] }).message).toBe(
    'm.tflite: y (relu) reads tensor 2 before anything computes it',
  );
  expect(failureOf({ operators: [relu(0, 1), relu(0, 1)] }).message).toBe(
    'm.tflite: y_2 (relu) writes tensor 1, which is already defined or missing',
  );
});

it('shapes that do not follow from the operator', () => {
  expect(failureOf({ tensors: [int8('x', [1, 4]), int8('y', [1, 5])] }).message).toBe(
    'm.tflite: y (relu): output shape [1, 5] does not follow from [1, 4]',
  );
  const conv = failureOf({
    tensors: [
      int8('x', [1, 4, 4, 1]),
      int8('w', [2, 3, 3, 1], { data: new Array(18).fill(1) }),
      int8('y', [1, 4, 4, 2]),
    ],
    operators: [
      { op: 'CONV_2D', inputs: [0, 1], outputs: [2], options: conv2dOptions({ padding: PADDING.valid }) },
    ],
    outputs: [2],
  });
  expect(conv.message).toBe('m.tflite: y (conv2d): output size along axis 1 is 4, the window gives 2');
});

it('operators without their options, or with a stride of zero', () => {
  const tensors = [
    int8('x', [1, 4, 4, 1]),
    int8('w', [2, 1, 1, 1], { data: [1, 1] }),
    int8('y', [1, 4, 4, 2]),
  ];
  const conv = (options: OperatorSpec['options']) =>
    failureOf({
      tensors,
      operators: [{ op: 'CONV_2D', inputs: [0, 1], outputs: [2], options: options! }],
      outputs: [2],
    });
  expect(conv(conv2dOptions({ padding: PADDING.same, stride: [0, 1] })).message).toBe(
    'm.tflite: CONV_2D (operator 0) has strideHeight out of range; found 0; expected 1…1024',
  );
});

it('names every unsupported operator at once, with index and tensors', () => {
  const tensors = [
    int8('image', [1, 4]),
    int8('a', [1, 4]),
    int8('b', [1, 4]),
    int8('c', [1, 4]),
    { name: 'half', type: 'FLOAT16', shape: [1, 4] } as const,
  ];
  const error = failureOf({
    tensors,
    operators: [
      { op: 'TANH', inputs: [0], outputs: [1] },
      relu(1, 2),
      { op: 'CUSTOM', inputs: [2], outputs: [3], customCode: 'MyOp' },
      { op: 'DEQUANTIZE', inputs: [4], outputs: [2] },
    ],
    outputs: [3],
  });
  expect(error.message).toBe(
    'm.tflite: 3 unsupported operator(s): ' +
      'TANH (operator 0): no reader for this operator [inputs image; outputs a]; ' +
      'MyOp (operator 2): custom operator [inputs b; outputs c]; ' +
      'DEQUANTIZE (operator 3): tensor half has element type FLOAT16 [inputs half; outputs b]. ' +
      'Remove these operators from the exported network, or cut it before them.',
  );
  expect([error.kind, error.code]).toEqual(['unsupported', 'tflite/operators']);
});

it('refuses paddings, axes and padding values that a plan cannot hold', () => {
  const computed = failureOf({
    tensors: [int8('x', [1, 2]), { name: 'axes', type: 'INT32', shape: [1] }, int8('y', [1])],
    operators: [{ op: 'MEAN', inputs: [0, 1], outputs: [2], options: [[0, 'i8', 0]] }],
    inputs: [0, 1],
    outputs: [2],
  });
  expect(computed.message).toContain('MEAN (operator 0): its axes are computed at run time');
  const one = failureOf({
    tensors: [
      int8('x', [1, 2]),
      { name: 'p', type: 'INT32', shape: [2, 2], data: [0, 0, 1, 1] },
      int8('value', [], { data: [5] }),
      int8('y', [1, 4]),
    ],
    operators: [{ op: 'PADV2', inputs: [0, 1, 2], outputs: [3] }],
    outputs: [3],
  });
  expect(one.message).toContain('PADV2 (operator 0): it pads with a value other than zero');
});

/** Position that the offset field `id` of the table at `table` points to. */
function follow(view: DataView, table: number, id: number): number {
  const vtable = table - view.getInt32(table, true);
  const at = table + view.getUint16(vtable + 4 + 2 * id, true);
  return at + view.getUint32(at, true);
}

it('a small file that unfolds to a large one', () => {
  const names = Array.from({ length: 4000 }, (_, i) => int8(i === 0 ? 'n'.repeat(4000) : 'y', [1, 4]));
  const bytes = buildTflite({ ...SOUND, tensors: names });
  const view = new DataView(bytes.buffer);
  const subgraphs = follow(view, view.getUint32(0, true), 2);
  const tensors = follow(view, subgraphs + 4 + view.getUint32(subgraphs + 4, true), 0);
  const first = tensors + 4 + view.getUint32(tensors + 4, true);
  // All 4,000 entries now name the tensor with the long name.
  for (let i = 0; i < 4000; i++) view.setUint32(tensors + 4 + 4 * i, first - (tensors + 4 + 4 * i), true);
  const error = failure(bytes);
  expect(error.message).toMatch(
    /^m\.tflite: tensors\[\d+\]\.name unfolds to far more data than the file holds\. The file is corrupt or hostile; export it again\.$/,
  );
  expect(error.kind).toBe('limit');
});

it('control characters in names do not break the line', () => {
  const error = failureOf({ tensors: [int8('x\n\u001b[31m', [1, -4]), int8('y', [1, 4])] });
  expect(error.message).toBe('m.tflite: tensor 0 (x??[31m) has a negative dimension; found [1, -4]');
});
