/** Constant tensors during import: values with a shape and a type, in ONNX's axis order. */
import { shapeElements } from '../../ops/graph-shapes.js';
import type { ElementType } from './schema.js';

/** int64 values stand as doubles, exact within ±2^53; shapes, axes and indices need no more. */
export type ConstantValues = Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array;

/** real = scale · (q − zeroPoint), one pair for all values or one per index of `axis`. */
export interface QuantizationParameters {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis: number;
  readonly type: 'int8' | 'uint8' | 'int32';
}

export interface Constant {
  readonly dims: readonly number[];
  readonly type: ElementType;
  readonly data: ConstantValues;
  /** Present on the de-quantised values of a quantised constant: its stored integers. */
  readonly stored?: { readonly data: ConstantValues; readonly quantization: QuantizationParameters };
}

const ARRAYS = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: Float64Array,
  bool: Uint8Array,
} as const satisfies Record<ElementType, unknown>;

export const allocate = (type: ElementType, length: number): ConstantValues => new ARRAYS[type](length);

export const integerConstant = (
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Constant => ({
  dims,
  type: 'int64',
  data: Float64Array.from(values),
});

export const floatConstant = (
  values: ArrayLike<number>,
  dims: readonly number[] = [values.length],
): Constant => ({
  dims,
  type: 'float32',
  data: Float32Array.from(values),
});

/** Row-major strides; an axis of size 1 gets stride 0, so that it broadcasts. */
export function broadcastStrides(dims: readonly number[], rank: number): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis]! !== 1) strides[axis + rank - dims.length] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

/** Calls `visit(output index, source index)` for every index of `dims`, in row-major order. */
export function forEachIndex(
  dims: readonly number[],
  strides: readonly number[],
  visit: (index: number, source: number) => void,
  offset = 0,
): void {
  const total = shapeElements(dims);
  const counter = new Array<number>(dims.length).fill(0);
  let source = offset;
  for (let index = 0; index < total; index++) {
    visit(index, source);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++counter[axis]! < dims[axis]!) break;
      source -= strides[axis]! * dims[axis]!;
      counter[axis] = 0;
    }
  }
}

/** Values re-read through strides: transposes, slices and broadcasts alike. */
export function gatherStrided(
  data: ConstantValues,
  type: ElementType,
  dims: readonly number[],
  strides: readonly number[],
  offset = 0,
): ConstantValues {
  const out = allocate(type, shapeElements(dims));
  forEachIndex(
    dims,
    strides,
    (index, source) => {
      out[index] = data[source]!;
    },
    offset,
  );
  return out;
}

export function rowMajorStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
}

const storedType = (constant: Constant): ElementType => constant.stored!.quantization.type;

/** Output axis i is input axis permutation[i]; the stored integers move along. */
export function transposeConstant(constant: Constant, permutation: readonly number[]): Constant {
  const dims = permutation.map((axis) => constant.dims[axis]!);
  const own = rowMajorStrides(constant.dims);
  const strides = permutation.map((axis) => own[axis]!);
  const moved = {
    dims,
    type: constant.type,
    data: gatherStrided(constant.data, constant.type, dims, strides),
  };
  if (constant.stored === undefined) return moved;
  const { data, quantization } = constant.stored;
  return {
    ...moved,
    stored: {
      data: gatherStrided(data, storedType(constant), dims, strides),
      quantization: { ...quantization, axis: permutation.indexOf(quantization.axis) },
    },
  };
}

/**
 * The same values under another shape; undefined when a per-channel axis would be torn apart. Element counts must
 * agree.
 */
export function reshapeConstant(constant: Constant, dims: readonly number[]): Constant | undefined {
  if (constant.stored === undefined) return { ...constant, dims };
  const { data, quantization } = constant.stored;
  const axis = movedAxis(constant.dims, dims, quantization);
  return axis === undefined
    ? undefined
    : { ...constant, dims, stored: { data, quantization: { ...quantization, axis } } };
}

function movedAxis(
  from: readonly number[],
  to: readonly number[],
  quantization: QuantizationParameters,
): number | undefined {
  if (quantization.scale.length === 1) return 0;
  const size = from[quantization.axis]!;
  const before = shapeElements(from.slice(0, quantization.axis));
  const axis = to.findIndex((n, i) => n === size && shapeElements(to.slice(0, i)) === before);
  return axis < 0 ? undefined : axis;
}

export const numbersOf = (constant: Constant): number[] => Array.from(constant.data);
