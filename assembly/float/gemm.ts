/**
 * The one inner loop of conv and fully connected: 4 rows × 8 columns of a product in eight registers.
 *
 * Left operand in strips [M/4][K][4], right operand in panels [N/8][K][8] (zero-padded), so that each step reads
 * one pointer apiece. Not unrolled: V8 hoists every load of a longer body and spills.
 */
export const STRIP_ROWS: i32 = 4;
export const PANEL_COLUMNS: i32 = 8;

/** Stores the first `columns` of 8 clamped lanes. */
@inline
function storeRow(at: usize, low: v128, high: v128, columns: i32, min: v128, max: v128): void {
  low = f32x4.pmin(max, f32x4.pmax(min, low));
  high = f32x4.pmin(max, f32x4.pmax(min, high));
  if (columns >= 8) {
    v128.store(at, low);
    v128.store(at, high, 16);
    return;
  }
  if (columns & 4) {
    v128.store(at, low);
    at += 16;
    low = high;
  }
  if (columns & 2) {
    v128.store64_lane(at, low, 0);
    at += 8;
    low = i8x16.shuffle(low, low, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  }
  if (columns & 1) v128.store32_lane(at, low, 0);
}

/** out[r][n] = clamp(bias[n] + Σ_k strip[k][r] · panel[k][n]) for `rows` ≤ 4 rows and `columns` ≤ 8. */
@inline
function tile(
  strip: usize, panel: usize, depth: usize, bias: usize, out: usize, rowBytes: usize,
  rows: i32, columns: i32, min: v128, max: v128,
): void {
  let a0 = v128.load(bias), a1 = v128.load(bias, 16);
  let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
  const end = strip + (depth << 4);
  while (strip < end) {
    const w0 = v128.load(panel), w1 = v128.load(panel, 16);
    let x = v128.load32_splat(strip);
    a0 = f32x4.add(a0, f32x4.mul(x, w0));
    a1 = f32x4.add(a1, f32x4.mul(x, w1));
    x = v128.load32_splat(strip, 4);
    b0 = f32x4.add(b0, f32x4.mul(x, w0));
    b1 = f32x4.add(b1, f32x4.mul(x, w1));
    x = v128.load32_splat(strip, 8);
    c0 = f32x4.add(c0, f32x4.mul(x, w0));
    c1 = f32x4.add(c1, f32x4.mul(x, w1));
    x = v128.load32_splat(strip, 12);
    d0 = f32x4.add(d0, f32x4.mul(x, w0));
    d1 = f32x4.add(d1, f32x4.mul(x, w1));
    strip += 16;
    panel += 32;
  }
  storeRow(out, a0, a1, columns, min, max);
  if (rows > 1) storeRow(out + rowBytes, b0, b1, columns, min, max);
  if (rows > 2) storeRow(out + 2 * rowBytes, c0, c1, columns, min, max);
  if (rows > 3) storeRow(out + 3 * rowBytes, d0, d1, columns, min, max);
}

/**
 * out [rows][columns] = clamp(strips · panels + bias).
 * strips: ⌈rows/4⌉ strips; panels and bias: padded to a multiple of 8 columns; all float32.
 */
export function gemm(
  strips: usize, panels: usize, bias: usize, out: usize,
  rows: i32, columns: i32, depth: i32, min: f32, max: f32,
): void {
  const low = f32x4.splat(min), high = f32x4.splat(max);
  const rowBytes = <usize>columns << 2;
  for (let n = 0; n < columns; n += 8) {
    const panel = panels + ((<usize>n * <usize>depth) << 2);
    for (let m = 0; m < rows; m += 4) {
      const strip = strips + ((<usize>m * <usize>depth) << 2);
      const at = out + <usize>m * rowBytes + (<usize>n << 2);
      tile(strip, panel, depth, bias + (<usize>n << 2), at, rowBytes, rows - m, columns - n, low, high);
    }
  }
}

/** As `gemm` for a square product, without the tiles that lie below its diagonal. */
export function gemmUpper(strips: usize, panels: usize, zeros: usize, out: usize, size: i32, depth: i32): void {
  const low = f32x4.splat(-Infinity), high = f32x4.splat(Infinity);
  const rowBytes = <usize>size << 2;
  for (let n = 0; n < size; n += 8) {
    const panel = panels + ((<usize>n * <usize>depth) << 2);
    for (let m = 0; m < size && m < n + 8; m += 4) {
      const strip = strips + ((<usize>m * <usize>depth) << 2);
      const at = out + <usize>m * rowBytes + (<usize>n << 2);
      tile(strip, panel, depth, zeros, at, rowBytes, size - m, size - n, low, high);
    }
  }
}
