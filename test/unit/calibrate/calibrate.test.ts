/** Streaming histograms and calibration against values counted directly. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import {
  calibrationKey,
  readRanges,
  reusableRanges,
  writeRanges,
} from '../../../src/calibrate/ranges-file.js';
import { MAX_BINS, StreamingHistogram } from '../../../src/calibrate/streaming-histogram.js';
import { createRandom } from '../../../src/support/random.js';
import { randomLayerNetwork, randomValues } from './random-network.js';

/** Adds values the way calibration does, one batch at a time. */
function histogramOf(batches: readonly (readonly number[])[]) {
  const histogram = new StreamingHistogram();
  for (const values of batches) {
    histogram.cover(Math.min(...values), Math.max(...values));
    const counts = new Array<number>(histogram.size).fill(0);
    let zeros = 0;
    for (const value of values) {
      const bin = Math.floor(value * histogram.inverseWidth) - histogram.first;
      if (value === 0) zeros++;
      else counts[bin] = counts[bin]! + 1;
    }
    histogram.add(counts, zeros);
  }
  return histogram.finish();
}

describe('StreamingHistogram', () => {
  it('counts every value into the bin that its final width gives', () => {
    const random = createRandom(3);
    const batches = [0.01, 1, 300, 5].map((spread) =>
      Array.from({ length: 500 }, () => spread * random.normal()),
    );
    const result = histogramOf(batches);
    expect(result.counts.length).toBeLessThanOrEqual(MAX_BINS);
    const expected = new Map<number, number>();
    for (const value of batches.flat()) {
      const bin = Math.floor(value / result.binWidth);
      expected.set(bin, (expected.get(bin) ?? 0) + 1);
    }
    result.counts.forEach((count, i) => {
      expect(count, `bin ${i}`).toBe(expected.get(result.firstBin + i) ?? 0);
    });
    expect(Math.log2(result.binWidth) % 1).toBe(0);
  });

  it('uses at least a quarter of its bins and keeps zeros apart', () => {
    const result = histogramOf([
      [0, 0, 1, 7],
      [0, 6.5],
    ]);
    expect(result.zeros).toBe(3);
    expect(result.counts.reduce((a, b) => a + b)).toBe(3);
    expect(result.counts.length).toBeGreaterThanOrEqual(MAX_BINS / 4);
  });

  it('does not depend on the order of the batches', () => {
    const a = [0.001, 0.5];
    const b = [-1000, 3];
    expect(histogramOf([a, b])).toEqual(histogramOf([b, a]));
  });
});

describe('calibrate', () => {
  const network = randomLayerNetwork(createRandom(11), 'conv2d');
  const [h, w, c] = network.tensors[0]!.shape;
  const samples = [0, 1, 2].map((i) => [randomValues(createRandom(100 + i), h * w * c)]);

  it('observes the extremes, moments and channels of the input as they are', async () => {
    const ranges = await calibrate(network, samples);
    const values = samples.flatMap(([x]) => [...x!]);
    const input = ranges.tensors[0]!;
    expect(ranges.samples).toBe(3);
    expect(input.min).toBe(Math.min(...values));
    expect(input.max).toBe(Math.max(...values));
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(input.mean).toBeCloseTo(mean, 9);
    const variance = values.reduce((a, x) => a + (x - mean) ** 2, 0) / values.length;
    expect(input.standardDeviation).toBeCloseTo(Math.sqrt(variance), 6);
    expect(input.histogram.counts.reduce((a, b) => a + b) + input.histogram.zeros).toBe(values.length);
    const first = values.filter((_, i) => i % c === 0);
    expect(input.channels[0]!.mean).toBeCloseTo(first.reduce((a, b) => a + b) / first.length, 9);
    expect(input.channels[0]!.max).toBe(Math.max(0, ...first));
  });

  it('gives the same bytes again, which survive a file', async () => {
    const once = writeRanges(await calibrate(network, samples, { key: 'k' }));
    expect(writeRanges(await calibrate(network, samples, { key: 'k' }))).toBe(once);
    expect(writeRanges(readRanges(once, 'f'))).toBe(once);
    expect(reusableRanges(readRanges(once, 'f'), 'k')).toBeDefined();
    expect(reusableRanges(readRanges(once, 'f'), 'other')).toBeUndefined();
  });

  it('has a key that follows weights and data', () => {
    const key = calibrationKey(network, ['data']);
    expect(calibrationKey(network, ['data'])).toBe(key);
    expect(calibrationKey(network, ['other'])).not.toBe(key);
    const layer = network.layers[0]!;
    if (layer.op !== 'conv2d') throw new Error('expected a convolution');
    const weights = layer.weights.slice();
    weights[0] = weights[0]! + 1e-3;
    expect(calibrationKey({ ...network, layers: [{ ...layer, weights }] }, ['data'])).not.toBe(key);
  });

  it('refuses an empty set, and names the map that is not finite', async () => {
    await expect(calibrate(network, [])).rejects.toThrow(/no calibration samples/);
    const broken = new Float32Array(h * w * c).fill(Number.NaN);
    await expect(calibrate(network, [[broken]])).rejects.toThrow(/t0: the float network computes NaN/);
  });

  it('refuses files of another kind', () => {
    expect(() => readRanges('{"format":"x"}', 'r.json')).toThrow(/r.json.*found x/);
    expect(() => readRanges('{', 'r.json')).toThrow(/r.json: not JSON/);
  });
});
