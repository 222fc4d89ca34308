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

export function roundCompensated(
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  covariance: InputCovariance,
): RoundedChannel {
  const largest = largestMagnitude(weights);
  if (largest === 0) return roundNearest(weights, bits, minimumScale);
  const tried = nearestPlanes(
    weights,
    scalesAround(weights, bits, minimumScale, covariance),
    bits,
    covariance,
  );
  return descend(weights, tried[indexOfLeast(tried)]!, bits, covariance, minimumScale, SWEEPS);
}

/** Four scales around the one that is best for nearest rounding when inputs are taken as independent. */
function scalesAround(
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  { size: n, matrix }: InputCovariance,
): number[] {
  const variances = Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!);
  const { scale } = roundNearest(weights, bits, minimumScale, variances);
  return LANE_FACTORS.map((factor) => Math.max(minimumScale, factor * scale));
}

function indexOfLeast(rounded: readonly RoundedChannel[]): number {
  let best = 0;
  rounded.forEach(({ error }, i) => {
    if (error < rounded[best]!.error) best = i;
  });
  return best;
}

const LANES = 4;
/** Of coordinate descent. */
const SWEEPS = 4;
const LANE_FACTORS: readonly number[] = [0.84, 0.95, 1.07, 1.2];

/**
 * Rounds input by input, moving what each rounding lost onto those still to come; at four scales at once, because
 * the factor, megabytes of it, is what takes the time to read.
 */
function nearestPlanes(
  weights: Float64Array,
  scales: readonly number[],
  bits: Width,
  { size: n, factor, order }: InputCovariance,
): RoundedChannel[] {
  const top = WIDTHS[bits].weightMax;
  const q = scales.map(() => new Int8Array(n));
  const errors = new Float64Array(LANES);
  // What each rounding lost, [input][lane].
  const lost = new Float64Array(LANES * n);
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    let [c0, c1, c2, c3] = [0, 0, 0, 0];
    for (let j = i + 1, at = LANES * j; j < n; j++, at += LANES) {
      const f = factor[row + j]!;
      c0 += f * lost[at]!;
      c1 += f * lost[at + 1]!;
      c2 += f * lost[at + 2]!;
      c3 += f * lost[at + 3]!;
    }
    const pivot = factor[row + i]!;
    const weight = weights[order[i]!]!;
    for (let lane = 0; lane < LANES; lane++) {
      const carried = lane === 0 ? c0 : lane === 1 ? c1 : lane === 2 ? c2 : c3;
      const scale = scales[lane]!;
      const value = clampRound((weight + carried / pivot) / scale, top);
      q[lane]![order[i]!] = value;
      const left = weight - scale * value;
      lost[LANES * i + lane] = left;
      const residual = pivot * left + carried;
      errors[lane] = errors[lane]! + residual * residual;
    }
  }
  return scales.map((scale, lane) => ({ q: q[lane]!, scale, error: errors[lane]! }));
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
  // C·w and C·q, the latter kept up to date while integers move.
  const [wanted, stored] = multiplyBoth(matrix, n, weights, q);
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

/** C·a and C·b in one pass over the symmetric matrix, two rows at a time. */
function multiplyBoth(
  matrix: Float64Array,
  n: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): [Float64Array, Float64Array] {
  const [outA, outB] = [new Float64Array(n), new Float64Array(n)];
  // Typed arrays of one kind keep the loop fast.
  const [x, y] = [Float64Array.from(a), Float64Array.from(b)];
  for (let i = 0; i < n; i += 2) {
    const second = i + 1 < n ? i + 1 : i;
    let [a0, b0, a1, b1] = [0, 0, 0, 0];
    for (let j = 0, at = i * n, next = second * n; j < n; j++, at++, next++) {
      const [m0, m1, xj, yj] = [matrix[at]!, matrix[next]!, x[j]!, y[j]!];
      a0 += m0 * xj;
      b0 += m0 * yj;
      a1 += m1 * xj;
      b1 += m1 * yj;
    }
    [outA[i], outB[i], outA[second], outB[second]] = [a0, b0, a1, b1];
  }
  return [outA, outB];
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
