/**
 * Tables of SOFTMAX and LOGISTIC for a stored input, filled as TensorFlow Lite Micro computes these functions:
 * softmax_common.cc and reference/softmax.h, logistic_common.cc and integer_ops/logistic.h.
 */
import {
  quantizeMultiplier,
  type RequantMode,
  roundingDivideByPot,
  SCALE_BY_MODE,
  saturatingRoundingDoublingHighMul,
} from '../numeric/requantize.js';
import { WIDTHS, type Width } from '../numeric/widths.js';
import { expOnNegative, logistic } from './gemmlowp.js';

const SOFTMAX_INTEGER_BITS = 5;
const LOGISTIC_INTEGER_BITS = 4;

/** CalculateInputRadius (quantization_util.cc): the largest input that fits the integer bits after the shift. */
export const inputRadius = (integerBits: number, leftShift: number): number =>
  Math.floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** leftShift);

/** The real factor from stored differences to exponents in Q5.26; at most 1 means that the scale is too small. */
export function softmaxFactor(inputScale: number, beta: number, mode: RequantMode): number {
  // PreprocessSoftmaxScaling: beta is a float widened to double; the cap depends on the rounding compiled in.
  const cap = 2 ** (mode === 'single' ? 30 : 31) - 1;
  return Math.min(beta * inputScale * 2 ** (31 - SOFTMAX_INTEGER_BITS), cap);
}

/** Entry d is exp(−d · beta · scale) in Q0.31, 0 where it is too small: int32[256]. The factor must exceed 1. */
export function softmaxTable(factor: number): Int32Array {
  const { multiplier, shift } = quantizeMultiplier(factor);
  const lowestDifference = -inputRadius(SOFTMAX_INTEGER_BITS, shift);
  return Int32Array.from({ length: 256 }, (_, i) => {
    if (-i < lowestDifference) return 0;
    // With a left shift only, one and two roundings give the same value.
    const scaled = saturatingRoundingDoublingHighMul(-i * 2 ** shift, multiplier);
    return expOnNegative(scaled, SOFTMAX_INTEGER_BITS);
  });
}

/** Stored value of 1 / (1 + e^−x), scale 1/256 and zero point −128, for every stored input of a width. */
export function logisticTable(
  input: { readonly scale: number; readonly zeroPoint: number; readonly bits: Width },
  mode: 'tflm' | 'single',
): Int8Array {
  const multiplier = quantizeMultiplier(input.scale * 2 ** (31 - LOGISTIC_INTEGER_BITS));
  const radius = inputRadius(LOGISTIC_INTEGER_BITS, multiplier.shift);
  const { activationMin } = WIDTHS[input.bits];
  return Int8Array.from({ length: 2 ** input.bits }, (_, i) => {
    const centred = i + activationMin - input.zeroPoint;
    if (centred <= -radius) return -128;
    if (centred >= radius) return 127;
    const value = logistic(SCALE_BY_MODE[mode](centred, multiplier), LOGISTIC_INTEGER_BITS);
    return Math.min(127, Math.max(-128, roundingDivideByPot(value, 31 - 8) - 128));
  });
}
