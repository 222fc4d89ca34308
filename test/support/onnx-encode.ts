/**
 * Writes small .onnx files for tests: a Protocol Buffers encoder for the few ONNX messages they need, written from
 * onnx/onnx, onnx/onnx.proto, independent of the reader under test.
 */

export type OnnxType = 'float' | 'uint8' | 'int8' | 'int32' | 'int64' | 'bool' | 'float16' | 'double';
const TYPE_CODES: Readonly<Record<OnnxType, number>> = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
};

export interface TensorSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type?: OnnxType;
  readonly data: ArrayLike<number>;
  /** How the values are stored; `raw` unless said otherwise. */
  readonly storage?: 'raw' | 'typed' | 'external';
}
export type AttributeSpec =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: TensorSpec };
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly name?: string;
  readonly domain?: string;
}
export interface PortSpec {
  readonly name: string;
  /** Absent: no shape at all; a string is a named dynamic dimension, '' an unnamed one. */
  readonly shape?: readonly (number | string)[];
  readonly type?: OnnxType;
}
export interface OnnxSpec {
  readonly opset?: number;
  readonly nodes: readonly NodeSpec[];
  readonly constants?: readonly TensorSpec[];
  readonly inputs: readonly PortSpec[];
  readonly outputs: readonly PortSpec[];
}

type Bytes = readonly number[];

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
const tag = (field: number, wireType: number): number[] => varint(field * 8 + wireType);
const integer = (field: number, value: number | bigint): number[] => [...tag(field, 0), ...varint(value)];
const block = (field: number, bytes: Bytes | Uint8Array): number[] => [
  ...tag(field, 2),
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string): number[] => block(field, new TextEncoder().encode(value));
const float = (field: number, value: number): number[] => [...tag(field, 5), ...rawFloats([value])];
const rawFloats = (values: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const packedInts = (values: ArrayLike<number>): number[] =>
  Array.from(values).flatMap((value) => varint(Math.trunc(value)));

function rawBytes(type: OnnxType, data: ArrayLike<number>): Uint8Array {
  const array = {
    float: () => Float32Array.from(data),
    uint8: () => Uint8Array.from(data),
    int8: () => Int8Array.from(data),
    int32: () => Int32Array.from(data),
    int64: () => BigInt64Array.from(Array.from(data, BigInt)),
    bool: () => Uint8Array.from(data),
    // The values are taken as bits.
    float16: () => Uint16Array.from(data),
    double: () => Float64Array.from(data),
  }[type]();
  return new Uint8Array(array.buffer);
}

function tensor(spec: TensorSpec): number[] {
  const type = spec.type ?? 'float';
  const head = [
    ...spec.dims.flatMap((size) => integer(1, size)),
    ...integer(2, TYPE_CODES[type]),
    ...text(8, spec.name),
  ];
  if (spec.storage === 'external')
    return [...head, ...block(13, [...text(1, 'location'), ...text(2, 'weights.bin')]), ...integer(14, 1)];
  if (spec.storage !== 'typed') return [...head, ...block(9, rawBytes(type, spec.data))];
  if (type === 'float') return [...head, ...block(4, rawFloats(spec.data))];
  if (type === 'double') return [...head, ...block(10, rawBytes(type, spec.data))];
  return [...head, ...block(type === 'int64' ? 7 : 5, packedInts(spec.data))];
}

function attribute(name: string, spec: AttributeSpec): number[] {
  const named = (type: number, value: Bytes): number[] => [...text(1, name), ...value, ...integer(20, type)];
  if ('float' in spec) return named(1, float(2, spec.float));
  if ('int' in spec) return named(2, integer(3, spec.int));
  if ('text' in spec) return named(3, text(4, spec.text));
  if ('tensor' in spec) return named(4, block(5, tensor(spec.tensor)));
  if ('floats' in spec) return named(6, block(7, rawFloats(spec.floats)));
  return named(
    7,
    spec.ints.flatMap((value) => integer(8, value)),
  );
}

const node = (spec: NodeSpec): number[] => [
  ...spec.inputs.flatMap((name) => text(1, name)),
  ...spec.outputs.flatMap((name) => text(2, name)),
  ...(spec.name === undefined ? [] : text(3, spec.name)),
  ...text(4, spec.op),
  ...Object.entries(spec.attributes ?? {}).flatMap(([name, value]) => block(5, attribute(name, value))),
  ...(spec.domain === undefined ? [] : text(7, spec.domain)),
];

function port(spec: PortSpec): number[] {
  const dimension = (size: number | string): number[] =>
    typeof size === 'number' ? integer(1, size) : size === '' ? [] : text(2, size);
  const shape = spec.shape?.flatMap((size) => block(1, dimension(size)));
  const type = [
    ...integer(1, TYPE_CODES[spec.type ?? 'float']),
    ...(shape === undefined ? [] : block(2, shape)),
  ];
  return [...text(1, spec.name), ...block(2, block(1, type))];
}

export function encodeOnnx(spec: OnnxSpec): Uint8Array {
  const graph = [
    ...spec.nodes.flatMap((item) => block(1, node(item))),
    ...text(2, 'graph'),
    ...(spec.constants ?? []).flatMap((item) => block(5, tensor(item))),
    ...spec.inputs.flatMap((item) => block(11, port(item))),
    ...spec.outputs.flatMap((item) => block(12, port(item))),
  ];
  const domains = [...new Set(spec.nodes.map((item) => item.domain ?? ''))].filter((domain) => domain !== '');
  return Uint8Array.from([
    ...integer(1, 8),
    ...block(7, graph),
    ...block(8, integer(2, spec.opset ?? 17)),
    ...domains.flatMap((domain) => block(8, [...text(1, domain), ...integer(2, 1)])),
  ]);
}

/**
 * The model with further values among its outputs. A Protocol Buffers parser merges a second graph message into
 * the first, so that appending one is enough; only for runtimes that do merge.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const more = names.flatMap((name) => block(12, port({ name })));
  return Uint8Array.from([...model, ...block(7, more)]);
}
