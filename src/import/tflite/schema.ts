/**
 * The parts of the TFLite schema that the importer reads: field ids and enum values.
 * Source: tensorflow/tflite-micro, tensorflow/compiler/mlir/lite/schema/schema.fbs (file identifier TFL3).
 */
import type { DType } from '../../ir/graph.js';

/** Field ids by table, in the schema's order. */
export const FIELD = {
  model: { version: 0, operatorCodes: 1, subgraphs: 2, description: 3, buffers: 4 },
  operatorCode: { deprecatedBuiltinCode: 0, customCode: 1, version: 2, builtinCode: 3 },
  subgraph: { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 },
  tensor: {
    shape: 0,
    type: 1,
    buffer: 2,
    name: 3,
    quantization: 4,
    isVariable: 5,
    sparsity: 6,
    externalBuffer: 10,
  },
  quantization: { scale: 2, zeroPoint: 3, detailsType: 4, quantizedDimension: 6 },
  buffer: { data: 0, offset: 1, size: 2 },
  operator: { opcodeIndex: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4, customOptions: 5 },
  conv2d: { padding: 0, strideW: 1, strideH: 2, activation: 3, dilationW: 4, dilationH: 5 },
  depthwise: {
    padding: 0,
    strideW: 1,
    strideH: 2,
    depthMultiplier: 3,
    activation: 4,
    dilationW: 5,
    dilationH: 6,
  },
  pool2d: { padding: 0, strideW: 1, strideH: 2, filterWidth: 3, filterHeight: 4, activation: 5 },
  fullyConnected: { activation: 0, weightsFormat: 1 },
  softmax: { beta: 0 },
  concatenation: { axis: 0, activation: 1 },
  /** AddOptions, SubOptions, MulOptions. */
  binary: { activation: 0 },
  reducer: { keepDims: 0 },
  resizeNearest: { alignCorners: 0, halfPixelCenters: 1 },
} as const;

/** TensorType by value: name, element size, and our dtype where we read it. */
export const TENSOR_TYPES: readonly {
  readonly name: string;
  readonly bytes: number;
  readonly dtype?: DType;
}[] = [
  { name: 'FLOAT32', bytes: 4, dtype: 'float32' },
  { name: 'FLOAT16', bytes: 2 },
  { name: 'INT32', bytes: 4, dtype: 'int32' },
  { name: 'UINT8', bytes: 1, dtype: 'uint8' },
  { name: 'INT64', bytes: 8, dtype: 'int64' },
  { name: 'STRING', bytes: 0 },
  { name: 'BOOL', bytes: 1 },
  { name: 'INT16', bytes: 2, dtype: 'int16' },
  { name: 'COMPLEX64', bytes: 8 },
  { name: 'INT8', bytes: 1, dtype: 'int8' },
  { name: 'FLOAT64', bytes: 8 },
  { name: 'COMPLEX128', bytes: 16 },
  { name: 'UINT64', bytes: 8 },
  { name: 'RESOURCE', bytes: 0 },
  { name: 'VARIANT', bytes: 0 },
  { name: 'UINT32', bytes: 4 },
  { name: 'UINT16', bytes: 2 },
  { name: 'INT4', bytes: 0 },
  { name: 'BFLOAT16', bytes: 2 },
  { name: 'INT2', bytes: 0 },
  { name: 'UINT4', bytes: 0 },
  { name: 'FLOAT8_E4M3FN', bytes: 1 },
  { name: 'FLOAT8_E5M2', bytes: 1 },
];

/** Members of the union BuiltinOptions that we read, by their tag. */
export const OPTIONS = {
  Conv2DOptions: 1,
  DepthwiseConv2DOptions: 2,
  Pool2DOptions: 5,
  FullyConnectedOptions: 8,
  SoftmaxOptions: 9,
  ConcatenationOptions: 10,
  AddOptions: 11,
  MulOptions: 21,
  ReducerOptions: 27,
  SubOptions: 28,
  ResizeNearestNeighborOptions: 74,
} as const;
export type OptionsName = keyof typeof OPTIONS;

export const CUSTOM_OPERATOR = 32;
