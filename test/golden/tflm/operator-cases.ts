/** One-operator int8 models with random quantisation, for vectors from TensorFlow Lite Micro. */
import { createRandom, type Random } from '../../../src/support/random.js';
import {
  ACTIVATION,
  buildTflite,
  conv2dOptions,
  depthwiseOptions,
  type ModelSpec,
  type OperatorName,
  type OptionField,
  PADDING,
  poolOptions,
  type TensorSpec,
} from '../../support/tflite-builder.js';

export interface OperatorCase {
  readonly name: string;
  readonly model: Uint8Array;
  /** Bytes of each input, in the model's order. */
  readonly inputs: readonly Uint8Array[];
}

type Quantization = Pick<TensorSpec, 'scale' | 'zeroPoint'>;

const volume = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const bytes = (r: Random, n: number): Uint8Array => Uint8Array.from({ length: n }, () => r.integer(0, 255));
const activation = (r: Random, low = 0.01, high = 0.2): Quantization => ({
  scale: [low + (high - low) * r.next()],
  zeroPoint: [r.integer(-128, 127)],
});
const PROBABILITY: Quantization = { scale: [1 / 256], zeroPoint: [-128] };

/** A case with one operator: data inputs first, then constants, then the output. */
function operatorCase(
  name: string,
  r: Random,
  op: OperatorName,
  dataInputs: readonly (Quantization & { shape: readonly number[] })[],
  constants: readonly TensorSpec[],
  output: Quantization & { shape: readonly number[] },
  options: readonly OptionField[] = [],
): OperatorCase {
  const tensors: TensorSpec[] = [
    ...dataInputs.map((t, i): TensorSpec => ({ ...t, name: `input_${i}`, type: 'INT8' })),
    ...constants,
    { ...output, name: 'output', type: 'INT8' },
  ];
  const ids = tensors.map((_, i) => i);
  const spec: ModelSpec = {
    tensors,
    operators: [{ op, inputs: ids.slice(0, -1), outputs: ids.slice(-1), options }],
    inputs: ids.slice(0, dataInputs.length),
    outputs: ids.slice(-1),
  };
  return { name, model: buildTflite(spec), inputs: dataInputs.map((t) => bytes(r, volume(t.shape))) };
}

const int32 = (name: string, shape: readonly number[], data: readonly number[]): TensorSpec => ({
  name,
  type: 'INT32',
  shape,
  data,
});

/** Weights per channel along `axis`, and a bias; the output scale keeps accumulators in range. */
function weightsAndBias(
  r: Random,
  shape: readonly number[],
  axis: number,
  perChannel: boolean,
): TensorSpec[] {
  const channels = shape[axis]!;
  const count = perChannel ? channels : 1;
  const scale = Array.from({ length: count }, () => 0.002 + 0.02 * r.next());
  return [
    {
      name: 'weights',
      type: 'INT8',
      shape,
      scale,
      zeroPoint: scale.map(() => 0),
      axis,
      data: Array.from({ length: volume(shape) }, () => r.integer(-127, 127)),
    },
    {
      name: 'bias',
      type: 'INT32',
      shape: [channels],
      // TFLM's fully connected kernel checks the bias scale against the product of the other two.
      scale: scale.map(() => 1e-4),
      zeroPoint: scale.map(() => 0),
      data: Array.from({ length: channels }, () => r.integer(-3000, 3000)),
    },
  ];
}

