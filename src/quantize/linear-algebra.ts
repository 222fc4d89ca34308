/** Dense symmetric matrices in row-major Float64Array: what error-compensated rounding and refitting need. */

/**
 * Upper Cholesky factor R with A = RᵀR; undefined when A is not positive definite. Only the upper triangle of A
 * is read.
 */
export function choleskyUpper(a: Float64Array, n: number): Float64Array | undefined {
  const r = new Float64Array(n * n);
  for (let i = 0; i < n; i++) r.set(a.subarray(i * n + i, i * n + n), i * n + i);
  for (let k = 0; k < n; k++) {
    const pivot = r[k * n + k]!;
    if (!(pivot > 0)) return undefined;
    const root = Math.sqrt(pivot);
    for (let j = k; j < n; j++) r[k * n + j] = r[k * n + j]! / root;
    for (let i = k + 1; i < n; i++) {
      const factor = r[k * n + i]!;
      if (factor === 0) continue;
      const row = i * n;
      for (let j = i; j < n; j++) r[row + j] = r[row + j]! - factor * r[k * n + j]!;
    }
  }
  return r;
}

/** Solves RᵀR x = b in place. */
export function solveCholesky(r: Float64Array, n: number, x: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const value = x[i]! / r[i * n + i]!;
    x[i] = value;
    for (let j = i + 1; j < n; j++) x[j] = x[j]! - r[i * n + j]! * value;
  }
  for (let i = n - 1; i >= 0; i--) {
    let value = x[i]!;
    for (let j = i + 1; j < n; j++) value -= r[i * n + j]! * x[j]!;
    x[i] = value / r[i * n + i]!;
  }
}

/** xᵀ A x. */
export function quadraticForm(a: Float64Array, n: number, x: Float64Array): number {
  let total = 0;
  for (let i = 0; i < n; i++) {
    const value = x[i]!;
    if (value === 0) continue;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[i * n + j]! * x[j]!;
    total += value * sum;
  }
  return total;
}
