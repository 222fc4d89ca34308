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
import type { Affine, RefitInputs, RowMoments } from './refit-inputs.js';

export interface RefitProblem {
  /** The first `fitted` rows are fitted to, the others are held out. */
  readonly inputs: RefitInputs;
  /** Rows of float outputs before the activation, [rows][channels]. */
  readonly y: Float32Array;
  readonly rows: number;
  readonly fitted: number;
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
  const { inputs, rows, fitted } = problem;
  const { all } = inputs.moments;
  const residuals = residualsOf(problem, problem);
  const ridge = fitted < rows ? chooseRidge(problem, residuals, matrices) : RIDGES[0]!;
  let current: Affine = { weights: problem.weights, bias: problem.bias };
  const repeats = problem.bounds.min === Number.NEGATIVE_INFINITY ? 0 : REPEATS;
  const factor = ridgeFactor(all.covariance, inputs.width, ridge, matrices);
  for (let i = 0; i <= repeats; i++) {
    const left = i === 0 ? residuals : residualsOf(problem, current);
    const change = solve(correlate(problem, all, left, rows), all, factor, matrices);
    current = add(current, change, problem);
  }
  return { ...current, mean: all.mean, covariance: all.covariance, ridge };
}

/** Target − prediction for every row and channel; 0 where the activation hides the difference. */
function residualsOf({ inputs, y, rows, channels, bounds }: RefitProblem, current: Affine): Float32Array {
  const out = inputs.apply(current, channels, 0, rows);
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
  { inputs, channels }: Pick<RefitProblem, 'inputs' | 'channels'>,
  { mean }: RowMoments,
  residuals: Float32Array,
  rows: number,
): Correlations {
  const average = new Float64Array(channels);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < channels; c++) average[c] = average[c]! + residuals[i * channels + c]! / rows;
  const products = inputs.correlate(residuals.subarray(0, rows * channels), channels, rows);
  for (let k = 0, at = 0; k < inputs.width; k++)
    for (let c = 0; c < channels; c++, at++) products[at] = products[at]! / rows - mean[k]! * average[c]!;
  return { channels, average, products };
}

/** The regression with an intercept; without a factor (an infinite ridge) the intercept alone. */
function solve(
  { channels, average, products }: Correlations,
  { mean }: RowMoments,
  factor: Float64Array | undefined,
  matrices: MatrixKernels,
): Affine {
  const width = mean.length;
  const weights = new Float32Array(channels * width);
  const bias = Float32Array.from(average);
  if (factor === undefined) return { weights, bias };
  const changes = products.slice();
  matrices.solveCholesky(factor, width, changes, channels);
  const shift = new Float64Array(channels);
  for (let k = 0, at = 0; k < width; k++)
    for (let c = 0; c < channels; c++, at++) {
      weights[c * width + k] = changes[at]!;
      shift[c] = shift[c]! + changes[at]! * mean[k]!;
    }
  for (let c = 0; c < channels; c++) bias[c] = average[c]! - shift[c]!;
  return { weights, bias };
}

/** Of the covariance with a ridge; undefined for an infinite one. */
function ridgeFactor(
  covariance: Float64Array,
  n: number,
  ridge: number,
  matrices: MatrixKernels,
): Float64Array | undefined {
  if (ridge === Number.POSITIVE_INFINITY) return undefined;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i]!;
  // Nearly constant inputs have variances that rounding makes negative: the floor grows past them.
  for (let [relative, floor] = [ridge, 1e-12]; ; relative *= 10, floor *= 10) {
    const matrix = covariance.slice();
    const added = (relative * Math.max(0, trace)) / n + floor;
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + added;
    const factor = matrices.choleskyUpper(matrix, n);
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
function chooseRidge(problem: RefitProblem, residuals: Float32Array, matrices: MatrixKernels): number {
  const { inputs, rows, fitted } = problem;
  const { training } = inputs.moments;
  const channels = Math.min(RIDGE_CHANNELS, problem.channels);
  const some = pickChannels(residuals, problem.channels, channels);
  const correlations = correlate({ inputs, channels }, training, some, fitted);
  const left = some.subarray(fitted * channels, rows * channels);
  let best = { ridge: Number.POSITIVE_INFINITY, error: Number.POSITIVE_INFINITY };
  for (const ridge of [Number.POSITIVE_INFINITY, ...RIDGES]) {
    const factor = ridgeFactor(training.covariance, inputs.width, ridge, matrices);
    const change = solve(correlations, training, factor, matrices);
    const predicted = inputs.apply(change, channels, fitted, rows);
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
