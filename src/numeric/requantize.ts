/**
 * Requantisation: int32 accumulator → stored width, the bit-exact contract of every engine.
 *
 * Modes `tflm` and `single` state the semantics of tensorflow/lite/kernels/internal/common.{h,cc}
 * (MultiplyByQuantizedMultiplier with two roundings, and with TFLITE_SINGLE_ROUNDING); `mulhi` is this
 * project's own (numeric contract, "Requantisation"); `xnnpack` those of google/XNNPACK's `fp32` microkernels.
 * BigInt on purpose: this is the obvious reference.
 */

/** Modes that firmware computes. */
export const FIRMWARE_MODES = ['tflm', 'single', 'mulhi'] as const;
/** Every mode; `xnnpack` is simulated only (numeric contract, "Requantisation"). */
export const REQUANT_MODES = [...FIRMWARE_MODES, 'xnnpack'] as const;
/** Mode of a plan. */
export type RequantMode = (typeof REQUANT_MODES)[number];
export type FirmwareMode = (typeof FIRMWARE_MODES)[number];
/** Modes that reproduce another interpreter's arithmetic on networks that come quantised. */
export type ImportedMode = Exclude<RequantMode, 'mulhi'>;

/**
 * A positive real multiplier as integers.
 * - `tflm`, `single`: real ≈ multiplier · 2^(shift − 31), multiplier in [2^30, 2^31), shift −31…30
 *   (positive shifts left, as TFLite's QuantizeMultiplier returns it).
 * - `mulhi`: real ≈ multiplier · 2^(shift − 32), 0 ≤ multiplier < 2^31, 0 ≤ shift ≤ 30 (the contract's M and L).
 * - `xnnpack`: as `tflm`, and exactly a float32: the lowest seven bits of the multiplier are zero.
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
  const left = Math.max(0, m.shift);
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

/** A float32 rounded to the nearest integer, halves to even; the addition of 1.5 · 2^23 in float32 does this. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const above = x - floor;
  return above > 0.5 || (above === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Mode `xnnpack`: the accumulator and its product with the float32 scale rounded to float32, then to an integer. */
export function scaleXnnpack(acc: number, m: FixedMultiplier): number {
  const scale = Math.fround(m.multiplier * 2 ** (m.shift - 31));
  return roundHalfEven(Math.fround(Math.fround(acc) * scale));
}

export const SCALE_BY_MODE = {
  tflm: scaleTflm,
  single: scaleSingle,
  mulhi: scaleMulhi,
  xnnpack: scaleXnnpack,
} as const satisfies Record<RequantMode, (acc: number, m: FixedMultiplier) => number>;

/** `xnnpack` form of a real multiplier: its float32. */
export const quantizeFloat32 = (real: number): FixedMultiplier => quantizeMultiplier(Math.fround(real));

/** The multiplier's integer form in a mode. */
export function quantizeMultiplierFor(mode: RequantMode, real: number): FixedMultiplier {
  if (mode === 'mulhi') return quantizeMulhi(real);
  return mode === 'xnnpack' ? quantizeFloat32(real) : quantizeMultiplier(real);
}

export interface OutputStage {
  readonly zeroPoint: number;
  /** Inclusive bounds: the output width's range cut by the fused activation. */
  readonly min: number;
  readonly max: number;
}

/** clamp(zeroPoint + scale(acc)): one output element. */
export function requantize(acc: number, m: FixedMultiplier, mode: RequantMode, out: OutputStage): number {
  const q = SCALE_BY_MODE[mode](acc, m) + out.zeroPoint;
  return Math.max(out.min, Math.min(out.max, q));
}
