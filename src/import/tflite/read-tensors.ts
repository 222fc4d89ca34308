/**
 * Tensors of a .tflite subgraph: shapes, types, quantisation and constants, each checked before use.
 * uint8 tensors are re-centred by 128 to int8 (numeric contract, "Storage").
 */
import type { ConstantData, DType, GraphTensor, TensorQuantization } from '../../ir/graph.js';
import { shapeElements } from '../../ops/graph-shapes.js';
import { limit } from '../../support/errors.js';
import type { FlatBufferFile, FlatTable } from './flatbuffer.js';
import { FIELD, TENSOR_TYPES } from './schema.js';

export const MAX_TENSORS = 20_000;
/** Elements of one tensor: 64 Mi, far beyond any microcontroller's memory. */
export const MAX_ELEMENTS = 1 << 26;
const MAX_TOTAL_ELEMENTS = 1 << 28;
const MAX_RANK = 8;
const UINT8_CENTRE = 128;

/** A tensor as read; `problem` says why no operator may use it. */
export interface ImportedTensor extends GraphTensor {
  readonly problem?: string;
}

export function readTensors(model: FlatTable, subgraph: FlatTable): ImportedTensor[] {
  const buffers = readBuffers(model);
  const tensors = subgraph
    .tables(FIELD.subgraph.tensors, 'tensors', MAX_TENSORS)
    .map((table, id) => readTensor(table, id, buffers));
  const total = tensors.reduce((sum, tensor) => sum + shapeElements(tensor.shape), 0);
  if (total > MAX_TOTAL_ELEMENTS)
    throw limit('tflite/tensor-size', 'the tensors are too large', {
      where: model.file.fileName,
      found: `${total} elements in all`,
      expected: `at most ${MAX_TOTAL_ELEMENTS}`,
    });
  return tensors;
}

/** Raw bytes of every buffer; empty where the buffer holds none. */
function readBuffers(model: FlatTable): Uint8Array[] {
  const file = model.file;
  return model.tables(FIELD.model.buffers, 'buffers', MAX_TENSORS * 2).map((table) => {
    const inline = table.bytes(FIELD.buffer.data, 'data');
    if (inline !== undefined) return inline;
    const offset = Number(table.u64(FIELD.buffer.offset, 'offset', 0n));
    const size = Number(table.u64(FIELD.buffer.size, 'size', 0n));
    if (offset <= 1) return new Uint8Array(0);
    file.need(offset, size, table.what);
    return file.bytes.subarray(offset, offset + size);
  });
}

function readTensor(table: FlatTable, id: number, buffers: readonly Uint8Array[]): ImportedTensor {
  const file = table.file;
  const name = table.string(FIELD.tensor.name, 'name') ?? `tensor_${id}`;
  const label = `tensor ${id} (${name})`;
  const type = TENSOR_TYPES[table.i8(FIELD.tensor.type, 'type', 0)];
  if (type === undefined)
    throw file.malformed(
      `${label} has an unknown element type`,
      String(table.i8(FIELD.tensor.type, 'type', 0)),
    );
  const shape = readShape(table, label);
  const bytes = buffers[table.u32(FIELD.tensor.buffer, 'buffer', 0)];
  if (bytes === undefined)
    throw file.malformed(
      `${label} names a buffer that does not exist`,
      `buffer ${table.u32(FIELD.tensor.buffer, 'buffer', 0)}`,
      `below ${buffers.length}`,
    );
  const problem = tensorProblem(table, type.name, type.dtype);
  if (problem !== undefined || type.dtype === undefined)
    return { id, name, shape, dtype: 'float32', ...(problem === undefined ? {} : { problem }) };
  const quantization = readQuantization(table, label, type.dtype, shape);
  const data = readConstant(file, label, bytes, type.dtype, type.bytes, shape);
  const base = {
    id,
    name,
    shape,
    dtype: type.dtype,
    ...(quantization === undefined ? {} : { quantization }),
    ...(data === undefined ? {} : { data }),
  };
  return type.dtype === 'uint8' && quantization !== undefined ? recentre(base, quantization) : base;
}

function tensorProblem(table: FlatTable, typeName: string, dtype: DType | undefined): string | undefined {
  if (dtype === undefined) return `has element type ${typeName}`;
  if (table.bool(FIELD.tensor.isVariable, 'is_variable', false)) return 'is a variable (stateful network)';
  if (table.has(FIELD.tensor.sparsity)) return 'is stored sparse';
  if (table.u32(FIELD.tensor.externalBuffer, 'external_buffer', 0) !== 0) return 'is stored in another file';
  const quantization = table.table(FIELD.tensor.quantization, 'quantization');
  if ((quantization?.u8(FIELD.quantization.detailsType, 'details_type', 0) ?? 0) !== 0)
    return 'uses custom, blockwise or multi-axis quantisation';
  return undefined;
}

