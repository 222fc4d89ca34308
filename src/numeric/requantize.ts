/**
 * Requantisation: int32 accumulator → stored width, the bit-exact contract of every engine.
 *
 * Modes `tflm` and `single` state the semantics of tensorflow/lite/kernels/internal/common.{h,cc}
 * (MultiplyByQuantizedMultiplier with two roundings, and with TFLITE_SINGLE_ROUNDING); `mulhi` is this
 * project's own (numeric contract, "Requantisation"). BigInt on purpose: this is the obvious reference.
 */

export const REQUANT_MODES = ['tflm', 'single', 'mulhi'] as const;
/** Mode of a plan. `xnnpack` joins with the simulation-only mode of imported models. */
export type RequantMode = (typeof REQUANT_MODES)[number];

/**
 * A positive real multiplier as integers.
 * - `tflm`, `single`: real ≈ multiplier · 2^(shift − 31), multiplier in [2^30, 2^31), shift −31…30
 *   (positive shifts left, as TFLite's QuantizeMultiplier returns it).
 * - `mulhi`: real ≈ multiplier · 2^(shift − 32), 0 ≤ multiplier < 2^31, 0 ≤ shift ≤ 30 (the contract's M and L).
 */
export interface FixedMultiplier {
  readonly multiplier: number;
  readonly shift: number;
}

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/** TFLite's QuantizeMultiplier: frexp, round to Q31, renormalise; below 2^-32 becomes zero. */
export function quantizeMultiplier(real: number): FixedMultiplier {
  if (!(real >= 0) || !Number.isFinite(real))
    throw new RangeError(`multiplier ${real} is not a finite positive number`);
  if (real === 0) return { multiplier: 0, shift: 0 };
  let { fraction, exponent } = frexp(real);
  let fixed = roundHalfAwayFromZero(fraction * 2147483648);
  if (fixed === 2147483648) {
    fixed /= 2;
    exponent++;
  }
  if (exponent < -31) return { multiplier: 0, shift: 0 };
  if (exponent > 30) return { multiplier: INT32_MAX, shift: 30 };
  return { multiplier: fixed, shift: exponent };
}

/** `mulhi` form of a real multiplier in [0, 2^30): largest M < 2^31 for the smallest L ≥ 0 that holds it. */
export function quantizeMulhi(real: number): FixedMultiplier {
  if (!(real >= 0) || !Number.isFinite(real))
    throw new RangeError(`multiplier ${real} is not a finite positive number`);
  for (let shift = 0; shift <= 30; shift++) {
    const multiplier = Math.round(real * 2 ** (32 - shift));
    if (multiplier <= INT32_MAX) return { multiplier, shift };
  }
  throw new RangeError(`multiplier ${real} exceeds 2^30`);
}

function frexp(value: number): { fraction: number; exponent: number } {
  let exponent = Math.max(-1023, Math.floor(Math.log2(value)) + 1);
  let fraction = value * 2 ** -exponent;
  while (fraction < 0.5) {
    fraction *= 2;
    exponent--;
  }
  while (fraction >= 1) {
    fraction /= 2;
    exponent++;
  }
  return { fraction, exponent };
}

const roundHalfAwayFromZero = (x: number): number => (x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5));

/** gemmlowp SaturatingRoundingDoublingHighMul: (a·b + 2^30) >> 31, halves up; INT32_MIN² saturates. */
export function saturatingRoundingDoublingHighMul(a: number, b: number): number {
  if (a === INT32_MIN && b === INT32_MIN) return INT32_MAX;
  return Number((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);
}

/** gemmlowp RoundingDivideByPOT: arithmetic right shift, halves away from zero. `exponent` 0…31. */
export function roundingDivideByPot(value: number, exponent: number): number {
  if (exponent === 0) return value;
  const mask = (1n << BigInt(exponent)) - 1n;
  const remainder = BigInt.asUintN(32, BigInt(value)) & mask;
  const threshold = (mask >> 1n) + (value < 0 ? 1n : 0n);
  return Number((BigInt(value) >> BigInt(exponent)) + (remainder > threshold ? 1n : 0n));
}

/** Mode `tflm`: two roundings. The left shift wraps in int32 as in C++; lowering proves that it never does. */
export function scaleTflm(acc: number, m: FixedMultiplier): number {
  const left = m.shift > 0 ? m.shift : 0;
  const right = m.shift > 0 ? 0 : -m.shift;
  const shifted = Number(BigInt.asIntN(32, BigInt(acc) << BigInt(left)));
  return roundingDivideByPot(saturatingRoundingDoublingHighMul(shifted, m.multiplier), right);
}

/** Mode `single`: one rounding of the 64-bit product, halves up. */
export function scaleSingle(acc: number, m: FixedMultiplier): number {
  const total = BigInt(31 - m.shift);
  return Number(BigInt.asIntN(32, (BigInt(acc) * BigInt(m.multiplier) + (1n << (total - 1n))) >> total));
}

/** Mode `mulhi`: ((acc·2^L)·M + 2^31) >> 32; the zero point is added by the caller. */
export function scaleMulhi(acc: number, m: FixedMultiplier): number {
  return Number((BigInt(acc) * (1n << BigInt(m.shift)) * BigInt(m.multiplier) + (1n << 31n)) >> 32n);
}

export const SCALE_BY_MODE = {
  tflm: scaleTflm,
  single: scaleSingle,
  mulhi: scaleMulhi,
} as const satisfies Record<RequantMode, (acc: number, m: FixedMultiplier) => number>;

/** The multiplier's integer form in a mode. */
export const quantizeMultiplierFor = (mode: RequantMode, real: number): FixedMultiplier =>
  mode === 'mulhi' ? quantizeMulhi(real) : quantizeMultiplier(real);

export interface OutputStage {
  readonly zeroPoint: number;
  /** Inclusive bounds: the output width's range cut by the fused activation. */
  readonly min: number;
  readonly max: number;
}

/** clamp(zeroPoint + scale(acc)): one output element. */
export function requantize(acc: number, m: FixedMultiplier, mode: RequantMode, out: OutputStage): number {
  const q = SCALE_BY_MODE[mode](acc, m) + out.zeroPoint;
  return q < out.min ? out.min : q > out.max ? out.max : q;
}
