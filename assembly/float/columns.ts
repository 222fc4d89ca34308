/** Operands of products over samples: x [rows][width] cut into blocks of columns, [width/unit][rows][unit]. */

/**
 * Four or eight columns at a time. The last block holds whatever follows in memory behind its own columns: products with
 * those are not stored.
 */
export function packColumns(x: usize, rows: i32, width: i32, unit: i32, out: usize): void {
  const stride = <usize>width << 2;
  for (let column = 0; column < width; column += unit) {
    let from = x + (<usize>column << 2);
    for (let row = 0; row < rows; row++) {
      v128.store(out, v128.load(from));
      if (unit == 8) v128.store(out, v128.load(from, 16), 16);
      out += <usize>unit << 2;
      from += stride;
    }
  }
}

/** x [rows][taps][channels] → double [channels/4][rows][paddedTaps][4], zero where there is no channel or tap. */
export function packTaps(x: usize, rows: i32, taps: i32, channels: i32, paddedTaps: i32, out: usize): void {
  const stride = <usize>channels << 2;
  for (let c = 0; c < channels; c += 4) {
    const present = channels - c;
    const mask = i32x4.gt_s(i32x4.splat(present), i32x4(0, 1, 2, 3));
    let from = x + (<usize>c << 2);
    for (let row = 0; row < rows; row++) {
      for (let tap = 0; tap < taps; tap++) {
        const values = v128.and(v128.load(from), mask);
        v128.store(out, f64x2.promote_low_f32x4(values));
        v128.store(out, f64x2.promote_low_f32x4(i64x2.shuffle(values, values, 1, 0)), 16);
        out += 32;
        from += stride;
      }
      for (let tap = taps; tap < paddedTaps; tap++) {
        v128.store(out, f64x2.splat(0));
        v128.store(out, f64x2.splat(0), 16);
        out += 32;
      }
    }
  }
}
