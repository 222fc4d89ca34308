/**
 * Refits weights to quantised inputs by least squares: finds w', b' such that act(w'·x + b') comes close to
 * act(y), y being what the float layer gives on the float network's inputs.
 *
 * Where the activation cuts the target off (y ≤ 0 under a ReLU) only a prediction on the wrong side counts; the
 * targets there are set to the nearest value with the right outcome and the fit is repeated (after Zhang et al.,
 * arXiv 1505.06798, §3). The ridge towards the given weights is chosen on rows of held-out samples, "no change"
 * included.
 */
import type { RealBounds } from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import { choleskyUpper, SOLVE_LANES, solveCholesky } from './linear-algebra.js';
import { centre } from './moments.js';

export interface RefitProblem {
  /** Rows of quantised inputs, [rows][width]; the first `fitted` rows are fitted to, the others are held out. */
  readonly x: Float32Array;
  /** Rows of float outputs before the activation, [rows][channels]. */
  readonly y: Float32Array;
  readonly rows: number;
  readonly fitted: number;
  readonly width: number;
  readonly channels: number;
  /** [channels][width] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly bounds: RealBounds;
}

export interface Refit {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** Mean and covariance of all rows. */
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
  /** Relative ridge chosen; infinite where the weights stay as they are. */
  readonly ridge: number;
}

/** Relative to the mean variance of the inputs. */
const RIDGES: readonly number[] = [3, 1, 0.3, 0.1, 0.03, 0.01];
/** Fits after the first, with the targets set anew. */
const REPEATS = 2;

export function refit(problem: RefitProblem, matrices: MatrixKernels): Refit {
  const { rows, fitted } = problem;
  const training = rangeMoments(problem, fitted, matrices);
  const residuals = residualsOf(problem, problem, matrices);
  const ridge = fitted < rows ? chooseRidge(problem, training, residuals, matrices) : RIDGES[0]!;
  const all = rangeMoments(problem, rows, matrices);
  let current = { weights: problem.weights, bias: problem.bias };
  const repeats = problem.bounds.min === Number.NEGATIVE_INFINITY ? 0 : REPEATS;
  for (let i = 0; i <= repeats; i++) {
    const left = i === 0 ? residuals : residualsOf(problem, current, matrices);
    current = add(current, solve(correlate(problem, all, left, rows, matrices), all, ridge), problem);
  }
  return { ...current, mean: all.mean, covariance: all.covariance, ridge };
}

