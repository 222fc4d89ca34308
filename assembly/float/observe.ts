/** What calibration counts over a feature map. */

/** Stores minimum and maximum (f32, f32) at `result`, then the sum and the sum of squares (f64, f64) at +8. */
export function valueRange(x: usize, count: i32, result: usize): void {
  let min: f32 = Infinity, max: f32 = -Infinity;
  let sum: f64 = 0, squares: f64 = 0;
  for (let i = 0; i < count; i++) {
    const value = load<f32>(x + (<usize>i << 2));
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    squares += <f64>value * value;
  }
  store<f32>(result, min);
  store<f32>(result, max, 4);
  store<f64>(result, sum, 8);
  store<f64>(result, squares, 16);
}

/**
 * counts[⌊x · inverseWidth⌋ − firstBin] += 1 (u32) for every value but exact zeros, whose number is returned.
 * The caller has made sure that every bin exists.
 */
export function histogram(x: usize, count: i32, inverseWidth: f32, firstBin: i32, counts: usize): i32 {
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    const value = load<f32>(x + (<usize>i << 2));
    if (value == 0) {
      zeros++;
      continue;
    }
    const at = counts + (<usize>(<i32>Mathf.floor(value * inverseWidth) - firstBin) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  return zeros;
}

/** Per channel: {sum f64, sum of squares f64, minimum f32, maximum f32} at `moments` + 24·c, updated. */
export function channelMoments(x: usize, pixels: i32, channels: i32, moments: usize): void {
  for (let p = 0; p < pixels; p++) {
    let at = moments;
    for (let c = 0; c < channels; c++) {
      const value = load<f32>(x);
      store<f64>(at, load<f64>(at) + <f64>value);
      store<f64>(at, load<f64>(at, 8) + <f64>value * value, 8);
      if (value < load<f32>(at, 16)) store<f32>(at, value, 16);
      if (value > load<f32>(at, 20)) store<f32>(at, value, 20);
      x += 4;
      at += 24;
    }
  }
}
