/** Ω by hand: four values, and what two grids leave of their entropy. */
import { describe, expect, it } from 'vitest';
import { mapEntropyLoss } from '../../../src/search/map-entropy.js';

/** Values 0.5, 1.5, 2.5 and 3.5, each as often: two bits of entropy over four bins of [0, 4]. */
const VALUES = {
  min: 0,
  max: 4,
  histogram: { binWidth: 1, firstBin: 0, counts: [5, 5, 5, 5], zeros: 0 },
};
const grid = (scale: number, max: number) => ({ scale, zeroPoint: 0, min: 0, max });

describe('entropy of a map', () => {
  it('is kept by a grid that keeps the values apart', () => {
    // Steps of 0.5: every value is on the grid.
    expect(mapEntropyLoss(VALUES, grid(0.5, 15), 4)).toBe(0);
  });

  it('halves where two values fall together', () => {
    // Steps of 2: 0.5 → 0; 1.5 and 2.5 → 2; 3.5 → 4. Shares 1/4, 1/2, 1/4: 1.5 bits of 2.
    expect(mapEntropyLoss(VALUES, grid(2, 3), 4)).toBeCloseTo(0.25, 12);
    // Cut off at 2: 0.5 → 0, the rest → 2: shares 1/4 and 3/4, 0.8113 bits.
    expect(mapEntropyLoss(VALUES, grid(2, 1), 4)).toBeCloseTo(1 - 0.8112781244591328 / 2, 12);
  });

  it('counts exact zeros, which every grid keeps', () => {
    const sparse = { ...VALUES, histogram: { ...VALUES.histogram, counts: [0, 0, 0, 20], zeros: 20 } };
    expect(mapEntropyLoss(sparse, grid(2, 3), 4)).toBe(0);
    expect(mapEntropyLoss(sparse, grid(100, 3), 4)).toBe(1);
  });

  it('of a constant map is nothing that could be lost', () => {
    const constant = { min: 1, max: 1, histogram: { binWidth: 1, firstBin: 1, counts: [7], zeros: 0 } };
    expect(mapEntropyLoss(constant, grid(2, 3), 4)).toBe(0);
  });
});
