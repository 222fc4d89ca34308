/**
 * Range estimators: from the histogram of a feature map to the grid that stores it. Every grid includes 0 exactly
 * (numeric contract, "Quantisation").
 */
import type { FakeQuantization } from '../ir/float-network.js';
import type { ValueHistogram } from '../ir/stage-data.js';
import { WIDTHS, type Width } from '../numeric/widths.js';

export type RangeMethod =
  | { readonly kind: 'minmax' }
  /** Cuts the given share of the values, in percent, at either end (99.9 keeps 99.9 %). */
  | { readonly kind: 'percentile'; readonly percent: number }
  /** The grid with the least mean squared error over the histogram. */
  | { readonly kind: 'mse' };

/** Grid of 2^bits values over [low, high], moved so that 0 falls on a grid point. */
export function gridOver(low: number, high: number, bits: Width): FakeQuantization {
  const { activationMin: min, activationMax: max } = WIDTHS[bits];
  const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = to - from > 0 ? (to - from) / (max - min) : 1;
  const zeroPoint = Math.min(max, Math.max(min, min + Math.round(-from / scale)));
  return { scale, zeroPoint, min, max };
}

/** Occupied bins as centres and counts. */
interface Bins {
  readonly centres: Float64Array;
  readonly counts: Float64Array;
  readonly low: number;
  readonly high: number;
}

function occupiedBins(histogram: ValueHistogram): Bins {
  const centres: number[] = [];
  const counts: number[] = [];
  histogram.counts.forEach((count, i) => {
    if (count === 0) return;
    centres.push((histogram.firstBin + i + 0.5) * histogram.binWidth);
    counts.push(count);
  });
  const half = histogram.binWidth / 2;
  return {
    centres: Float64Array.from(centres),
    counts: Float64Array.from(counts),
    low: Math.min(0, (centres[0] ?? 0) - half),
    high: Math.max(0, (centres.at(-1) ?? 0) + half),
  };
}

export interface ObservedRange {
  readonly min: number;
  readonly max: number;
  readonly histogram: ValueHistogram;
}

export function estimateGrid(range: ObservedRange, bits: Width, method: RangeMethod): FakeQuantization {
  switch (method.kind) {
    case 'minmax':
      return gridOver(range.min, range.max, bits);
    case 'percentile':
      return percentileGrid(range, bits, method.percent);
    case 'mse':
      return mseGrid(range, bits);
  }
}

function percentileGrid(range: ObservedRange, bits: Width, percent: number): FakeQuantization {
  const bins = occupiedBins(range.histogram);
  const total = bins.counts.reduce((a, b) => a + b, 0) + range.histogram.zeros;
  const cut = total * (1 - percent / 100);
  const half = range.histogram.binWidth / 2;
  let [low, high] = [0, 0];
  for (let i = 0, seen = 0; i < bins.counts.length && seen <= cut; i++) {
    low = Math.min(0, bins.centres[i]! - half);
    seen += bins.counts[i]!;
  }
  for (let i = bins.counts.length - 1, seen = 0; i >= 0 && seen <= cut; i--) {
    high = Math.max(0, bins.centres[i]! + half);
    seen += bins.counts[i]!;
  }
  return gridOver(Math.max(low, range.min), Math.min(high, range.max), bits);
}

/** Σ count · (value − stored value)². */
export function gridError(bins: Pick<Bins, 'centres' | 'counts'>, grid: FakeQuantization): number {
  const { scale, zeroPoint } = grid;
  const [low, high] = [grid.min - zeroPoint, grid.max - zeroPoint];
  const inverse = 1 / scale;
  let error = 0;
  for (let i = 0; i < bins.counts.length; i++) {
    const x = bins.centres[i]!;
    const q = Math.min(high, Math.max(low, Math.round(x * inverse)));
    const difference = x - q * scale;
    error += bins.counts[i]! * difference * difference;
  }
  return error;
}

/** Positions per side and level of the search; each level narrows the interval around the best so far. */
const STEPS = 16;
const LEVELS = 3;

/** Searches how far to cut either end, coarse to fine. */
function mseGrid(range: ObservedRange, bits: Width): FakeQuantization {
  const bins = occupiedBins(range.histogram);
  const low = Math.max(bins.low, Math.min(0, range.min));
  const high = Math.min(bins.high, Math.max(0, range.max));
  let best = gridOver(low, high, bits);
  let bestError = gridError(bins, best);
  let [bestLow, bestHigh] = [1, 1];
  let reach = 1;
  for (let level = 0; level < LEVELS; level++) {
    const factors = (centre: number, end: number): number[] =>
      end === 0
        ? [1]
        : Array.from({ length: STEPS + 1 }, (_, i) => centre + reach * ((2 * i) / STEPS - 1)).filter(
            (f) => f > 0 && f <= 1,
          );
    const [lows, highs] = [factors(bestLow, low), factors(bestHigh, high)];
    for (const a of lows)
      for (const b of highs) {
        const grid = gridOver(a * low, b * high, bits);
        const error = gridError(bins, grid);
        if (error >= bestError) continue;
        [best, bestError, bestLow, bestHigh] = [grid, error, a, b];
      }
    reach *= 2.5 / STEPS;
  }
  return best;
}

/** Sum of histograms at the widest of their bin widths. */
export function mergeHistograms(histograms: readonly ValueHistogram[]): ValueHistogram {
  const [only] = histograms;
  if (histograms.length === 1 && only !== undefined) return only;
  const binWidth = Math.max(...histograms.map((h) => h.binWidth));
  const bins = new Map<number, number>();
  for (const h of histograms)
    h.counts.forEach((count, i) => {
      const bin = Math.floor(((h.firstBin + i) * h.binWidth) / binWidth);
      bins.set(bin, (bins.get(bin) ?? 0) + count);
    });
  const firstBin = Math.min(0, ...bins.keys());
  const length = Math.max(0, ...bins.keys()) - firstBin + 1;
  return {
    binWidth,
    firstBin,
    counts: Array.from({ length }, (_, i) => bins.get(firstBin + i) ?? 0),
    zeros: histograms.reduce((sum, h) => sum + h.zeros, 0),
  };
}
