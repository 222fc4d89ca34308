/** Average and maximum over the valid positions of each window; channels one vector at a time. */

export function averagePool2d(
  x: usize, out: usize, ih: i32, iw: i32, channels: i32, oh: i32, ow: i32, kh: i32, kw: i32,
  sh: i32, sw: i32, dh: i32, dw: i32, pt: i32, pl: i32, min: f32, max: f32,
): void {
  pool(false, x, out, ih, iw, channels, oh, ow, kh, kw, sh, sw, dh, dw, pt, pl, min, max);
}

export function maxPool2d(
  x: usize, out: usize, ih: i32, iw: i32, channels: i32, oh: i32, ow: i32, kh: i32, kw: i32,
  sh: i32, sw: i32, dh: i32, dw: i32, pt: i32, pl: i32, min: f32, max: f32,
): void {
  pool(true, x, out, ih, iw, channels, oh, ow, kh, kw, sh, sw, dh, dw, pt, pl, min, max);
}

@inline
function pool(
  largest: bool, x: usize, out: usize, ih: i32, iw: i32, channels: i32, oh: i32, ow: i32, kh: i32, kw: i32,
  sh: i32, sw: i32, dh: i32, dw: i32, pt: i32, pl: i32, min: f32, max: f32,
): void {
  const pixel = <usize>channels << 2;
  const low = f32x4.splat(min), high = f32x4.splat(max);
  for (let oy = 0; oy < oh; oy++) {
    for (let ox = 0; ox < ow; ox++) {
      let c = 0;
      for (; c < channels; c += 4) {
        const single = channels - c < 4;
        let best = f32x4.splat(largest ? -Infinity : 0);
        let count: f32 = 0;
        for (let ky = 0; ky < kh; ky++) {
          const iy = oy * sh - pt + ky * dh;
          if (u32(iy) >= u32(ih)) continue;
          for (let kx = 0; kx < kw; kx++) {
            const ix = ox * sw - pl + kx * dw;
            if (u32(ix) >= u32(iw)) continue;
            const at = x + <usize>(iy * iw + ix) * pixel + (<usize>c << 2);
            const value = single ? loadTail(at, channels - c) : v128.load(at);
            best = largest ? f32x4.pmax(best, value) : f32x4.add(best, value);
            count += 1;
          }
        }
        if (!largest) best = f32x4.div(best, f32x4.splat(count));
        best = f32x4.pmin(high, f32x4.pmax(low, best));
        const to = out + (<usize>c << 2);
        if (single) storeTail(to, best, channels - c);
        else v128.store(to, best);
      }
      out += pixel;
    }
  }
}

@inline
function loadTail(at: usize, count: i32): v128 {
  let value = v128.load32_zero(at);
  if (count > 1) value = f32x4.replace_lane(value, 1, load<f32>(at, 4));
  if (count > 2) value = f32x4.replace_lane(value, 2, load<f32>(at, 8));
  return value;
}

@inline
function storeTail(at: usize, value: v128, count: i32): void {
  store<f32>(at, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(value, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(value, 2), 8);
}
