/**
 * Writes small .tflite files for tests with the official `flatbuffers` writer, independent of our reader.
 * Field ids: tensorflow/tflite-micro, tensorflow/compiler/mlir/lite/schema/schema.fbs.
 */
import { Builder } from 'flatbuffers';

export type TypeName = 'FLOAT32' | 'INT32' | 'UINT8' | 'INT64' | 'INT8' | 'FLOAT16';
const TYPES: Readonly<Record<TypeName, number>> = {
  FLOAT32: 0,
  FLOAT16: 1,
  INT32: 2,
  UINT8: 3,
  INT64: 4,
  INT8: 9,
};

/** Builtin operator codes and union tags of their options (0: no options). */
const OPERATORS = {
  ADD: [0, 11],
  AVERAGE_POOL_2D: [1, 5],
  CONCATENATION: [2, 10],
  CONV_2D: [3, 1],
  DEPTHWISE_CONV_2D: [4, 2],
  DEQUANTIZE: [6, 0],
  FULLY_CONNECTED: [9, 8],
  LOGISTIC: [14, 0],
  MAX_POOL_2D: [17, 5],
  MUL: [18, 21],
  RELU: [19, 0],
  RELU6: [21, 0],
  RESHAPE: [22, 0],
  SOFTMAX: [25, 9],
  CUSTOM: [32, 0],
  PAD: [34, 0],
  TRANSPOSE: [39, 0],
  MEAN: [40, 27],
  SUB: [41, 28],
  SQUEEZE: [43, 0],
  TANH: [28, 0],
  PADV2: [60, 0],
  EXPAND_DIMS: [70, 0],
  RESIZE_NEAREST_NEIGHBOR: [97, 74],
  QUANTIZE: [114, 0],
} as const satisfies Record<string, readonly [number, number]>;
export type OperatorName = keyof typeof OPERATORS;

export interface TensorSpec {
  readonly name: string;
  readonly type: TypeName;
  readonly shape: readonly number[];
  readonly scale?: readonly number[];
  readonly zeroPoint?: readonly number[];
  readonly axis?: number;
  readonly data?: ArrayLike<number>;
}

/** One option field: id in its table, kind, value. Defaults are written too. */
export type OptionField = readonly [id: number, kind: 'i8' | 'i32' | 'f32', value: number];

export interface OperatorSpec {
  readonly op: OperatorName;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: readonly OptionField[];
  readonly customCode?: string;
  readonly customOptions?: Uint8Array;
}

export interface ModelSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

function elementBytes(type: TypeName, values: ArrayLike<number>): Uint8Array {
  if (type === 'FLOAT32') return new Uint8Array(Float32Array.from(values).buffer);
  if (type === 'INT32') return new Uint8Array(Int32Array.from(values).buffer);
  if (type === 'INT64') return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer);
  return Uint8Array.from(values);
}

class Writer {
  readonly b = new Builder(1024);

  vector(size: number, items: readonly number[], add: (value: number) => void): number {
    this.b.startVector(size, items.length, size);
    for (const item of [...items].reverse()) add(item);
    return this.b.endVector();
  }
  i32s(items: readonly number[]): number {
    return this.vector(4, items, (v) => this.b.addInt32(v));
  }
  f32s(items: readonly number[]): number {
    return this.vector(4, items, (v) => this.b.addFloat32(v));
  }
  i64s(items: readonly number[]): number {
    return this.vector(8, items, (v) => this.b.addInt64(BigInt(v)));
  }
  offsets(items: readonly number[]): number {
    return this.vector(4, items, (v) => this.b.addOffset(v));
  }
  table(fields: number, fill: () => void): number {
    this.b.startObject(fields);
    fill();
    return this.b.endObject();
  }
}

/** The model's bytes: one subgraph, buffer 0 empty, one buffer per constant. */
export function buildTflite(spec: ModelSpec): Uint8Array {
  const w = new Writer();
  const { b } = w;
  const buffers: number[] = [w.table(3, () => {})];
  const bufferOf = spec.tensors.map((tensor) => {
    if (tensor.data === undefined) return 0;
    b.startVector(1, 0, 16);
    b.endVector();
    const data = b.createByteVector(elementBytes(tensor.type, tensor.data));
    buffers.push(w.table(3, () => b.addFieldOffset(0, data, 0)));
    return buffers.length - 1;
  });
  const tensors = w.offsets(spec.tensors.map((tensor, i) => writeTensor(w, tensor, bufferOf[i]!)));
  const codes = w.offsets(spec.operators.map((op) => writeCode(w, op)));
  const operators = w.offsets(spec.operators.map((op, i) => writeOperator(w, op, i)));
  const inputs = w.i32s(spec.inputs);
  const outputs = w.i32s(spec.outputs);
  const subgraph = w.table(5, () => {
    b.addFieldOffset(0, tensors, 0);
    b.addFieldOffset(1, inputs, 0);
    b.addFieldOffset(2, outputs, 0);
    b.addFieldOffset(3, operators, 0);
  });
  const subgraphs = w.offsets([subgraph]);
  const bufferVector = w.offsets(buffers);
  const model = w.table(5, () => {
    b.addFieldInt32(0, 3, 0);
    b.addFieldOffset(1, codes, 0);
    b.addFieldOffset(2, subgraphs, 0);
    b.addFieldOffset(4, bufferVector, 0);
  });
  b.finish(model, 'TFL3');
  return b.asUint8Array().slice();
}

