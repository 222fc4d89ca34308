/**
 * Products of float32 matrices, row-major: what refitting weights and second moments need in bulk.
 * src/calibrate/matrix-kernels.ts has them on SIMD; stages that may not import it are handed them.
 */
export interface MatrixKernels {
  /** sum[i][j] += Σ over `rows` of a[row][i] · b[row][j]; a is [rows][p], b is [rows][q]. */
  crossProduct(a: Float32Array, b: Float32Array, rows: number, p: number, q: number, sum: Float64Array): void;
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
}
