/** TensorProto → Constant: dimensions, element type and values, each checked before use. */
import { shapeElements } from '../../ops/graph-shapes.js';
import { limit } from '../../support/errors.js';
import { allocate, type Constant, type ConstantValues } from './constant.js';
import { DATA_TYPES, type ElementType, FIELD, typeName } from './schema.js';
import { WIRE, type WireField, type WireMessage } from './wire.js';

export const MAX_RANK = 8;
/** Elements of one tensor: 64 Mi, far beyond any microcontroller's memory. */
export const MAX_ELEMENTS = 1 << 26;

/** A tensor as read; `problem` says why no operator may use it. */
export interface OnnxTensor {
  readonly name: string;
  readonly constant?: Constant;
  readonly problem?: string;
}

interface TensorFields {
  name: string;
  dims: number[];
  dataType: number;
  raw?: Uint8Array;
  /** int32_data, int64_data, float_data or double_data, whichever occurs. */
  values: number[];
  external: boolean;
  segmented: boolean;
}

export function readTensor(message: WireMessage): OnnxTensor {
  const fields = readFields(message);
  const { name, dims, dataType } = fields;
  const label = `tensor ${name === '' ? '(unnamed)' : name}`;
  checkDims(message, label, dims);
  if (fields.external)
    return {
      name,
      problem: 'has its values in another file; save the model with its data inside (one .onnx file)',
    };
  if (fields.segmented) return { name, problem: 'is stored in segments' };
  const type = DATA_TYPES[dataType];
  if (type?.type === undefined) return { name, problem: `has element type ${typeName(dataType)}` };
  const count = shapeElements(dims);
  const data =
    fields.raw !== undefined
      ? fromRaw(message, label, fields.raw, dataType, count)
      : fromValues(message, label, fields.values, dataType, count);
  return { name, constant: { dims, type: type.type, data } };
}

function readFields(message: WireMessage): TensorFields {
  const fields: TensorFields = {
    name: '',
    dims: [],
    dataType: 0,
    values: [],
    external: false,
    segmented: false,
  };
  const f = FIELD.tensor;
  const integers = (field: WireField) => message.ints(field, fields.values, MAX_ELEMENTS);
  message.forEachField((field) => {
    if (field.number === f.name) fields.name = message.string(field);
    else if (field.number === f.dims) message.ints(field, fields.dims, MAX_RANK);
    else if (field.number === f.dataType) fields.dataType = message.int(field);
    else if (field.number === f.rawData) fields.raw = message.bytes(field);
    else if (field.number === f.floatData) message.reals(field, 4, fields.values, MAX_ELEMENTS);
    else if (field.number === f.doubleData) message.reals(field, 8, fields.values, MAX_ELEMENTS);
    else if (field.number === f.int32Data || field.number === f.int64Data) integers(field);
    else if (field.number === f.externalData) fields.external = true;
    else if (field.number === f.dataLocation)
      fields.external ||= field.type === WIRE.varint && message.int(field) === 1;
    else if (field.number === f.segment) fields.segmented = true;
  });
  return fields;
}

function checkDims(message: WireMessage, label: string, dims: readonly number[]): void {
  if (dims.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw message.file.malformed(`${label} has a dimension that is not a size`, `[${dims.join(', ')}]`);
  if (shapeElements(dims) > MAX_ELEMENTS)
    throw limit('onnx/tensor-size', `${label} is too large`, {
      where: message.file.fileName,
      found: `[${dims.join(', ')}]`,
      expected: `at most ${MAX_ELEMENTS} elements`,
    });
}

function fromRaw(
  message: WireMessage,
  label: string,
  raw: Uint8Array,
  dataType: number,
  count: number,
): ConstantValues {
  const { bytes, type } = DATA_TYPES[dataType] as { bytes: number; type: ElementType };
  if (raw.length !== count * bytes)
    throw message.file.malformed(
      `${label} has values that do not match its shape`,
      `${raw.length} bytes`,
      `${count * bytes}`,
    );
  // A copy: aligned, and independent of the caller's bytes. The host is little-endian, as the file is.
  const copy = raw.slice().buffer;
  const name = typeName(dataType);
  if (name === 'INT64') return Float64Array.from(new BigInt64Array(copy), Number);
  if (name === 'DOUBLE') return Float32Array.from(new Float64Array(copy));
  if (name === 'FLOAT16') return Float32Array.from(new Uint16Array(copy), halfToFloat);
  if (name === 'FLOAT') return new Float32Array(copy);
  if (name === 'INT32') return new Int32Array(copy);
  return type === 'int8' ? new Int8Array(copy) : new Uint8Array(copy);
}

function fromValues(
  message: WireMessage,
  label: string,
  values: readonly number[],
  dataType: number,
  count: number,
): ConstantValues {
  const type = DATA_TYPES[dataType]!.type!;
  if (values.length !== count)
    throw message.file.malformed(
      `${label} has values that do not match its shape`,
      `${values.length} values`,
      `${count}`,
    );
  const out = allocate(type, count);
  const half = typeName(dataType) === 'FLOAT16';
  for (let i = 0; i < count; i++) out[i] = half ? halfToFloat(values[i]!) : values[i]!;
  return out;
}

/** IEEE 754 binary16, given as its bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