function writeTensor(w: Writer, tensor: TensorSpec, buffer: number): number {
  const { b } = w;
  const shape = w.i32s(tensor.shape);
  const name = b.createString(tensor.name);
  let quantization = 0;
  if (tensor.scale !== undefined) {
    const scale = w.f32s(tensor.scale);
    const zero = w.i64s(tensor.zeroPoint ?? [0]);
    quantization = w.table(7, () => {
      b.addFieldOffset(2, scale, 0);
      b.addFieldOffset(3, zero, 0);
      b.addFieldInt32(6, tensor.axis ?? 0, 0);
    });
  }
  return w.table(8, () => {
    b.addFieldOffset(0, shape, 0);
    b.addFieldInt8(1, TYPES[tensor.type], 0);
    b.addFieldInt32(2, buffer, 0);
    b.addFieldOffset(3, name, 0);
    b.addFieldOffset(4, quantization, 0);
  });
}

function writeCode(w: Writer, operator: OperatorSpec): number {
  const code = OPERATORS[operator.op][0];
  const custom = operator.customCode === undefined ? 0 : w.b.createString(operator.customCode);
  return w.table(4, () => {
    w.b.addFieldInt8(0, code, -1);
    w.b.addFieldOffset(1, custom, 0);
    w.b.addFieldInt32(2, 1, 0);
    w.b.addFieldInt32(3, code, -1);
  });
}

/** Not a value of any option, so that no field is left out as its default. */
const WRITE_ALWAYS = 0x7ffffff1;

function writeOperator(w: Writer, operator: OperatorSpec, index: number): number {
  const { b } = w;
  const tag = OPERATORS[operator.op][1];
  const inputs = w.i32s(operator.inputs);
  const outputs = w.i32s(operator.outputs);
  const options =
    tag === 0
      ? 0
      : w.table(8, () => {
          for (const [id, kind, value] of operator.options ?? []) {
            if (kind === 'i8') b.addFieldInt8(id, value, -128);
            else if (kind === 'i32') b.addFieldInt32(id, value, WRITE_ALWAYS);
            else b.addFieldFloat32(id, value, Number.NaN);
          }
        });
  const custom = operator.customOptions === undefined ? 0 : b.createByteVector(operator.customOptions);
  return w.table(7, () => {
    b.addFieldInt32(0, index, -1);
    b.addFieldOffset(1, inputs, 0);
    b.addFieldOffset(2, outputs, 0);
    b.addFieldInt8(3, options === 0 ? 0 : tag, 0);
    b.addFieldOffset(4, options, 0);
    b.addFieldOffset(5, custom, 0);
  });
}

export const ACTIVATION = { none: 0, relu: 1, reluN1To1: 2, relu6: 3 } as const;
export const PADDING = { same: 0, valid: 1 } as const;

/** Options of the windowed operators, in the schema's field order. */
export const conv2dOptions = (o: {
  padding: number;
  stride?: readonly [number, number];
  dilation?: readonly [number, number];
  activation?: number;
}): readonly OptionField[] => [
  [0, 'i8', o.padding],
  [1, 'i32', o.stride?.[1] ?? 1],
  [2, 'i32', o.stride?.[0] ?? 1],
  [3, 'i8', o.activation ?? 0],
  [4, 'i32', o.dilation?.[1] ?? 1],
  [5, 'i32', o.dilation?.[0] ?? 1],
];
export const depthwiseOptions = (
  o: Parameters<typeof conv2dOptions>[0] & { multiplier: number },
): readonly OptionField[] => [
  [0, 'i8', o.padding],
  [1, 'i32', o.stride?.[1] ?? 1],
  [2, 'i32', o.stride?.[0] ?? 1],
  [3, 'i32', o.multiplier],
  [4, 'i8', o.activation ?? 0],
  [5, 'i32', o.dilation?.[1] ?? 1],
  [6, 'i32', o.dilation?.[0] ?? 1],
];
export const poolOptions = (o: {
  padding: number;
  stride: readonly [number, number];
  kernel: readonly [number, number];
  activation?: number;
}): readonly OptionField[] => [
  [0, 'i8', o.padding],
  [1, 'i32', o.stride[1]],
  [2, 'i32', o.stride[0]],
  [3, 'i32', o.kernel[1]],
  [4, 'i32', o.kernel[0]],
  [5, 'i8', o.activation ?? 0],
];
