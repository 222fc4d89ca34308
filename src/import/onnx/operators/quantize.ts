/**
 * QuantizeLinear and DequantizeLinear: on constants they compute, on activations they become one node that the
 * quantised form of the network is derived from. Semantics: onnx/onnx, docs/Operators.md.
 */
import { allocate, type Constant, type ConstantValues, type QuantizationParameters } from '../constant.js';
import {
  type ActivationValue,
  activation,
  constantValue,
  type OperatorContext,
  type OperatorReader,
} from '../context.js';

type StoredType = QuantizationParameters['type'];

const RANGES: Readonly<Record<StoredType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int32: [-2147483648, 2147483647],
};

const isStoredType = (type: string): type is StoredType => Object.hasOwn(RANGES, type);

/** Scale and zero point from inputs 1 and 2; `type` is that of the integers, known from the zero point or the input. */
function parameters(
  c: OperatorContext,
  dims: readonly number[],
  fallback: StoredType,
): QuantizationParameters {
  const scale = c.constant(1, 'scale');
  const zero = c.optionalConstant(2, 'zero point');
  if (c.int('block_size', 0) !== 0) return c.refuse('it quantises in blocks');
  const type = zero?.type ?? fallback;
  if (!isStoredType(type)) return c.refuse(`its zero point is of type ${type}`);
  if (scale.data.some((s) => !(s > 0 && Number.isFinite(s))))
    throw c.malformed('has a scale that is not positive');
  const count = scale.data.length;
  if (zero !== undefined && zero.data.length !== count && zero.data.length !== 1)
    throw c.malformed(`has ${zero.data.length} zero points for ${count} scales`);
  const axis = count === 1 ? 0 : c.axis(c.int('axis', 1), dims.length);
  if (count > 1 && dims[axis] !== count)
    throw c.malformed(`has ${count} scales along axis ${axis} of [${dims.join(', ')}]`);
  if (count === 0) throw c.malformed('has no scale');
  const zeros = zero === undefined ? [0] : Array.from(zero.data);
  const zeroPoint = Array.from({ length: count }, (_, i) => zeros[i] ?? zeros[0]!);
  const [low, high] = RANGES[type];
  if (zeroPoint.some((z) => z < low || z > high)) throw c.malformed('has a zero point outside its type');
  return { scale: Array.from(scale.data), zeroPoint, axis, type };
}

/** Index of the scale that belongs to each element. */
function scaleIndex(dims: readonly number[], q: QuantizationParameters): (element: number) => number {
  if (q.scale.length === 1) return () => 0;
  const inner = dims.slice(q.axis + 1).reduce((product, size) => product * size, 1);
  return (element) => Math.floor(element / inner) % q.scale.length;
}

export const quantizeLinear: OperatorReader = (c) => {
  const value = c.value(0);
  const declared = c.int('output_dtype', 0);
  if (declared !== 0 && declared !== 2 && declared !== 3)
    return c.refuse('its integers are neither int8 nor uint8');
  const fallback: StoredType = declared === 3 ? 'int8' : 'uint8';
  if (value.kind === 'constant') {
    const q = parameters(c, value.constant.dims, fallback);
    c.draft.charge(value.constant.data.length, c.label);
    return constantValue({
      dims: value.constant.dims,
      type: q.type,
      data: quantizeConstant(value.constant, q),
    });
  }
  const view = c.view(0);
  const q = parameters(c, view.dims, fallback);
  requirePerTensor(c, q);
  return { ...fakeQuantize(c, activation(view), q), stored: q };
};

/** Round half to even, then saturate. */
function quantizeConstant(constant: Constant, q: QuantizationParameters): ConstantValues {
  const [low, high] = RANGES[q.type];
  const index = scaleIndex(constant.dims, q);
  const out = allocate(q.type, constant.data.length);
  for (let i = 0; i < out.length; i++) {
    const s = index(i);
    const scaled = Math.fround(constant.data[i]! / q.scale[s]!);
    out[i] = Math.min(high, Math.max(low, roundHalfEven(scaled) + q.zeroPoint[s]!));
  }
  return out;
}

export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

function requirePerTensor(c: OperatorContext, q: QuantizationParameters): void {
  if (q.scale.length > 1) c.refuse('it quantises an activation per channel; quantise activations per tensor');
  if (q.type === 'int32') c.refuse('it quantises an activation to int32');
}

/** One node per tensor and parameters, however many QuantizeLinear nodes say the same. */
function fakeQuantize(
  c: OperatorContext,
  value: ActivationValue,
  q: QuantizationParameters,
): ActivationValue {
  const shape = c.draft.tensors[value.view.tensor]!.shape;
  const tensor = c.draft.fakeQuantize(value.view.tensor, q, c.name, shape);
  return activation({ ...value.view, tensor });
}

export const dequantizeLinear: OperatorReader = (c) => {
  const raw = c.inputs[0];
  if (raw?.kind === 'stored input') {
    if (!isStoredType(raw.type) || raw.type === 'int32') return c.refuse(`its input is of type ${raw.type}`);
    const q = parameters(c, raw.view.dims, raw.type);
    requirePerTensor(c, q);
    return fakeQuantize(c, activation(raw.view), q);
  }
  const value = c.value(0);
  if (value.kind === 'constant') return constantValue(dequantizeConstant(c, value.constant));
  if (value.stored === undefined) return c.refuse('its input is not quantised');
  const q = parameters(c, value.view.dims, value.stored.type);
  if (q.scale.join() !== value.stored.scale.join() || q.zeroPoint.join() !== value.stored.zeroPoint.join())
    return c.refuse('its scale or zero point differs from that of the QuantizeLinear in front');
  c.draft.rename(value.view.tensor, c.name);
  return activation(value.view);
};

function dequantizeConstant(c: OperatorContext, constant: Constant): Constant {
  if (!isStoredType(constant.type)) return c.refuse(`its input is of type ${constant.type}`);
  const q = parameters(c, constant.dims, constant.type);
  if (q.type !== constant.type)
    throw c.malformed(`has a zero point of type ${q.type} for values of ${constant.type}`);
  c.draft.charge(constant.data.length, c.label);
  const index = scaleIndex(constant.dims, q);
  const data = new Float32Array(constant.data.length);
  for (let i = 0; i < data.length; i++) {
    const s = index(i);
    data[i] = (constant.data[i]! - q.zeroPoint[s]!) * q.scale[s]!;
  }
  return { dims: constant.dims, type: 'float32', data, stored: { data: constant.data, quantization: q } };
}
