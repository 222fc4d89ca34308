/**
 * The inner loops of rounding weights to integers. src/calibrate/rounding-kernels.ts has them on SIMD; stages that may
 * not import it are handed them.
 */
export interface RoundingKernels {
  /** Per scale Σ importance · (w − scale · clamp(round(w / scale), ±top))²; importance 1 where undefined. */
  nearestErrors(
    weights: Float64Array,
    importance: Float64Array | undefined,
    scales: Float64Array,
    top: number,
  ): Float64Array;
  /** Per scale Σ (x − scale · clamp(round(x / scale), low, high))². */
  gridErrors(values: Float32Array, scales: Float64Array, low: number, high: number): Float64Array;
  /**
   * Error-compensated rounding at each of four scales, then `sweeps` of coordinate descent and refitted scale from the
   * best of them. Inputs are rounded from the last of `order` to the first.
   */
  compensate(
    inputs: InputCovariance,
    channels: readonly ChannelToRound[],
    top: number,
    sweeps: number,
  ): RoundedChannel[];
}

/** Covariance of a layer's inputs, damped, with its factor; shared by all channels of a layer. */
export interface InputCovariance {
  readonly size: number;
  readonly matrix: Float64Array;
  /** Upper Cholesky factor of the matrix with rows and columns in `order`. */
  readonly factor: Float64Array;
  /** Position i of the factor is input order[i]. */
  readonly order: Int32Array;
}

export interface ChannelToRound {
  readonly weights: Float64Array;
  /** `SCALES_TRIED` of them. */
  readonly scales: readonly number[];
  readonly minimumScale: number;
}

/** Scales at which a channel is rounded at once, because reading the factor is what takes the time. */
export const SCALES_TRIED = 4;

export interface RoundedChannel {
  readonly q: Int8Array;
  readonly scale: number;
  /** The objective reached. */
  readonly error: number;
}