interface Affine {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

interface RowMoments {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

function rangeMoments({ x, width }: RefitProblem, rows: number, matrices: MatrixKernels): RowMoments {
  const sums = new Float64Array(width);
  for (let i = 0; i < rows; i++) for (let k = 0; k < width; k++) sums[k] = sums[k]! + x[i * width + k]!;
  const mean = sums.map((sum) => sum / rows);
  const products = new Float64Array(width * width);
  matrices.crossProduct(x, x, rows, width, width, products);
  return { mean, covariance: centre(products, mean, rows) };
}

/** Target − prediction for every row and channel; 0 where the activation hides the difference. */
function residualsOf(
  problem: RefitProblem,
  { weights, bias }: Affine,
  matrices: MatrixKernels,
): Float32Array {
  const { x, y, rows, width, channels, bounds } = problem;
  const out = new Float32Array(rows * channels);
  matrices.apply(x, weights, bias, rows, width, channels, out);
  for (let i = 0; i < out.length; i++) {
    const [target, got] = [y[i]!, out[i]!];
    if (target <= bounds.min) out[i] = Math.min(0, bounds.min - got);
    else if (target >= bounds.max) out[i] = Math.max(0, bounds.max - got);
    else out[i] = target - got;
  }
  return out;
}

/** What a regression of residuals on the inputs needs, whatever its ridge. */
interface Correlations {
  readonly channels: number;
  /** Mean residual of every channel. */
  readonly average: Float64Array;
  /** Covariance of inputs and residuals, [width][channels]. */
  readonly products: Float64Array;
}

/** Over the first `rows` rows. */
function correlate(
  { x, width, channels }: Pick<RefitProblem, 'x' | 'width' | 'channels'>,
  { mean }: RowMoments,
  residuals: Float32Array,
  rows: number,
  matrices: MatrixKernels,
): Correlations {
  const average = new Float64Array(channels);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < channels; c++) average[c] = average[c]! + residuals[i * channels + c]! / rows;
  const products = new Float64Array(width * channels);
  matrices.crossProduct(x, residuals, rows, width, channels, products);
  for (let k = 0, at = 0; k < width; k++)
    for (let c = 0; c < channels; c++, at++) products[at] = products[at]! / rows - mean[k]! * average[c]!;
  return { channels, average, products };
}

/** The regression with an intercept; an infinite ridge leaves the intercept alone. */
function solve(
  { channels, average, products }: Correlations,
  { mean, covariance }: RowMoments,
  ridge: number,
): Affine {
  const width = mean.length;
  const weights = new Float32Array(channels * width);
  const bias = Float32Array.from(average);
  if (ridge === Number.POSITIVE_INFINITY) return { weights, bias };
  const factor = ridgeFactor(covariance, width, ridge);
  const right = new Float64Array(SOLVE_LANES * width);
  for (let from = 0; from < channels; from += SOLVE_LANES) {
    const lanes = Math.min(SOLVE_LANES, channels - from);
    for (let k = 0; k < width; k++)
      for (let lane = 0; lane < lanes; lane++)
        right[SOLVE_LANES * k + lane] = products[k * channels + from + lane]!;
    solveCholesky(factor, width, right);
    for (let lane = 0; lane < lanes; lane++) {
      const c = from + lane;
      let shift = 0;
      for (let k = 0; k < width; k++) {
        const change = right[SOLVE_LANES * k + lane]!;
        weights[c * width + k] = change;
        shift += change * mean[k]!;
      }
      bias[c] = average[c]! - shift;
    }
  }
  return { weights, bias };
}

function ridgeFactor(covariance: Float64Array, n: number, ridge: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i]!;
  // Nearly constant inputs have variances that rounding makes negative: the floor grows past them.
  for (let [relative, floor] = [ridge, 1e-12]; ; relative *= 10, floor *= 10) {
    const matrix = covariance.slice();
    const added = (relative * Math.max(0, trace)) / n + floor;
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + added;
    const factor = choleskyUpper(matrix, n);
    if (factor !== undefined) return factor;
  }
}

function add(base: Affine, change: Affine, { channels }: RefitProblem): Affine {
  return {
    weights: base.weights.map((w, i) => w + change.weights[i]!),
    bias: Float32Array.from({ length: channels }, (_, c) => base.bias[c]! + change.bias[c]!),
  };
}

/** Channels that the ridge is chosen on: of a thousand, so many say the same. */
const RIDGE_CHANNELS = 256;

/** The ridge with the least error on the held-out rows; infinite when no fit beats a change of the bias alone. */
function chooseRidge(
  problem: RefitProblem,
  training: RowMoments,
  residuals: Float32Array,
  matrices: MatrixKernels,
): number {
  const { x, rows, fitted, width } = problem;
  const channels = Math.min(RIDGE_CHANNELS, problem.channels);
  const some = pickChannels(residuals, problem.channels, channels);
  const correlations = correlate({ x, width, channels }, training, some, fitted, matrices);
  const held = x.subarray(fitted * width, rows * width);
  const left = some.subarray(fitted * channels, rows * channels);
  const predicted = new Float32Array(left.length);
  let best = { ridge: Number.POSITIVE_INFINITY, error: Number.POSITIVE_INFINITY };
  for (const ridge of [Number.POSITIVE_INFINITY, ...RIDGES]) {
    const change = solve(correlations, training, ridge);
    matrices.apply(held, change.weights, change.bias, rows - fitted, width, channels, predicted);
    let error = 0;
    for (let i = 0; i < left.length; i++) error += (left[i]! - predicted[i]!) ** 2;
    if (error < best.error) best = { ridge, error };
    // Errors fall and then rise with the ridge: past the bottom there is nothing to find.
    else break;
  }
  return best.ridge;
}

/** Columns of [rows][channels], evenly spread. */
function pickChannels(values: Float32Array, channels: number, kept: number): Float32Array {
  if (kept === channels) return values;
  const rows = values.length / channels;
  const picked = new Float32Array(rows * kept);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < kept; c++)
      picked[i * kept + c] = values[i * channels + Math.floor((c * channels) / kept)]!;
  return picked;
}