function weightedCases(r: Random): OperatorCase[] {
  const input = { shape: [1, 9, 8, 5], ...activation(r, 0.01, 0.03) };
  const out = (shape: readonly number[]) => ({ shape, ...activation(r, 0.05, 0.15) });
  const { same, valid } = PADDING;
  return [
    operatorCase(
      'conv 3×3 same stride 2×1 relu6',
      r,
      'CONV_2D',
      [input],
      weightsAndBias(r, [7, 3, 3, 5], 0, true),
      out([1, 5, 8, 7]),
      conv2dOptions({ padding: same, stride: [2, 1], activation: ACTIVATION.relu6 }),
    ),
    operatorCase(
      'conv 3×2 valid dilation 2 relu',
      r,
      'CONV_2D',
      [input],
      weightsAndBias(r, [4, 3, 2, 5], 0, true),
      out([1, 5, 6, 4]),
      conv2dOptions({ padding: valid, dilation: [2, 2], activation: ACTIVATION.relu }),
    ),
    operatorCase(
      'conv 2×2 same, one scale',
      r,
      'CONV_2D',
      [input],
      weightsAndBias(r, [3, 2, 2, 5], 0, false),
      out([1, 9, 8, 3]),
      conv2dOptions({ padding: same }),
    ),
    operatorCase(
      'conv 1×1 of five groups',
      r,
      'CONV_2D',
      [input],
      weightsAndBias(r, [10, 1, 1, 1], 0, true),
      out([1, 9, 8, 10]),
      conv2dOptions({ padding: same }),
    ),
    operatorCase(
      'depthwise 3×3 same multiplier 1',
      r,
      'DEPTHWISE_CONV_2D',
      [input],
      weightsAndBias(r, [1, 3, 3, 5], 3, true),
      out([1, 9, 8, 5]),
      depthwiseOptions({ padding: same, multiplier: 1, activation: ACTIVATION.reluN1To1 }),
    ),
    operatorCase(
      'depthwise 5×3 stride 2 multiplier 3',
      r,
      'DEPTHWISE_CONV_2D',
      [input],
      weightsAndBias(r, [1, 5, 3, 15], 3, true),
      out([1, 5, 4, 15]),
      depthwiseOptions({ padding: same, stride: [2, 2], multiplier: 3 }),
    ),
    operatorCase(
      'fully connected, one scale',
      r,
      'FULLY_CONNECTED',
      [{ shape: [1, 70], ...activation(r, 0.01, 0.03) }],
      weightsAndBias(r, [9, 70], 0, false),
      out([1, 9]),
      [[0, 'i8', 0]],
    ),
    operatorCase(
      'fully connected per channel relu',
      r,
      'FULLY_CONNECTED',
      [{ shape: [1, 3, 4, 2], ...activation(r, 0.01, 0.03) }],
      weightsAndBias(r, [6, 24], 0, true),
      out([1, 6]),
      [[0, 'i8', ACTIVATION.relu]],
    ),
  ];
}

function binaryCases(r: Random): OperatorCase[] {
  const shape = [1, 6, 5, 7];
  const operand = (s: readonly number[] = shape) => ({ shape: s, ...activation(r) });
  const constant = (s: readonly number[]): TensorSpec => ({
    name: 'constant',
    type: 'INT8',
    shape: s,
    ...activation(r),
    data: Array.from({ length: volume(s) }, () => r.integer(-128, 127)),
  });
  const cases: OperatorCase[] = [];
  for (const op of ['ADD', 'SUB', 'MUL'] as const) {
    const result = () => ({ shape, ...activation(r, op === 'MUL' ? 1 : 0.1, op === 'MUL' ? 2 : 0.3) });
    const relu: readonly OptionField[] = [[0, 'i8', ACTIVATION.relu]];
    const none: readonly OptionField[] = [[0, 'i8', 0]];
    cases.push(operatorCase(`${op} two tensors`, r, op, [operand(), operand()], [], result(), none));
    cases.push(operatorCase(`${op} two tensors relu`, r, op, [operand(), operand()], [], result(), relu));
    cases.push(
      operatorCase(
        `${op} broadcast per channel`,
        r,
        op,
        [operand(), operand([1, 1, 1, 7])],
        [],
        result(),
        none,
      ),
    );
    cases.push(operatorCase(`${op} scalar constant`, r, op, [operand()], [constant([])], result(), none));
    cases.push(
      operatorCase(`${op} constant per channel`, r, op, [operand()], [constant([7])], result(), none),
    );
  }
  return cases;
}

function poolAndMeanCases(r: Random): OperatorCase[] {
  const q = activation(r);
  const input = { shape: [1, 7, 6, 5], ...q };
  const mean = (name: string, axes: readonly number[], shape: readonly number[], keep: number) =>
    operatorCase(
      `mean ${name}`,
      r,
      'MEAN',
      [input],
      [int32('axes', [axes.length], axes)],
      { shape, ...activation(r, q.scale![0]! * 0.3, q.scale![0]! * 1.5) },
      [[0, 'i8', keep]],
    );
  return [
    operatorCase(
      'average pool 3×2 same stride 2',
      r,
      'AVERAGE_POOL_2D',
      [input],
      [],
      { shape: [1, 4, 3, 5], ...q },
      poolOptions({ padding: PADDING.same, stride: [2, 2], kernel: [3, 2] }),
    ),
    operatorCase(
      'average pool 7×6 valid relu6',
      r,
      'AVERAGE_POOL_2D',
      [input],
      [],
      { shape: [1, 1, 1, 5], ...q },
      poolOptions({ padding: PADDING.valid, stride: [1, 1], kernel: [7, 6], activation: ACTIVATION.relu6 }),
    ),
    operatorCase(
      'max pool 2×3 same stride 2×1 relu',
      r,
      'MAX_POOL_2D',
      [input],
      [],
      { shape: [1, 4, 6, 5], ...q },
      poolOptions({ padding: PADDING.same, stride: [2, 1], kernel: [2, 3], activation: ACTIVATION.relu }),
    ),
    mean('height and width', [1, 2], [1, 5], 0),
    mean('width and height, kept', [2, 1], [1, 1, 1, 5], 1),
    mean('width', [2], [1, 7, 5], 0),
    mean('height', [1], [1, 6, 5], 0),
    mean('channels', [-1], [1, 7, 6, 1], 1),
    mean('height and channels', [1, 3], [1, 6], 0),
  ];
}