function readShape(table: FlatTable, label: string): number[] {
  const file = table.file;
  const shape = table.i32s(FIELD.tensor.shape, 'shape') ?? [];
  if (shape.length > MAX_RANK)
    throw file.malformed(`${label} has too many dimensions`, String(shape.length), `at most ${MAX_RANK}`);
  if (shape.some((size) => size < 0))
    throw file.malformed(`${label} has a negative dimension`, `[${shape.join(', ')}]`);
  // Doubles hold the product exactly up to 2^53 and stay above the limit beyond it.
  const elements = shapeElements(shape);
  if (elements > MAX_ELEMENTS)
    throw limit('tflite/tensor-size', `${label} is too large`, {
      where: file.fileName,
      found: `[${shape.join(', ')}]`,
      expected: `at most ${MAX_ELEMENTS} elements`,
    });
  return shape;
}

function readQuantization(
  table: FlatTable,
  label: string,
  dtype: DType,
  shape: readonly number[],
): TensorQuantization | undefined {
  const file = table.file;
  const quantization = table.table(FIELD.tensor.quantization, 'quantization');
  const scale = quantization?.f32s(FIELD.quantization.scale, 'scale');
  if (quantization === undefined || scale === undefined || scale.length === 0) return undefined;
  if (scale.some((s) => !Number.isFinite(s) || s < 0))
    throw file.malformed(`${label} has a scale that is not a finite positive number`);
  const zeros = (quantization.i64s(FIELD.quantization.zeroPoint, 'zero_point') ?? []).map(Number);
  if (zeros.length > 1 && zeros.length !== scale.length)
    throw file.malformed(`${label} has ${zeros.length} zero points for ${scale.length} scales`);
  const [low, high] = zeroPointRange(dtype);
  const outside = zeros.find((z) => z < low || z > high);
  if (outside !== undefined)
    throw file.malformed(`${label} has a zero point outside its type`, String(outside), `${low}…${high}`);
  return {
    scale,
    zeroPoint: scale.map((_, i) => zeros[i] ?? zeros[0] ?? 0),
    axis: quantizedAxis(
      quantization.i32(FIELD.quantization.quantizedDimension, 'quantized_dimension', 0),
      scale,
      shape,
    ),
  };
}

/** Old converters wrote the weights' axis into one-dimensional biases: the axis that has one scale per index. */
function quantizedAxis(declared: number, scale: readonly number[], shape: readonly number[]): number {
  if (scale.length === 1) return 0;
  return shape[declared] === scale.length ? declared : shape.indexOf(scale.length);
}

function zeroPointRange(dtype: DType): readonly [number, number] {
  if (dtype === 'int8') return [-128, 127];
  if (dtype === 'uint8') return [0, 255];
  if (dtype === 'int16') return [-32768, 32767];
  return [-2147483648, 2147483647];
}

function readConstant(
  file: FlatBufferFile,
  label: string,
  bytes: Uint8Array,
  dtype: DType,
  size: number,
  shape: readonly number[],
): ConstantData | undefined {
  if (bytes.length === 0) return undefined;
  const expected = shapeElements(shape) * size;
  if (bytes.length !== expected)
    throw file.malformed(
      `${label} has a buffer that does not match its shape [${shape.join(', ')}]`,
      `${bytes.length} bytes`,
      `${expected}`,
    );
  file.charge(bytes.length, label);
  // A copy: aligned, and independent of the caller's bytes. The host is little-endian, as the file is.
  const copy = bytes.slice().buffer;
  switch (dtype) {
    case 'float32':
      return new Float32Array(copy);
    case 'int8':
      return new Int8Array(copy);
    case 'uint8':
      return new Uint8Array(copy);
    case 'int16':
      return new Int16Array(copy);
    case 'int32':
      return new Int32Array(copy);
    case 'int64':
      return new BigInt64Array(copy);
  }
}

/** q' = q − 128, z' = z − 128: the same real values as int8. */
function recentre(tensor: GraphTensor, quantization: TensorQuantization): GraphTensor {
  const data =
    tensor.data === undefined
      ? undefined
      : Int8Array.from(tensor.data as Uint8Array, (value) => value - UINT8_CENTRE);
  return {
    ...tensor,
    dtype: 'int8',
    wasUint8: true,
    quantization: { ...quantization, zeroPoint: quantization.zeroPoint.map((z) => z - UINT8_CENTRE) },
    ...(data === undefined ? {} : { data }),
  };
}
