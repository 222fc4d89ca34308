/**
 * Dense linear algebra in bulk, row-major: what refitting weights and second moments need. src/calibrate/matrix-kernels.ts
 * has it on SIMD; stages that may not import it are handed it.
 */
export interface MatrixKernels {
  /** sum[i][j] += Σ over `rows` of a[row][i] · b[row][j]; a is [rows][p], b is [rows][q], float32 in blocks of rows. */
  crossProduct(a: Float32Array, b: Float32Array, rows: number, p: number, q: number, sum: Float64Array): void;
  /** `crossProduct` of x with itself, on and above the diagonal of `sum`; below it nothing is written. */
  selfProduct(x: Float32Array, rows: number, width: number, sum: Float64Array): void;
  /** Second moments of depthwise taps, summed in double precision. */
  createTapProducts(taps: number, channels: number): TapProducts;
  /** Depthwise rows [rows][taps][channels], to be read channel by channel until the next call. */
  loadTaps(x: Float32Array, rows: number, taps: number, channels: number): TapColumns;
  /** out[row][n] = bias[n] + Σ_k x[row][k] · w[n][k]; x is [rows][depth], w is [columns][depth]. */
  apply(
    x: Float32Array,
    w: Float32Array,
    bias: Float32Array,
    rows: number,
    depth: number,
    columns: number,
    out: Float32Array,
  ): void;
  /**
   * Upper factor R with A = RᵀR, [n][n] and zero below the diagonal; undefined when A is not positive definite. Only the
   * upper triangle of A is read.
   */
  choleskyUpper(a: Float64Array, n: number): Float64Array | undefined;
  /** Solves RᵀR x = b in place for every column of [n][columns]. */
  solveCholesky(r: Float64Array, n: number, x: Float64Array, columns: number): void;
}

export interface TapProducts {
  /** Adds `rows` rows [taps][channels]. */
  add(x: Float32Array, rows: number): void;
  /** Sums so far, [channels][taps][taps], on and above the diagonals. */
  sums(): Float64Array;
}

/** Double precision, row by row. */
export interface TapColumns {
  /** bias + Σ_tap x[row][tap][channel] · w[tap] for rows `from` to `to` − 1. */
  apply(channel: number, w: Float32Array, bias: number, from: number, to: number): Float32Array;
  /** Per tap Σ x[row][tap][channel] · y[row] over the rows of y. */
  correlate(channel: number, y: Float32Array): Float64Array;
}
