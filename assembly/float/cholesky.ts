/** Upper Cholesky factor and triangular solutions, double precision; sums in the order of the textbook loops. */
import { store8 } from './rows8';

/**
 * R with A = RᵀR for A [size][size], `size` a multiple of 4, of which the upper triangle is read. R replaces A's upper
 * triangle; `panels` is scratch of the same size. Returns 0 when A is not positive definite.
 *
 * Panels hold R by blocks of four columns, [size/4][size][4]: what a block of four rows needs of all rows above
 * it lies in one run of memory.
 */
export function choleskyUpper(a: usize, size: i32, panels: usize): i32 {
  const stride = <usize>size << 3, panelBytes = <usize>size << 5;
  for (let top: usize = 0; top < <usize>size; top += 4) {
    const own = panels + (top >> 2) * panelBytes;
    for (let left = top; left < <usize>size; left += 4)
      subtractRowsAbove(a + top * stride + (left << 3), stride, own, panels + (left >> 2) * panelBytes, top);
    for (let r: usize = 0; r < 4; r++)
      if (!finishRow(own, panels, panelBytes, top, r, <usize>size)) return 0;
  }
  for (let row: usize = 0; row < <usize>size; row++)
    for (let left = row & ~3; left < <usize>size; left += 4) {
      const from = panels + (left >> 2) * panelBytes + (row << 5), to = a + row * stride + (left << 3);
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  return 1;
}

/** Rows top…top+3 of one panel: A − Σ over the rows above of R[k][row] · R[k][column]. */
@inline
function subtractRowsAbove(a: usize, stride: usize, own: usize, panel: usize, top: usize): void {
  let s00 = v128.load(a), s01 = v128.load(a, 16);
  let s10 = v128.load(a + stride), s11 = v128.load(a + stride, 16);
  let s20 = v128.load(a + 2 * stride), s21 = v128.load(a + 2 * stride, 16);
  let s30 = v128.load(a + 3 * stride), s31 = v128.load(a + 3 * stride, 16);
  const end = own + (top << 5);
  while (own < end) {
    const low = v128.load(panel), high = v128.load(panel, 16);
    let f = v128.load64_splat(own);
    s00 = f64x2.sub(s00, f64x2.mul(f, low));
    s01 = f64x2.sub(s01, f64x2.mul(f, high));
    f = v128.load64_splat(own, 8);
    s10 = f64x2.sub(s10, f64x2.mul(f, low));
    s11 = f64x2.sub(s11, f64x2.mul(f, high));
    f = v128.load64_splat(own, 16);
    s20 = f64x2.sub(s20, f64x2.mul(f, low));
    s21 = f64x2.sub(s21, f64x2.mul(f, high));
    f = v128.load64_splat(own, 24);
    s30 = f64x2.sub(s30, f64x2.mul(f, low));
    s31 = f64x2.sub(s31, f64x2.mul(f, high));
    own += 32;
    panel += 32;
  }
  v128.store(panel, s00);
  v128.store(panel, s01, 16);
  v128.store(panel, s10, 32);
  v128.store(panel, s11, 48);
  v128.store(panel, s20, 64);
  v128.store(panel, s21, 80);
  v128.store(panel, s30, 96);
  v128.store(panel, s31, 112);
}

/** Divides row top + r by the root of its pivot and takes it off the rows below in the same block. */
function finishRow(own: usize, panels: usize, panelBytes: usize, top: usize, r: usize, size: usize): bool {
  const row = (top + r) << 5;
  const pivot = load<f64>(own + row + (r << 3));
  if (!(pivot > 0)) return false;
  const root = f64x2.splat(Math.sqrt(pivot));
  for (let left = top; left < size; left += 4) {
    const at = panels + (left >> 2) * panelBytes + row;
    const low = f64x2.div(v128.load(at), root), high = f64x2.div(v128.load(at, 16), root);
    v128.store(at, low);
    v128.store(at, high, 16);
    for (let below = r + 1; below < 4; below++) {
      const f = v128.load64_splat(own + row + (below << 3));
      const to = at + ((below - r) << 5);
      v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(f, low)));
      v128.store(to, f64x2.sub(v128.load(to, 16), f64x2.mul(f, high)), 16);
    }
  }
  return true;
}

/** Solves RᵀR x = b in place for eight b, [size][8]; r [size][size] is upper triangular. */
export function solveCholesky(r: usize, size: i32, x: usize): void {
  const stride = (<usize>size << 3) + 8, end = x + (<usize>size << 6);
  let pivot = r;
  for (let own = x; own < end; own += 64, pivot += stride) {
    const p = v128.load64_splat(pivot);
    const v0 = f64x2.div(v128.load(own), p), v1 = f64x2.div(v128.load(own, 16), p);
    const v2 = f64x2.div(v128.load(own, 32), p), v3 = f64x2.div(v128.load(own, 48), p);
    store8(own, v0, v1, v2, v3);
    let factor = pivot + 8;
    for (let at = own + 64; at < end; at += 64, factor += 8) {
      const f = v128.load64_splat(factor);
      v128.store(at, f64x2.sub(v128.load(at), f64x2.mul(f, v0)));
      v128.store(at, f64x2.sub(v128.load(at, 16), f64x2.mul(f, v1)), 16);
      v128.store(at, f64x2.sub(v128.load(at, 32), f64x2.mul(f, v2)), 32);
      v128.store(at, f64x2.sub(v128.load(at, 48), f64x2.mul(f, v3)), 48);
    }
  }
  for (let own = end - 64; own >= x; own -= 64) {
    pivot -= stride;
    let v0 = v128.load(own), v1 = v128.load(own, 16), v2 = v128.load(own, 32), v3 = v128.load(own, 48);
    let factor = pivot + 8;
    for (let at = own + 64; at < end; at += 64, factor += 8) {
      const f = v128.load64_splat(factor);
      v0 = f64x2.sub(v0, f64x2.mul(f, v128.load(at)));
      v1 = f64x2.sub(v1, f64x2.mul(f, v128.load(at, 16)));
      v2 = f64x2.sub(v2, f64x2.mul(f, v128.load(at, 32)));
      v3 = f64x2.sub(v3, f64x2.mul(f, v128.load(at, 48)));
    }
    const p = v128.load64_splat(pivot);
    store8(own, f64x2.div(v0, p), f64x2.div(v1, p), f64x2.div(v2, p), f64x2.div(v3, p));
  }
}
