/**
 * Real weights of one output channel → integers and a scale.
 *
 * Without an input covariance: nearest rounding at the scale of least squared error. With one: error-compensated
 * rounding (GPTQ, arXiv 2210.17323, in its equivalent form as nearest-plane rounding on the Cholesky factor, see
 * arXiv 2507.18553), then coordinate descent, at the best of several scales; both minimise
 * (w − ŵ)ᵀ C (w − ŵ), the variance of the output error, C being the covariance of the inputs.
 */
import { WIDTHS, type Width } from '../numeric/widths.js';

export interface RoundedChannel {
  readonly q: Int8Array;
  readonly scale: number;
  /** The objective reached. */
  readonly error: number;
}

/** Shares of the largest weight that the candidate scales map onto the largest integer. */
function scaleCandidates(largest: number, bits: Width, count: number, lowest: number): number[] {
  const top = WIDTHS[bits].weightMax;
  return Array.from(
    { length: count },
    (_, i) => ((1 - ((1 - lowest) * i) / Math.max(1, count - 1)) * largest) / top,
  );
}

/** Shrinking pays the more the fewer values there are. */
const LOWEST_SHARE: Readonly<Record<Width, number>> = { 8: 0.8, 4: 0.35, 2: 0.15 };

/** Nearest rounding; squared errors weighted by `importance` (the inputs' variances) where given. */
export function roundNearest(
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  importance?: Float64Array,
): RoundedChannel {
  const largest = largestMagnitude(weights);
  if (largest === 0)
    return { q: new Int8Array(weights.length), scale: Math.max(minimumScale, 1e-12), error: 0 };
  const top = WIDTHS[bits].weightMax;
  let best = { scale: 0, error: Number.POSITIVE_INFINITY };
  for (const candidate of scaleCandidates(largest, bits, 60, LOWEST_SHARE[bits])) {
    const scale = Math.max(candidate, minimumScale);
    let error = 0;
    for (let k = 0; k < weights.length; k++) {
      const difference = weights[k]! - scale * clampRound(weights[k]! / scale, top);
      error += (importance === undefined ? 1 : importance[k]!) * difference * difference;
    }
    if (error < best.error) best = { scale, error };
  }
  const q = Int8Array.from(weights, (w) => clampRound(w / best.scale, top));
  return { q, ...best };
}

export const clampRound = (x: number, top: number): number => Math.min(top, Math.max(-top, Math.round(x)));

export function largestMagnitude(values: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** Covariance of the inputs, damped, with its factor; shared by all channels of a layer. */
export interface InputCovariance {
  readonly size: number;
  readonly matrix: Float64Array;
  /** Upper Cholesky factor of the matrix with rows and columns in `order`. */
  readonly factor: Float64Array;
  /** Position i of the factor is input order[i]; the last is rounded first. */
  readonly order: Int32Array;
}

export interface CompensationEffort {
  readonly scales: number;
  readonly sweeps: number;
}

export function roundCompensated(
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  covariance: InputCovariance,
  effort: CompensationEffort,
): RoundedChannel {
  const largest = largestMagnitude(weights);
  if (largest === 0) return roundNearest(weights, bits, minimumScale);
  const candidates = scaleCandidates(largest, bits, effort.scales, LOWEST_SHARE[bits]);
  const tried = new Map<number, RoundedChannel>();
  const attempt = (index: number): RoundedChannel => {
    const known = tried.get(index);
    if (known !== undefined) return known;
    const scale = Math.max(candidates[index]!, minimumScale);
    const rounded = nearestPlane(weights, scale, bits, covariance);
    tried.set(index, rounded);
    return rounded;
  };
  const best = attempt(coarseToFine(candidates.length, (index) => attempt(index).error));
  return descend(weights, best, bits, covariance, minimumScale, effort.sweeps);
}

/** Index of the least cost: every fourth first, then the neighbours of the best. */
function coarseToFine(count: number, cost: (index: number) => number): number {
  let best = 0;
  for (let step = 4; step >= 1; step >>= 1) {
    const [from, to] = step === 4 ? [0, count - 1] : [best - step, best + step];
    for (let i = Math.max(0, from); i <= Math.min(count - 1, to); i += step)
      if (cost(i) < cost(best)) best = i;
  }
  return best;
}

/** Rounds input by input, moving what each rounding lost onto those still to come. */
function nearestPlane(
  weights: Float64Array,
  scale: number,
  bits: Width,
  { size: n, factor, order }: InputCovariance,
): RoundedChannel {
  const top = WIDTHS[bits].weightMax;
  const q = new Int8Array(n);
  const lost = new Float64Array(n);
  let error = 0;
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    let carried = 0;
    for (let j = i + 1; j < n; j++) carried += factor[row + j]! * lost[j]!;
    const pivot = factor[row + i]!;
    const weight = weights[order[i]!]!;
    const value = clampRound((weight + carried / pivot) / scale, top);
    q[order[i]!] = value;
    lost[i] = weight - scale * value;
    const residual = pivot * lost[i]! + carried;
    error += residual * residual;
  }
  return { q, scale, error };
}

/**
 * Alternates coordinate descent, in which each integer moves to where the objective is least with the others held,
 * and the scale that is best for the integers.
 */
function descend(
  weights: Float64Array,
  start: RoundedChannel,
  bits: Width,
  { size: n, matrix }: InputCovariance,
  minimumScale: number,
  sweeps: number,
): RoundedChannel {
  const top = WIDTHS[bits].weightMax;
  const q = start.q.slice();
  const wanted = multiply(matrix, n, weights);
  // C·q, kept up to date while integers move.
  const stored = multiply(matrix, n, q);
  let { scale } = start;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    scale = Math.max(minimumScale, bestScale(q, wanted, stored) ?? scale);
    let moved = false;
    for (let k = 0; k < n; k++) {
      const gradient = wanted[k]! - scale * stored[k]!;
      const value = clampRound(q[k]! + gradient / (matrix[k * n + k]! * scale), top);
      const step = value - q[k]!;
      if (step === 0) continue;
      for (let j = 0, at = k * n; j < n; j++, at++) stored[j] = stored[j]! + step * matrix[at]!;
      q[k] = value;
      moved = true;
    }
    if (!moved) break;
  }
  return { q, scale, error: objective(weights, q, scale, wanted, stored) };
}

function multiply(matrix: Float64Array, n: number, x: ArrayLike<number>): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const value = x[i]!;
    if (value === 0) continue;
    for (let j = 0, at = i * n; j < n; j++, at++) out[j] = out[j]! + value * matrix[at]!;
  }
  return out;
}

/** qᵀCw / qᵀCq; undefined when all integers are 0. */
function bestScale(q: Int8Array, wanted: Float64Array, stored: Float64Array): number | undefined {
  let [product, square] = [0, 0];
  for (let k = 0; k < q.length; k++) {
    product += q[k]! * wanted[k]!;
    square += q[k]! * stored[k]!;
  }
  return square > 0 && product > 0 ? product / square : undefined;
}

/** (w − s·q)ᵀ C (w − s·q). */
function objective(
  weights: Float64Array,
  q: Int8Array,
  scale: number,
  wanted: Float64Array,
  stored: Float64Array,
): number {
  let error = 0;
  for (let k = 0; k < q.length; k++)
    error += (weights[k]! - scale * q[k]!) * (wanted[k]! - scale * stored[k]!);
  return error;
}
