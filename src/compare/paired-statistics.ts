/** The difference between two classifiers on the same samples, with its 95 % confidence interval. */

export interface PairedDifference {
  readonly n: number;
  /** Share right, in percent. */
  readonly first: number;
  readonly second: number;
  /** first − second, in percentage points. */
  readonly points: number;
  /** Half the width of the 95 % interval of `points` (normal approximation of the mean of paired differences). */
  readonly halfWidth: number;
}

const Z_95 = 1.96;

export function pairedDifference(first: readonly boolean[], second: readonly boolean[]): PairedDifference {
  const n = first.length;
  const share = (list: readonly boolean[]): number => (100 * list.filter(Boolean).length) / n;
  const differences = first.map((right, i) => Number(right) - Number(second[i]!));
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / Math.max(1, n - 1);
  return {
    n,
    first: share(first),
    second: share(second),
    points: 100 * mean,
    halfWidth: 100 * Z_95 * Math.sqrt(variance / n),
  };
}
