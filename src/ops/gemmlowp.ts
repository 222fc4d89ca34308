/**
 * exp and logistic in fixed point, as TFLM's integer softmax and logistic compute them.
 * Source: google/gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values, logistic); the constants below are
 * that file's.
 */
import { saturatingRoundingDoublingHighMul as mulHigh, roundingDivideByPot } from '../numeric/requantize.js';
import { oneOverOnePlus } from './softmax.js';

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;
/** exp(−1/8) and 1/3 in Q0.31. */
const EXP_MINUS_EIGHTH = 1895147668;
const ONE_THIRD = 715827883;
/** exp(−2^e) in Q0.31 for e = −2, −1, …, 4. */
const EXP_MINUS_POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

const saturatingShiftLeft = (x: number, bits: number): number =>
  Math.max(INT32_MIN, Math.min(INT32_MAX, x * 2 ** bits));

/** exp(a) for a in [−1/4, 0), Q0.31: Taylor expansion around −1/8. */
function expOnQuarter(a: number): number {
  const x = a + (1 << 28);
  const x2 = mulHigh(x, x);
  const x3 = mulHigh(x2, x);
  const x4 = mulHigh(x2, x2);
  const x4Over4 = roundingDivideByPot(x4, 2);
  const tail = roundingDivideByPot(mulHigh(x4Over4 + x3, ONE_THIRD) + x2, 1);
  return EXP_MINUS_EIGHTH + mulHigh(EXP_MINUS_EIGHTH, x + tail);
}

/** exp(a) in Q0.31 for a ≤ 0 with `integerBits` integer bits (a = raw · 2^(integerBits − 31)); 0…5 bits. */
export function expOnNegative(raw: number, integerBits: number): number {
  if (raw === 0) return INT32_MAX;
  const fractionalBits = 31 - integerBits;
  const oneQuarter = 1 << (fractionalBits - 2);
  const withinQuarter = (raw & (oneQuarter - 1)) - oneQuarter;
  let result = expOnQuarter(saturatingShiftLeft(withinQuarter, integerBits));
  const remainder = (withinQuarter - raw) | 0;
  EXP_MINUS_POWERS.forEach((factor, i) => {
    const exponent = i - 2;
    if (integerBits > exponent && (remainder & (1 << (fractionalBits + exponent))) !== 0)
      result = mulHigh(result, factor);
  });
  return result;
}

/** logistic(a) in Q0.31 for a with `integerBits` integer bits. */
export function logistic(raw: number, integerBits: number): number {
  if (raw === 0) return 1 << 30;
  const positive = oneOverOnePlus(expOnNegative(raw > 0 ? -raw : raw, integerBits));
  return raw > 0 ? positive : INT32_MAX - positive;
}
