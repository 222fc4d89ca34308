/** Element by element; every buffer may be read and written up to the next multiple of four floats. */

/** out = clamp(a + sign · b); b repeats every `period` floats (a multiple of 4, or the whole length). */
export function add(a: usize, b: usize, out: usize, count: i32, period: i32, sign: f32, min: f32, max: f32): void {
  const low = f32x4.splat(min), high = f32x4.splat(max), factor = f32x4.splat(sign);
  for (let start = 0; start < count; start += period) {
    const base = <usize>start << 2, end = <usize>period << 2;
    for (let i: usize = 0; i < end; i += 16) {
      const sum = f32x4.add(v128.load(a + base + i), f32x4.mul(factor, v128.load(b + i)));
      v128.store(out + base + i, f32x4.pmin(high, f32x4.pmax(low, sum)));
    }
  }
}

/** out = clamp(a · b), b repeating as in `add`. */
export function multiply(a: usize, b: usize, out: usize, count: i32, period: i32, min: f32, max: f32): void {
  const low = f32x4.splat(min), high = f32x4.splat(max);
  for (let start = 0; start < count; start += period) {
    const base = <usize>start << 2, end = <usize>period << 2;
    for (let i: usize = 0; i < end; i += 16) {
      const product = f32x4.mul(v128.load(a + base + i), v128.load(b + i));
      v128.store(out + base + i, f32x4.pmin(high, f32x4.pmax(low, product)));
    }
  }
}

export function clamp(x: usize, out: usize, count: i32, min: f32, max: f32): void {
  const low = f32x4.splat(min), high = f32x4.splat(max);
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16)
    v128.store(out + i, f32x4.pmin(high, f32x4.pmax(low, v128.load(x + i))));
}

/** In place: x = scale · clamp(round(x / scale), min, max); min and max are relative to the zero point. */
export function fakeQuantize(x: usize, count: i32, scale: f32, min: f32, max: f32): void {
  const low = f32x4.splat(min), high = f32x4.splat(max);
  const step = f32x4.splat(scale), inverse = f32x4.splat(1 / scale);
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const q = f32x4.nearest(f32x4.mul(v128.load(x + i), inverse));
    v128.store(x + i, f32x4.mul(step, f32x4.pmin(high, f32x4.pmax(low, q))));
  }
}

/**
 * `fakeQuantize` with a scale of its own per channel: `scales` holds the scales, then their inverses, of
 * ⌈channels/4⌉·4 channels each. x is [pixels][channels].
 */
export function fakeQuantizeChannels(
  x: usize, pixels: i32, channels: i32, scales: usize, min: f32, max: f32,
): void {
  const low = f32x4.splat(min), high = f32x4.splat(max);
  const inverses = scales + (<usize>((channels + 3) & ~3) << 2);
  for (let p = 0; p < pixels; p++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = <usize>c << 2;
      const q = f32x4.nearest(f32x4.mul(v128.load(x), v128.load(inverses + at)));
      v128.store(x, f32x4.mul(v128.load(scales + at), f32x4.pmin(high, f32x4.pmax(low, q))));
      x += 16;
    }
    for (; c < channels; c++) {
      const at = <usize>c << 2;
      const q = nearest<f32>(load<f32>(x) * load<f32>(inverses + at));
      store<f32>(x, load<f32>(scales + at) * (q < min ? min : q > max ? max : q));
      x += 4;
    }
  }
}
