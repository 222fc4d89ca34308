/**
 * The operator table of the .tflite importer: one reader per builtin operator, from options and tensor
 * shapes to a Graph node. Semantics of the options: tensorflow/tflite-micro, schema.fbs and its kernels.
 */
import type { Activation, GraphNode, Window2d } from '../../ir/graph.js';
import { type PaddingKind, resolvePadding } from '../../ops/graph-shapes.js';
import type { FlatBufferFile, FlatTable } from './flatbuffer.js';
import type { ImportedTensor } from './read-tensors.js';
import { FIELD, OPTIONS, type OptionsName } from './schema.js';

/** What a reader sees of one operator. */
export interface OperatorContext {
  readonly file: FlatBufferFile;
  /** Operator and index, for messages: `CONV_2D (operator 3)`. */
  readonly label: string;
  readonly name: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly tensors: readonly ImportedTensor[];
  readonly optionsType: number;
  readonly options: FlatTable | undefined;
}

/** A valid operator that we cannot process, and why. */
export interface Refusal {
  readonly refusal: string;
}
export type OperatorReader = (context: OperatorContext) => GraphNode | Refusal;

const ACTIVATIONS: readonly (Activation | undefined)[] = ['none', 'relu', 'relu_n1_to_1', 'relu6'];
const PADDINGS: readonly PaddingKind[] = ['same', 'valid'];

const base = (c: OperatorContext) => ({ name: c.name, outputs: c.outputs });

/** The data inputs, then −1 for every absent optional one, up to `count`. */
function inputs(c: OperatorContext, required: number, count = required): number[] {
  if (c.inputs.length < required || c.inputs.length > count)
    throw c.file.malformed(`${c.label} has ${c.inputs.length} inputs`, undefined, `${required}…${count}`);
  if (c.inputs.slice(0, required).includes(-1)) throw c.file.malformed(`${c.label} lacks a required input`);
  return Array.from({ length: count }, (_, i) => c.inputs[i] ?? -1);
}

function options(c: OperatorContext, name: OptionsName): FlatTable {
  if (c.options === undefined || c.optionsType !== OPTIONS[name])
    throw c.file.malformed(`${c.label} lacks its ${name}`, `options of type ${c.optionsType}`);
  return c.options;
}

function readActivation(table: FlatTable, field: number): Activation | undefined {
  return ACTIVATIONS[table.i8(field, 'fused_activation_function', 0)];
}

const ACTIVATION_REFUSAL: Refusal = {
  refusal: 'its fused activation is not NONE, RELU, RELU6 or RELU_N1_TO_1',
};

function shapeOf(c: OperatorContext, input: number): readonly number[] {
  return c.tensors[c.inputs[input]!]!.shape;
}

interface WindowFields {
  readonly padding: number;
  readonly strideW: number;
  readonly strideH: number;
  readonly dilationW?: number;
  readonly dilationH?: number;
}

function readWindow(
  c: OperatorContext,
  table: FlatTable,
  fields: WindowFields,
  kernelHeight: number,
  kernelWidth: number,
): Window2d {
  const input = shapeOf(c, 0);
  const optional = (field: number | undefined, name: string) =>
    field === undefined ? 1 : table.i32(field, name, 1);
  const sizes = {
    kernelHeight,
    kernelWidth,
    strideHeight: table.i32(fields.strideH, 'stride_h', 0),
    strideWidth: table.i32(fields.strideW, 'stride_w', 0),
    dilationHeight: optional(fields.dilationH, 'dilation_h_factor'),
    dilationWidth: optional(fields.dilationW, 'dilation_w_factor'),
  };
  const bad = Object.entries(sizes).find(([, value]) => value < 1 || value > 1024);
  if (bad !== undefined)
    throw c.file.malformed(`${c.label} has ${bad[0]} out of range`, String(bad[1]), '1…1024');
  const kind = PADDINGS[table.i8(fields.padding, 'padding', 0)];
  if (kind === undefined || input.length !== 4)
    throw c.file.malformed(`${c.label} has no valid padding or no 4-dimensional input`);
  const vertical = resolvePadding(kind, {
    input: input[1]!,
    kernel: kernelHeight,
    stride: sizes.strideHeight,
    dilation: sizes.dilationHeight,
  });
  const horizontal = resolvePadding(kind, {
    input: input[2]!,
    kernel: kernelWidth,
    stride: sizes.strideWidth,
    dilation: sizes.dilationWidth,
  });
  return {
    ...sizes,
    padding: {
      top: vertical.before,
      bottom: vertical.after,
      left: horizontal.before,
      right: horizontal.after,
    },
  };
}

