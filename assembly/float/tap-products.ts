/** Second moments of the taps that every depthwise channel multiplies, summed in double precision row by row. */

/**
 * sums[block][i][j] += Σ over rows of x[block][row][i] · x[block][row][j] for i ≤ j, four channels to a block.
 * x: [blocks][rows][taps][4] of `packTaps`, `taps` even; sums: double [blocks][taps][taps][4], of which entries above
 * and on the diagonal mean something.
 */
export function tapProducts(x: usize, blocks: i32, rows: i32, taps: i32, sums: usize): void {
  const row = <usize>taps << 5;
  for (let block = 0; block < blocks; block++) {
    for (let i: usize = 0; i < row; i += 64)
      for (let j: usize = i; j < row; j += 64)
        pairOfTaps(x + i, x + j, rows, row, sums + i * <usize>taps + j);
    x += <usize>rows * row;
    sums += <usize>taps * row;
  }
}

/** Taps i, i+1 with j, j+1. */
@inline
function pairOfTaps(a: usize, b: usize, rows: i32, row: usize, sum: usize): void {
  let s00 = v128.load(sum), s01 = v128.load(sum, 16), s02 = v128.load(sum, 32), s03 = v128.load(sum, 48);
  const next = sum + row;
  let s10 = v128.load(next), s11 = v128.load(next, 16), s12 = v128.load(next, 32), s13 = v128.load(next, 48);
  for (let r = 0; r < rows; r++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let low = v128.load(a), high = v128.load(a, 16);
    s00 = f64x2.add(s00, f64x2.mul(low, b0));
    s01 = f64x2.add(s01, f64x2.mul(high, b1));
    s02 = f64x2.add(s02, f64x2.mul(low, b2));
    s03 = f64x2.add(s03, f64x2.mul(high, b3));
    low = v128.load(a, 32);
    high = v128.load(a, 48);
    s10 = f64x2.add(s10, f64x2.mul(low, b0));
    s11 = f64x2.add(s11, f64x2.mul(high, b1));
    s12 = f64x2.add(s12, f64x2.mul(low, b2));
    s13 = f64x2.add(s13, f64x2.mul(high, b3));
    a += row;
    b += row;
  }
  v128.store(sum, s00);
  v128.store(sum, s01, 16);
  v128.store(sum, s02, 32);
  v128.store(sum, s03, 48);
  v128.store(next, s10);
  v128.store(next, s11, 16);
  v128.store(next, s12, 32);
  v128.store(next, s13, 48);
}