function pointwiseCases(r: Random): OperatorCase[] {
  const shape = [1, 4, 8, 8];
  const all = (q: Quantization) => ({ shape, ...q });
  const q = activation(r, 0.02, 0.1);
  const softmax = (name: string, scale: number, classes: number, beta: number) =>
    operatorCase(
      `softmax ${name}`,
      r,
      'SOFTMAX',
      [{ shape: [3, classes].slice(1), scale: [scale], zeroPoint: [r.integer(-128, 127)] }],
      [],
      { shape: [classes], ...PROBABILITY },
      [[0, 'f32', beta]],
    );
  return [
    operatorCase(
      'logistic, scale 0.05',
      r,
      'LOGISTIC',
      [all({ scale: [0.05], zeroPoint: [3] })],
      [],
      all(PROBABILITY),
    ),
    operatorCase(
      'logistic, scale 0.15',
      r,
      'LOGISTIC',
      [all({ scale: [0.15], zeroPoint: [-30] })],
      [],
      all(PROBABILITY),
    ),
    operatorCase(
      'logistic, scale 0.002',
      r,
      'LOGISTIC',
      [all({ scale: [0.002], zeroPoint: [0] })],
      [],
      all(PROBABILITY),
    ),
    operatorCase('relu with rescaling', r, 'RELU', [all(activation(r))], [], all(activation(r))),
    operatorCase('relu6, same scale', r, 'RELU6', [all(q)], [], all(q)),
    operatorCase('quantize to another scale', r, 'QUANTIZE', [all(activation(r))], [], all(activation(r))),
    softmax('of 10', 0.07, 10, 1),
    softmax('of 300, flat', 0.001, 300, 1),
    softmax('of 100, beta 0.5', 0.2, 100, 0.5),
    softmax('of 7, steep', 2.5, 7, 1),
  ];
}

function movementCases(r: Random): OperatorCase[] {
  const q = activation(r);
  const input = { shape: [1, 4, 5, 3], ...q };
  const moved = (
    name: string,
    op: OperatorName,
    constants: readonly TensorSpec[],
    shape: readonly number[],
    options: readonly OptionField[] = [],
  ) => operatorCase(name, r, op, [input], constants, { shape, ...q }, options);
  const resize = (h: number, w: number, align: number, half: number) =>
    moved(
      `resize to ${h}×${w} align ${align} half ${half}`,
      'RESIZE_NEAREST_NEIGHBOR',
      [int32('size', [2], [h, w])],
      [1, h, w, 3],
      [
        [0, 'i8', align],
        [1, 'i8', half],
      ],
    );
  return [
    moved('pad', 'PAD', [int32('paddings', [4, 2], [0, 0, 1, 2, 0, 3, 1, 0])], [1, 7, 8, 4]),
    moved(
      'padv2 with zero',
      'PADV2',
      [
        int32('paddings', [4, 2], [0, 0, 1, 0, 2, 0, 0, 0]),
        { name: 'value', type: 'INT8', shape: [], ...q, data: q.zeroPoint! },
      ],
      [1, 5, 7, 3],
    ),
    moved('transpose to channels first', 'TRANSPOSE', [int32('axes', [4], [0, 3, 1, 2])], [1, 3, 4, 5]),
    moved('transpose of height and width', 'TRANSPOSE', [int32('axes', [4], [0, 2, 1, 3])], [1, 5, 4, 3]),
    moved('reshape', 'RESHAPE', [int32('shape', [2], [1, 60])], [1, 60]),
    resize(8, 10, 0, 0),
    resize(7, 3, 0, 1),
    resize(7, 9, 1, 0),
    ...[1, 2, 3].map((axis) => {
      const other = [1, 4, 5, 3].map((n, i) => (i === axis ? 2 : n));
      const shape = [1, 4, 5, 3].map((n, i) => (i === axis ? n + 2 : n));
      return operatorCase(
        `concatenation along axis ${axis}`,
        r,
        'CONCATENATION',
        [input, { shape: other, ...q }],
        [],
        { shape, ...q },
        [
          [0, 'i32', axis],
          [1, 'i8', 0],
        ],
      );
    }),
  ];
}

/** Every case; the same seed gives the same models and inputs. */
export function operatorCases(seed = 20240401): OperatorCase[] {
  const r = createRandom(seed);
  return [
    ...weightedCases(r),
    ...binaryCases(r),
    ...poolAndMeanCases(r),
    ...pointwiseCases(r),
    ...movementCases(r),
  ];
}