/** Constant int32 or int64 input as numbers, or undefined when it is computed at run time. */
function constantIntegers(c: OperatorContext, input: number): number[] | undefined {
  const data = c.tensors[c.inputs[input]!]?.data;
  return data instanceof Int32Array || data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
}

const notConstant = (what: string): Refusal => ({ refusal: `its ${what} are computed at run time` });

const conv2d: OperatorReader = (c) => {
  const table = options(c, 'Conv2DOptions');
  const activation = readActivation(table, FIELD.conv2d.activation);
  if (activation === undefined) return ACTIVATION_REFUSAL;
  const ids = inputs(c, 2, 3);
  const weights = shapeOf(c, 1);
  if (weights.length !== 4) throw c.file.malformed(`${c.label} has weights that are not 4-dimensional`);
  const window = readWindow(c, table, FIELD.conv2d, weights[1]!, weights[2]!);
  return { ...base(c), op: 'conv2d', inputs: ids, window, activation };
};

const depthwiseConv2d: OperatorReader = (c) => {
  const table = options(c, 'DepthwiseConv2DOptions');
  const activation = readActivation(table, FIELD.depthwise.activation);
  if (activation === undefined) return ACTIVATION_REFUSAL;
  const ids = inputs(c, 2, 3);
  const weights = shapeOf(c, 1);
  const channels = shapeOf(c, 0)[3] ?? 0;
  if (weights.length !== 4) throw c.file.malformed(`${c.label} has weights that are not 4-dimensional`);
  // The option may be 0 in files of old converters; the shapes decide.
  const depthMultiplier = weights[3]! / channels;
  if (!Number.isInteger(depthMultiplier) || depthMultiplier < 1)
    throw c.file.malformed(`${c.label} has ${weights[3]} output channels for ${channels} input channels`);
  const window = readWindow(c, table, FIELD.depthwise, weights[1]!, weights[2]!);
  return { ...base(c), op: 'depthwise_conv2d', inputs: ids, window, depthMultiplier, activation };
};

const fullyConnected: OperatorReader = (c) => {
  const table = options(c, 'FullyConnectedOptions');
  const activation = readActivation(table, FIELD.fullyConnected.activation);
  if (activation === undefined) return ACTIVATION_REFUSAL;
  if (table.i8(FIELD.fullyConnected.weightsFormat, 'weights_format', 0) !== 0)
    return { refusal: 'its weights are stored shuffled' };
  return { ...base(c), op: 'fully_connected', inputs: inputs(c, 2, 3), activation };
};

const binary =
  (op: 'add' | 'sub' | 'mul', optionsName: OptionsName): OperatorReader =>
  (c) => {
    const activation = readActivation(options(c, optionsName), FIELD.binary.activation);
    if (activation === undefined) return ACTIVATION_REFUSAL;
    return { ...base(c), op, inputs: inputs(c, 2), activation };
  };

const pool =
  (op: 'average_pool2d' | 'max_pool2d'): OperatorReader =>
  (c) => {
    const table = options(c, 'Pool2DOptions');
    const activation = readActivation(table, FIELD.pool2d.activation);
    if (activation === undefined) return ACTIVATION_REFUSAL;
    const ids = inputs(c, 1);
    const height = table.i32(FIELD.pool2d.filterHeight, 'filter_height', 0);
    const width = table.i32(FIELD.pool2d.filterWidth, 'filter_width', 0);
    return {
      ...base(c),
      op,
      inputs: ids,
      window: readWindow(c, table, FIELD.pool2d, height, width),
      activation,
    };
  };

const mean: OperatorReader = (c) => {
  const [x] = inputs(c, 2);
  const axes = constantIntegers(c, 1);
  if (axes === undefined) return notConstant('axes');
  const rank = shapeOf(c, 0).length;
  const positive = [...new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b);
  if (positive.some((axis) => axis < 0 || axis >= rank))
    throw c.file.malformed(`${c.label} has an axis outside its input`, `[${axes.join(', ')}]`);
  const keepDims = options(c, 'ReducerOptions').bool(FIELD.reducer.keepDims, 'keep_dims', false);
  return { ...base(c), op: 'mean', inputs: [x!], axes: positive, keepDims };
};

const pad: OperatorReader = (c) => {
  const [x, , value] = inputs(c, 2, 3);
  const amounts = constantIntegers(c, 1);
  if (amounts === undefined) return notConstant('paddings');
  const rank = shapeOf(c, 0).length;
  if (amounts.length !== 2 * rank || amounts.some((n) => n < 0 || n > 1 << 16))
    throw c.file.malformed(`${c.label} has invalid paddings`, `[${amounts.slice(0, 16).join(', ')}]`);
  const refusal = value === -1 ? undefined : padValueProblem(c, c.tensors[value!]!);
  if (refusal !== undefined) return { refusal };
  return {
    ...base(c),
    op: 'pad',
    inputs: [x!],
    before: amounts.filter((_, i) => i % 2 === 0),
    after: amounts.filter((_, i) => i % 2 === 1),
  };
};

