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

/** Right-hand sides that are solved together: what takes the time is reading the factor. */
export const SOLVE_LANES = 4;

/** Solves RᵀR x = b in place for four b, stored [n][4]. */
export function solveCholesky(r: Float64Array, n: number, x: Float64Array): void {
  for (let i = 0, own = 0; i < n; i++, own += SOLVE_LANES) {
    const pivot = r[i * n + i]!;
    const [v0, v1, v2, v3] = [x[own]! / pivot, x[own + 1]! / pivot, x[own + 2]! / pivot, x[own + 3]! / pivot];
    storeLanes(x, own, v0, v1, v2, v3);
    for (let j = i + 1, at = own + SOLVE_LANES; j < n; j++, at += SOLVE_LANES) {
      const factor = r[i * n + j]!;
      x[at] = x[at]! - factor * v0;
      x[at + 1] = x[at + 1]! - factor * v1;
      x[at + 2] = x[at + 2]! - factor * v2;
      x[at + 3] = x[at + 3]! - factor * v3;
    }
  }
  for (let i = n - 1, own = SOLVE_LANES * i; i >= 0; i--, own -= SOLVE_LANES) {
    let [v0, v1, v2, v3] = [x[own]!, x[own + 1]!, x[own + 2]!, x[own + 3]!];
    for (let j = i + 1, at = own + SOLVE_LANES; j < n; j++, at += SOLVE_LANES) {
      const factor = r[i * n + j]!;
      v0 -= factor * x[at]!;
      v1 -= factor * x[at + 1]!;
      v2 -= factor * x[at + 2]!;
      v3 -= factor * x[at + 3]!;
    }
    const pivot = r[i * n + i]!;
    storeLanes(x, own, v0 / pivot, v1 / pivot, v2 / pivot, v3 / pivot);
  }
}

function storeLanes(x: Float64Array, at: number, v0: number, v1: number, v2: number, v3: number): void {
  x[at] = v0;
  x[at + 1] = v1;
  x[at + 2] = v2;
  x[at + 3] = v3;
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
