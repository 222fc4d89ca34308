/**
 * Rounded feature maps as stored integers of one byte, and back. `scales` as in `fakeQuantizeChannels`; x and stored
 * are [pixels][channels]. Both directions are exact: x is a whole multiple of its scale.
 */
export function storeChannels(
  x: usize, pixels: i32, channels: i32, scales: usize, zeroPoint: i32, stored: usize,
): void {
  const offset = i32x4.splat(zeroPoint);
  const inverses = scales + (<usize>((channels + 3) & ~3) << 2);
  for (let p = 0; p < pixels; p++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const q = f32x4.nearest(f32x4.mul(v128.load(x), v128.load(inverses + (<usize>c << 2))));
      const wide = i32x4.add(i32x4.trunc_sat_f32x4_s(q), offset);
      const half = i16x8.narrow_i32x4_s(wide, wide);
      v128.store32_lane(stored, i8x16.narrow_i16x8_s(half, half), 0);
      x += 16;
      stored += 4;
    }
    for (; c < channels; c++) {
      store<i8>(stored, <i32>nearest<f32>(load<f32>(x) * load<f32>(inverses + (<usize>c << 2))) + zeroPoint);
      x += 4;
      stored++;
    }
  }
}

export function restoreChannels(
  x: usize, pixels: i32, channels: i32, scales: usize, zeroPoint: i32, stored: usize,
): void {
  const offset = i32x4.splat(zeroPoint);
  for (let p = 0; p < pixels; p++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const half = i16x8.extend_low_i8x16_s(v128.load32_zero(stored));
      const q = i32x4.sub(i32x4.extend_low_i16x8_s(half), offset);
      v128.store(x, f32x4.mul(v128.load(scales + (<usize>c << 2)), f32x4.convert_i32x4_s(q)));
      x += 16;
      stored += 4;
    }
    for (; c < channels; c++) {
      store<f32>(x, load<f32>(scales + (<usize>c << 2)) * <f32>(<i32>load<i8>(stored) - zeroPoint));
      x += 4;
      stored++;
    }
  }
}
