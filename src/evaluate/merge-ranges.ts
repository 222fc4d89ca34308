/** Ranges of parts of a feature map as the range of all of them together. */
import type { TensorRange, ValueHistogram } from '../ir/stage-data.js';
import { mergeHistograms } from '../quantize/value-grids.js';

const countOf = ({ counts, zeros }: ValueHistogram): number => counts.reduce((a, b) => a + b, zeros);

/** At least one; values that several parts hold count once in each. */
export function mergeRanges(parts: readonly TensorRange[]): TensorRange {
  const [first] = parts as [TensorRange];
  if (parts.length === 1) return first;
  const counts = parts.map((part) => countOf(part.histogram));
  const total = counts.reduce((a, b) => a + b, 0);
  const average = (value: (part: TensorRange) => number): number =>
    parts.reduce((sum, part, i) => sum + value(part) * counts[i]!, 0) / total;
  const mean = average((part) => part.mean);
  const meanSquare = average((part) => part.standardDeviation ** 2 + part.mean ** 2);
  return {
    name: first.name,
    min: Math.min(...parts.map((part) => part.min)),
    max: Math.max(...parts.map((part) => part.max)),
    mean,
    standardDeviation: Math.sqrt(Math.max(0, meanSquare - mean * mean)),
    channels: first.channels.map((_, c) => ({
      mean: average((part) => part.channels[c]!.mean),
      meanSquare: average((part) => part.channels[c]!.meanSquare),
      min: Math.min(...parts.map((part) => part.channels[c]!.min)),
      max: Math.max(...parts.map((part) => part.channels[c]!.max)),
    })),
    histogram: mergeHistograms(parts.map((part) => part.histogram)),
  };
}