/** PADV2 pads with any constant; a plan pads with zero, that is the zero point. */
function padValueProblem(c: OperatorContext, value: ImportedTensor): string | undefined {
  if (value.data?.length !== 1) return 'its padding value is not one constant';
  const zero = value.quantization?.zeroPoint[0] ?? 0;
  const output = c.tensors[c.outputs[0]!]!.quantization?.zeroPoint[0] ?? 0;
  return Number(value.data[0]) === zero && zero === output
    ? undefined
    : 'it pads with a value other than zero';
}

/** RESHAPE, SQUEEZE, EXPAND_DIMS: the output's shape says it all; a second input repeats it. */
const reshape: OperatorReader = (c) => ({ ...base(c), op: 'reshape', inputs: inputs(c, 1, 2).slice(0, 1) });

const transpose: OperatorReader = (c) => {
  const [x] = inputs(c, 2);
  const permutation = constantIntegers(c, 1);
  if (permutation === undefined) return notConstant('axes');
  const rank = shapeOf(c, 0).length;
  const negative = permutation.map((axis) => (axis < 0 ? axis + rank : axis));
  if ([...negative].sort((a, b) => a - b).some((axis, i) => axis !== i) || negative.length !== rank)
    throw c.file.malformed(
      `${c.label} has an invalid permutation`,
      `[${permutation.slice(0, 8).join(', ')}]`,
    );
  return { ...base(c), op: 'transpose', inputs: [x!], permutation: negative };
};

const concatenation: OperatorReader = (c) => {
  const table = options(c, 'ConcatenationOptions');
  const activation = readActivation(table, FIELD.concatenation.activation);
  if (activation === undefined) return ACTIVATION_REFUSAL;
  const ids = inputs(c, 1, 1024).filter((_, i) => i < c.inputs.length);
  const rank = shapeOf(c, 0).length;
  const axis = table.i32(FIELD.concatenation.axis, 'axis', 0);
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank)
    throw c.file.malformed(`${c.label} has an axis outside its inputs`, String(axis));
  return { ...base(c), op: 'concatenation', inputs: ids, axis: positive, activation };
};

const softmax: OperatorReader = (c) => {
  const beta = options(c, 'SoftmaxOptions').f32(FIELD.softmax.beta, 'beta', 0);
  if (!(beta > 0) || !Number.isFinite(beta))
    throw c.file.malformed(`${c.label} has an invalid beta`, String(beta), 'a positive number');
  return { ...base(c), op: 'softmax', inputs: inputs(c, 1), beta };
};

const resizeNearest: OperatorReader = (c) => {
  const [x] = inputs(c, 2);
  if (constantIntegers(c, 1) === undefined) return notConstant('sizes');
  const table = options(c, 'ResizeNearestNeighborOptions');
  return {
    ...base(c),
    op: 'resize_nearest',
    inputs: [x!],
    alignCorners: table.bool(FIELD.resizeNearest.alignCorners, 'align_corners', false),
    halfPixelCenters: table.bool(FIELD.resizeNearest.halfPixelCenters, 'half_pixel_centers', false),
  };
};

const unary =
  (op: 'logistic' | 'relu' | 'relu6' | 'quantize' | 'dequantize'): OperatorReader =>
  (c) => ({ ...base(c), op, inputs: inputs(c, 1) });

/** THE list of .tflite operators that are read, by the schema's name. */
export const OPERATOR_READERS: Readonly<Record<string, OperatorReader>> = {
  CONV_2D: conv2d,
  DEPTHWISE_CONV_2D: depthwiseConv2d,
  FULLY_CONNECTED: fullyConnected,
  ADD: binary('add', 'AddOptions'),
  SUB: binary('sub', 'SubOptions'),
  MUL: binary('mul', 'MulOptions'),
  AVERAGE_POOL_2D: pool('average_pool2d'),
  MAX_POOL_2D: pool('max_pool2d'),
  MEAN: mean,
  PAD: pad,
  PADV2: pad,
  RESHAPE: reshape,
  SQUEEZE: reshape,
  EXPAND_DIMS: reshape,
  TRANSPOSE: transpose,
  CONCATENATION: concatenation,
  SOFTMAX: softmax,
  LOGISTIC: unary('logistic'),
  RELU: unary('relu'),
  RELU6: unary('relu6'),
  RESIZE_NEAREST_NEIGHBOR: resizeNearest,
  QUANTIZE: unary('quantize'),
  DEQUANTIZE: unary('dequantize'),
};
