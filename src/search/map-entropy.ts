/**
 * The paper's accuracy term: entropy of a feature map's values over bins of its reference range, before and after
 * they are rounded to a grid. 256 bins by default, as many as an 8-bit map has values.
 */
import type { FakeQuantization } from '../ir/float-network.js';
import type { ValueHistogram } from '../ir/stage-data.js';
import { entropyBits, entropyLoss } from './score.js';

export const ENTROPY_BINS = 256;

export interface MapValues {
  readonly min: number;
  readonly max: number;
  readonly histogram: ValueHistogram;
}

/** Counts over `bins` equal bins of [min, max]; `move` is applied to every value first. */
function binned({ min, max, histogram }: MapValues, bins: number, move: (x: number) => number): Float64Array {
  const counts = new Float64Array(bins);
  const add = (x: number, count: number): void => {
    const at = max > min ? Math.floor(((move(x) - min) / (max - min)) * bins) : 0;
    const bin = Math.min(bins - 1, Math.max(0, at));
    counts[bin] = counts[bin]! + count;
  };
  histogram.counts.forEach((count, i) => {
    if (count > 0) add((histogram.firstBin + i + 0.5) * histogram.binWidth, count);
  });
  if (histogram.zeros > 0) add(0, histogram.zeros);
  return counts;
}

/** Ω of one map on one grid. */
export function mapEntropyLoss(values: MapValues, grid: FakeQuantization, bins = ENTROPY_BINS): number {
  const [low, high] = [grid.min - grid.zeroPoint, grid.max - grid.zeroPoint];
  const stored = (x: number): number =>
    grid.scale * Math.min(high, Math.max(low, Math.round(x / grid.scale)));
  const reference = entropyBits(binned(values, bins, (x) => x));
  return entropyLoss(reference, entropyBits(binned(values, bins, stored)));
}
