/** Requantisation against exact rational arithmetic and hand-worked ties. */
import { describe, expect, it } from 'vitest';
import {
  quantizeMulhi,
  quantizeMultiplier,
  requantize,
  roundingDivideByPot,
  saturatingRoundingDoublingHighMul,
  scaleMulhi,
  scaleSingle,
  scaleTflm,
} from '../../../src/numeric/requantize.js';
import { createRandom } from '../../../src/support/random.js';

describe('multipliers', () => {
  it('are Q31 mantissas in [2^30, 2^31) with the exponent of frexp', () => {
    expect(quantizeMultiplier(0.5)).toEqual({ multiplier: 2 ** 30, shift: 0 });
    expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(0.75)).toEqual({ multiplier: 0.75 * 2 ** 31, shift: 0 });
    expect(quantizeMultiplier(3)).toEqual({ multiplier: 0.75 * 2 ** 31, shift: 2 });
    expect(quantizeMultiplier(0)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(1 - 2 ** -40)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(2 ** -32)).toEqual({ multiplier: 2 ** 30, shift: -31 });
    expect(quantizeMultiplier(2 ** -33)).toEqual({ multiplier: 0, shift: 0 });
  });

  it('of mulhi use no left shift below one half and the smallest one above', () => {
    expect(quantizeMulhi(0.25)).toEqual({ multiplier: 2 ** 30, shift: 0 });
    expect(quantizeMulhi(0.5)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMulhi(6)).toEqual({ multiplier: 6 * 2 ** 28, shift: 4 });
  });
});

describe('rounding', () => {
  it('of the doubling high multiply takes halves up', () => {
    const half = 2 ** 30;
    expect([1, -1, 3, -3].map((x) => saturatingRoundingDoublingHighMul(x, half))).toEqual([1, 0, 2, -1]);
    expect(saturatingRoundingDoublingHighMul(-(2 ** 31), -(2 ** 31))).toBe(2 ** 31 - 1);
  });

  it('of the right shift takes halves away from zero', () => {
    expect([1, 2, 3, -1, -2, -3, -6].map((x) => roundingDivideByPot(x, 2))).toEqual([0, 1, 1, 0, -1, -1, -2]);
    expect(roundingDivideByPot(-(2 ** 30), 31)).toBe(-1);
    expect(roundingDivideByPot(-(2 ** 30) + 1, 31)).toBe(0);
    expect(roundingDivideByPot(2 ** 30, 31)).toBe(1);
  });

  it('twice or once differs where two half steps meet', () => {
    const m = { multiplier: 2 ** 30, shift: -1 };
    expect([1, 2, 3, -2, -3].map((x) => scaleTflm(x, m))).toEqual([1, 1, 1, -1, -1]);
    expect([1, 2, 3, -2, -3].map((x) => scaleSingle(x, m))).toEqual([0, 1, 1, 0, -1]);
  });
});

describe('scaling', () => {
  const cases = 20_000;
  it.each([
    ['tflm', quantizeMultiplier, scaleTflm, 1 + 2 ** -10],
    ['single', quantizeMultiplier, scaleSingle, 0.5 + 2 ** -10],
    ['mulhi', quantizeMulhi, scaleMulhi, 0.51],
  ] as const)('%s stays within its rounding of the real product', (_mode, quantize, scale, bound) => {
    const random = createRandom(4);
    for (let i = 0; i < cases; i++) {
      const real = 2 ** (-12 + 12 * random.next());
      const acc = random.integer(-(2 ** 20), 2 ** 20);
      const found = scale(acc, quantize(real));
      const slack = Math.abs(acc) * real * 2 ** -19;
      expect(Math.abs(found - acc * real), `acc ${acc} multiplier ${real}`).toBeLessThanOrEqual(
        bound + slack,
      );
    }
  });

  it('adds the zero point and clamps', () => {
    const m = quantizeMultiplier(0.5);
    const stage = { zeroPoint: 10, min: -128, max: 100 };
    expect([0, 20, 1000, -1000].map((x) => requantize(x, m, 'tflm', stage))).toEqual([10, 20, 100, -128]);
  });
});
