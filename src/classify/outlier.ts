/**
 * VDPC's outlier rule: a value is an outlier when the Gaussian fitted to its tensor is, relative to its peak, below
 * φ there; a patch is an outlier patch when the share of its values that are outliers exceeds τ (τ = 0: contains).
 *
 * φ and |z| say the same: exp(−z²/2) < φ. No fixed φ works on real maps (bounded ones never pass 2.7 σ, unbounded
 * ones flag nearly every patch at 3 σ), so φ is chosen as a quantile: the share of calibration patches to flag.
 */

/** |z| beyond which the fitted density falls below φ of its peak, 0 < φ < 1. */
export const zOfPhi = (phi: number): number => Math.sqrt(-2 * Math.log(phi));
export const phiOfZ = (z: number): number => Math.exp(-(z * z) / 2);

/** Mean and standard deviation of the tensor over the calibration set. */
export interface GaussianFit {
  readonly mean: number;
  readonly standardDeviation: number;
}

/** Share of the values that lie beyond |z|. */
export function outlierShare(values: ArrayLike<number>, fit: GaussianFit, z: number): number {
  if (values.length === 0) return 0;
  let beyond = 0;
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]! - fit.mean) > z * fit.standardDeviation) beyond++;
  }
  return beyond / values.length;
}

/**
 * The largest |z| at which the patch is still flagged: with share τ of its values strictly beyond, the patch is an
 * outlier patch exactly for thresholds below the returned one. A constant tensor (σ = 0) has no outliers: 0.
 */
export function criticalZ(values: ArrayLike<number>, fit: GaussianFit, tau: number): number {
  if (fit.standardDeviation === 0 || values.length === 0) return 0;
  const distances = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) distances[i] = Math.abs(values[i]! - fit.mean);
  // More than τ·n values must lie beyond: the (⌊τ·n⌋ + 1)-th largest distance decides.
  const rank = distances.length - 1 - Math.min(distances.length - 1, Math.floor(tau * distances.length));
  return selectRank(distances, rank) / fit.standardDeviation;
}

/** The value at index `rank` of the sorted array; Hoare's selection, which reorders `values`. */
function selectRank(values: Float64Array, rank: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      [values[i], values[j]] = [values[j]!, values[i]!];
      i++;
      j--;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return values[rank]!;
}

/** The threshold |z| that flags the wanted share of patches, from their critical |z|. */
export function thresholdForShare(critical: readonly number[], wantedShare: number): number {
  const sorted = [...critical].sort((a, b) => b - a);
  const flagged = Math.max(0, Math.min(sorted.length, Math.round(wantedShare * sorted.length)));
  if (flagged === 0) return Number.POSITIVE_INFINITY;
  const [inside, outside] = [sorted[flagged - 1]!, sorted[flagged] ?? 0];
  return (inside + outside) / 2;
}
