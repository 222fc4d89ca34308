/** Integers of weights, biases and constant operands, as an int8 .tflite stores them. */
import type { ConstantData, DType, TensorQuantization } from '../../../ir/graph.js';
import type { Constant } from '../constant.js';

export interface StoredTensor {
  readonly dtype: DType;
  readonly quantization: TensorQuantization;
  readonly wasUint8?: boolean;
  readonly data?: ConstantData;
}

const UINT8_CENTRE = 128;

/** int8 as stored; uint8 re-centred. Undefined when the constant is not quantised. */
export function integerWeights(constant: Constant): StoredTensor | undefined {
  if (constant.stored === undefined || constant.stored.quantization.type === 'int32') return undefined;
  const { data, quantization: q } = constant.stored;
  const centre = q.type === 'uint8' ? UINT8_CENTRE : 0;
  return {
    dtype: 'int8',
    quantization: { scale: q.scale, zeroPoint: q.zeroPoint.map((z) => z - centre), axis: q.axis },
    data: Int8Array.from(data, (value) => value - centre),
    ...(q.type === 'uint8' ? { wasUint8: true } : {}),
  };
}

/** Relative difference up to which a bias's own scale counts as the product of the others. */
const SCALE_TOLERANCE = 1e-6;

/** int32 in units of input scale · weight scale; stored integers are kept where they are in these units already. */
export function integerBias(
  constant: Constant,
  inputScale: number,
  weightScales: readonly number[],
): StoredTensor {
  const scale = Array.from(
    { length: weightScales.length === 1 ? 1 : constant.data.length },
    (_, i) => inputScale * weightScales[weightScales.length === 1 ? 0 : i]!,
  );
  const scaleAt = (i: number) => scale[scale.length === 1 ? 0 : i]!;
  const stored = constant.stored;
  const realAt = (i: number): number => {
    if (stored === undefined) return constant.data[i]!;
    const q = stored.quantization;
    const at = q.scale.length === 1 ? 0 : i;
    return (stored.data[i]! - q.zeroPoint[at]!) * q.scale[at]!;
  };
  const keeps = (i: number): boolean => {
    const q = stored?.quantization;
    const own = q?.scale[q.scale.length === 1 ? 0 : i] ?? 0;
    return (
      q?.type === 'int32' &&
      q.zeroPoint[0] === 0 &&
      Math.abs(own - scaleAt(i)) <= SCALE_TOLERANCE * scaleAt(i)
    );
  };
  const data = Int32Array.from(constant.data, (_, i) =>
    keeps(i) ? stored!.data[i]! : saturated(Math.round(realAt(i) / scaleAt(i))),
  );
  return {
    dtype: 'int32',
    quantization: { scale: scale.map(Math.fround), zeroPoint: scale.map(() => 0), axis: 0 },
    data,
  };
}

const saturated = (value: number): number => Math.max(-2147483648, Math.min(2147483647, value));

/** int8 with one scale; a float scalar becomes ±127 or 0 in units of its own, which is exact but for rounding. */
export function integerOperand(constant: Constant): StoredTensor | undefined {
  const stored = integerWeights(constant);
  if (stored !== undefined) return stored.quantization.scale.length === 1 ? stored : undefined;
  if (constant.data.length !== 1 || constant.stored !== undefined) return undefined;
  const value = constant.data[0]!;
  return {
    dtype: 'int8',
    quantization: { scale: [value === 0 ? 1 : Math.fround(Math.abs(value) / 127)], zeroPoint: [0], axis: 0 },
    data: Int8Array.of(Math.sign(value) * 127),
  };
}
