/** Range estimators against brute force over the very values. */
import { describe, expect, it } from 'vitest';
import type { FakeQuantization } from '../../../src/ir/float-network.js';
import type { ValueHistogram } from '../../../src/ir/stage-data.js';
import { WIDTH_LIST, type Width } from '../../../src/numeric/widths.js';
import { estimateGrid, gridOver, mergeHistograms } from '../../../src/quantize/value-grids.js';
import { createRandom } from '../../../src/support/random.js';

function observe(values: readonly number[], binWidth: number) {
  const nonZero = values.filter((x) => x !== 0);
  const bins = nonZero.map((x) => Math.floor(x / binWidth));
  const firstBin = Math.min(0, ...bins);
  const counts = new Array<number>(Math.max(0, ...bins) - firstBin + 1).fill(0);
  for (const bin of bins) counts[bin - firstBin] = counts[bin - firstBin]! + 1;
  const histogram: ValueHistogram = { binWidth, firstBin, counts, zeros: values.length - nonZero.length };
  return { min: Math.min(...values), max: Math.max(...values), histogram };
}

function squaredError(values: readonly number[], grid: FakeQuantization): number {
  return values.reduce((sum, x) => {
    const q = Math.min(grid.max, Math.max(grid.min, Math.round(x / grid.scale) + grid.zeroPoint));
    return sum + (x - grid.scale * (q - grid.zeroPoint)) ** 2;
  }, 0);
}

describe('gridOver', () => {
  it.each(WIDTH_LIST)('holds 0 exactly and has %i bits', (bits) => {
    for (const [low, high] of [
      [-1, 3],
      [0.5, 4],
      [-7, -2],
      [0, 0],
    ] as const) {
      const grid = gridOver(low, high, bits);
      expect(grid.max - grid.min).toBe(2 ** bits - 1);
      expect(Number.isInteger(grid.zeroPoint)).toBe(true);
      expect(grid.zeroPoint).toBeGreaterThanOrEqual(grid.min);
      expect(grid.zeroPoint).toBeLessThanOrEqual(grid.max);
      expect(grid.scale).toBeGreaterThan(0);
    }
  });

  it('puts raw pixels onto themselves', () => {
    expect(gridOver(0, 255, 8)).toEqual({ scale: 1, zeroPoint: -128, min: -128, max: 127 });
  });
});

describe('estimateGrid', () => {
  const random = createRandom(5);
  const relu = Array.from({ length: 4000 }, () => Math.max(0, random.normal()) ** 2);
  const signed = Array.from({ length: 4000 }, () => random.normal() * (random.next() < 0.02 ? 8 : 1) + 0.3);

  it.each([8, 4, 2] as Width[])('mse comes near the best of 2,500 grids at %i bits', (bits) => {
    for (const values of [relu, signed]) {
      const range = observe(values, 2 ** -7);
      const found = squaredError(values, estimateGrid(range, bits, { kind: 'mse' }));
      let best = Number.POSITIVE_INFINITY;
      for (let a = 0; a <= 50; a++)
        for (let b = 1; b <= 50; b++) {
          if (a > 0 && range.min >= 0) break;
          const grid = gridOver((range.min * a) / 50, (range.max * b) / 50, bits);
          best = Math.min(best, squaredError(values, grid));
        }
      expect(found).toBeLessThan(1.02 * best);
    }
  });

  it('minmax covers every value', () => {
    const grid = estimateGrid(observe(signed, 2 ** -7), 8, { kind: 'minmax' });
    expect(grid.scale * (grid.max - grid.zeroPoint)).toBeGreaterThan(Math.max(...signed) - grid.scale);
    expect(grid.scale * (grid.min - grid.zeroPoint)).toBeLessThan(Math.min(...signed) + grid.scale);
  });

  it('percentile cuts the share it is told to', () => {
    const grid = estimateGrid(observe(relu, 2 ** -7), 8, { kind: 'percentile', percent: 99 });
    const top = grid.scale * (grid.max - grid.zeroPoint);
    const above = relu.filter((x) => x > top + 2 ** -7).length / relu.length;
    expect(above).toBeGreaterThan(0.005);
    expect(above).toBeLessThanOrEqual(0.01);
  });
});

describe('mergeHistograms', () => {
  it('counts what a histogram of all values counts', () => {
    const random = createRandom(6);
    const fine = Array.from({ length: 300 }, () => random.normal());
    const coarse = Array.from({ length: 300 }, () => 9 * random.normal());
    const merged = mergeHistograms([observe(fine, 2 ** -8).histogram, observe(coarse, 2 ** -3).histogram]);
    expect(merged).toEqual(observe([...fine, ...coarse], 2 ** -3).histogram);
  });
});
