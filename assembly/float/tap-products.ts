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

/**
 * x [rows][taps][channels] → out [channels][taps][stride] from row `first` on, for whole fours of rows: channels and rows
 * change places. Rows and channels past the end are read from what follows and must have room.
 */
export function transposeTaps(
  x: usize, rows: i32, taps: i32, channels: i32, out: usize, stride: i32, first: i32,
): void {
  const rowBytes = <usize>(taps * channels) << 2;
  const tapBytes = <usize>stride << 2, channelBytes = tapBytes * <usize>taps;
  for (let row = 0; row < rows; row += 4, x += rowBytes << 2)
    for (let tap = 0; tap < taps; tap++) {
      let from = x + (<usize>(tap * channels) << 2);
      let to = out + <usize>tap * tapBytes + (<usize>(first + row) << 2);
      let c = channels;
      for (; c >= 4; c -= 4, from += 16, to += channelBytes << 2) {
        const a = v128.load(from), b = v128.load(from + rowBytes);
        const d = v128.load(from + 2 * rowBytes), e = v128.load(from + 3 * rowBytes);
        const low = i32x4.shuffle(a, b, 0, 4, 1, 5), high = i32x4.shuffle(d, e, 0, 4, 1, 5);
        const lower = i32x4.shuffle(a, b, 2, 6, 3, 7), higher = i32x4.shuffle(d, e, 2, 6, 3, 7);
        v128.store(to, i64x2.shuffle(low, high, 0, 2));
        v128.store(to + channelBytes, i64x2.shuffle(low, high, 1, 3));
        v128.store(to + 2 * channelBytes, i64x2.shuffle(lower, higher, 0, 2));
        v128.store(to + 3 * channelBytes, i64x2.shuffle(lower, higher, 1, 3));
      }
      for (; c > 0; c--, from += 4, to += channelBytes)
        for (let r: usize = 0; r < 4; r++) store<f32>(to + (r << 2), load<f32>(from + r * rowBytes));
    }
}

/** out[row] = bias + Σ_tap x[tap][row] · w[tap], summed in double precision; x [taps][stride], whole fours of rows. */
export function applyTaps(x: usize, stride: i32, rows: i32, taps: i32, w: usize, bias: f64, out: usize): void {
  const tapBytes = <usize>stride << 2, end = w + (<usize>taps << 3);
  for (let row = 0; row < rows; row += 4, x += 16, out += 16) {
    let low = f64x2.splat(bias), high = low, from = x;
    for (let at = w; at < end; at += 8, from += tapBytes) {
      const f = v128.load64_splat(at), values = v128.load(from);
      low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(values), f));
      high = f64x2.add(high, f64x2.mul(f64x2.promote_low_f32x4(i64x2.shuffle(values, values, 1, 0)), f));
    }
    v128.store(out, i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
  }
}

/** sums[tap] = Σ_row x[tap][row] · y[row] in double precision, row by row; x [taps][stride], `taps` a multiple of 4. */
export function correlateTaps(x: usize, stride: i32, rows: i32, taps: i32, y: usize, sums: usize): void {
  const tapBytes = <usize>stride << 2, end = y + (<usize>rows << 2);
  for (let tap = 0; tap < taps; tap += 4, x += tapBytes << 2, sums += 32) {
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    let from = x;
    for (let at = y; at < end; at += 4, from += 4) {
      const value = <f64>load<f32>(at);
      s0 += <f64>load<f32>(from) * value;
      s1 += <f64>load<f32>(from + tapBytes) * value;
      s2 += <f64>load<f32>(from + 2 * tapBytes) * value;
      s3 += <f64>load<f32>(from + 3 * tapBytes) * value;
    }
    store<f64>(sums, s0);
    store<f64>(sums, s1, 8);
    store<f64>(sums, s2, 16);
    store<f64>(sums, s3, 24);
  }
}
