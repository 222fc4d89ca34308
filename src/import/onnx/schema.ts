/**
 * The parts of the ONNX schema that the importer reads: field numbers and element types.
 * Source: onnx/onnx, onnx/onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
 */

export const FIELD = {
  model: { irVersion: 1, graph: 7, opsetImport: 8, functions: 25 },
  opset: { domain: 1, version: 2 },
  graph: { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparseInitializer: 15 },
  node: { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 },
  attribute: { name: 1, f: 2, i: 3, s: 4, t: 5, floats: 7, ints: 8, strings: 9 },
  valueInfo: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dimension: 1 },
  dimension: { value: 1, parameter: 2 },
  tensor: {
    dims: 1,
    dataType: 2,
    segment: 3,
    floatData: 4,
    int32Data: 5,
    int64Data: 7,
    name: 8,
    rawData: 9,
    doubleData: 10,
    uint64Data: 11,
    externalData: 13,
    dataLocation: 14,
  },
} as const;

/** How a tensor's elements are held once read. */
export type ElementType = 'float32' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool';

/** TensorProto.DataType by value: name, bytes in raw_data, and how we hold it where we read it. */
export const DATA_TYPES: Readonly<
  Record<number, { readonly name: string; readonly bytes: number; readonly type?: ElementType }>
> = {
  1: { name: 'FLOAT', bytes: 4, type: 'float32' },
  2: { name: 'UINT8', bytes: 1, type: 'uint8' },
  3: { name: 'INT8', bytes: 1, type: 'int8' },
  4: { name: 'UINT16', bytes: 2 },
  5: { name: 'INT16', bytes: 2 },
  6: { name: 'INT32', bytes: 4, type: 'int32' },
  7: { name: 'INT64', bytes: 8, type: 'int64' },
  8: { name: 'STRING', bytes: 0 },
  9: { name: 'BOOL', bytes: 1, type: 'bool' },
  10: { name: 'FLOAT16', bytes: 2, type: 'float32' },
  11: { name: 'DOUBLE', bytes: 8, type: 'float32' },
  12: { name: 'UINT32', bytes: 4 },
  13: { name: 'UINT64', bytes: 8 },
  14: { name: 'COMPLEX64', bytes: 8 },
  15: { name: 'COMPLEX128', bytes: 16 },
  16: { name: 'BFLOAT16', bytes: 2 },
  17: { name: 'FLOAT8E4M3FN', bytes: 1 },
  18: { name: 'FLOAT8E4M3FNUZ', bytes: 1 },
  19: { name: 'FLOAT8E5M2', bytes: 1 },
  20: { name: 'FLOAT8E5M2FNUZ', bytes: 1 },
  21: { name: 'UINT4', bytes: 0 },
  22: { name: 'INT4', bytes: 0 },
  23: { name: 'FLOAT4E2M1', bytes: 0 },
};

export const typeName = (dataType: number): string => DATA_TYPES[dataType]?.name ?? `type ${dataType}`;
