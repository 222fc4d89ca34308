import { expect, it } from 'vitest';
import { expOnNegative, logistic } from '../../../src/ops/gemmlowp.js';

const Q31 = 2 ** 31;

// The series stops before x^5/120 with |x| ≤ 1/8, which leaves at most 2^-21.9; the rest is rounding.
it('expOnNegative is within 2^-21 of the real exponential', () => {
  let worst = 0;
  for (let i = 0; i < 20_000; i++) {
    const raw = -Math.floor((i / 20_000) * (Q31 - 1));
    worst = Math.max(worst, Math.abs(expOnNegative(raw, 5) / Q31 - Math.exp(raw / 2 ** 26)));
  }
  expect(worst).toBeLessThan(2 ** -21);
  expect(expOnNegative(0, 5)).toBe(Q31 - 1);
});

it('logistic is within 2^-22 of the real one and one half at zero', () => {
  let worst = 0;
  for (let i = -10_000; i <= 10_000; i++) {
    const raw = Math.floor((i / 10_000) * (Q31 - 1));
    worst = Math.max(worst, Math.abs(logistic(raw, 4) / Q31 - 1 / (1 + Math.exp(-raw / 2 ** 27))));
  }
  expect(worst).toBeLessThan(2 ** -22);
  expect(logistic(0, 4)).toBe(2 ** 30);
});
