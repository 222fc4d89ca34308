/** Depthwise convolution of any window and multiplier; vectors run over output channels. */

/**
 * x [ih][iw][ic], w [kh][kw][oc], bias [oc], out [oh][ow][oc], oc = ic · multiplier; all float32.
 */
export function depthwiseConv2d(
  x: usize, w: usize, bias: usize, out: usize,
  ih: i32, iw: i32, ic: i32, oh: i32, ow: i32, multiplier: i32, kh: i32, kw: i32,
  sh: i32, sw: i32, dh: i32, dw: i32, pt: i32, pl: i32, min: f32, max: f32,
): void {
  const oc = ic * multiplier;
  const inputPixel = <usize>ic << 2, outputPixel = <usize>oc << 2;
  const inputRow = <usize>iw * inputPixel * <usize>dh, weightRow = <usize>kw * outputPixel;
  const inputStep = inputPixel * <usize>dw;
  const low = f32x4.splat(min), high = f32x4.splat(max);
  const vectors = multiplier == 1 ? oc : 0;
  for (let oy = 0; oy < oh; oy++) {
    const y = oy * sh - pt;
    const ky0 = firstTap(y, dh), ky1 = endTap(y, dh, kh, ih);
    for (let ox = 0; ox < ow; ox++) {
      const z = ox * sw - pl;
      const kx0 = firstTap(z, dw), kx1 = endTap(z, dw, kw, iw);
      const from = x + (<usize>(y + ky0 * dh) * <usize>iw + <usize>(z + kx0 * dw)) * inputPixel;
      const taps = w + <usize>(ky0 * kw + kx0) * outputPixel;
      const width = <usize>(kx1 - kx0) * inputStep;
      let c = 0;
      for (; c + 8 <= vectors; c += 8) {
        const at = <usize>c << 2;
        let a0 = v128.load(bias + at), a1 = v128.load(bias + at, 16);
        let row = from + at, rowTaps = taps + at;
        for (let ky = ky0; ky < ky1; ky++) {
          let p = row, q = rowTaps;
          const end = p + width;
          while (p < end) {
            a0 = f32x4.add(a0, f32x4.mul(v128.load(p), v128.load(q)));
            a1 = f32x4.add(a1, f32x4.mul(v128.load(p, 16), v128.load(q, 16)));
            p += inputStep;
            q += outputPixel;
          }
          row += inputRow;
          rowTaps += weightRow;
        }
        v128.store(out + at, f32x4.pmin(high, f32x4.pmax(low, a0)));
        v128.store(out + at, f32x4.pmin(high, f32x4.pmax(low, a1)), 16);
      }
      for (; c < oc; c++) {
        const at = <usize>c << 2;
        let sum = load<f32>(bias + at);
        let row = from + (<usize>(c / multiplier) << 2), rowTaps = taps + at;
        for (let ky = ky0; ky < ky1; ky++) {
          let p = row, q = rowTaps;
          for (let kx = kx0; kx < kx1; kx++) {
            sum += load<f32>(p) * load<f32>(q);
            p += inputStep;
            q += outputPixel;
          }
          row += inputRow;
          rowTaps += weightRow;
        }
        store<f32>(out + at, sum < min ? min : sum > max ? max : sum);
      }
      out += outputPixel;
    }
  }
}

/** First tap whose position start + tap · dilation is not negative. */
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/** One behind the last tap whose position lies below `size`. */
@inline
function endTap(start: i32, dilation: i32, kernel: i32, size: i32): i32 {
  const end = (size - start + dilation - 1) / dilation;
  return end < kernel ? end : kernel;
}
