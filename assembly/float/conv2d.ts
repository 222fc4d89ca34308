/** Convolution of any window: strips of output pixels are gathered tap by tap, then multiplied (gemm.ts). */
import { gemm } from './gemm';

/** Interleaves `count` floats of four sources: destination [count][4]. */
@inline
function interleave(s0: usize, s1: usize, s2: usize, s3: usize, destination: usize, count: i32): void {
  let c = 0;
  for (; c + 4 <= count; c += 4) {
    const r0 = v128.load(s0), r1 = v128.load(s1), r2 = v128.load(s2), r3 = v128.load(s3);
    const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const t2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    v128.store(destination, v128.shuffle<i64>(t0, t1, 0, 2));
    v128.store(destination, v128.shuffle<i64>(t0, t1, 1, 3), 16);
    v128.store(destination, v128.shuffle<i64>(t2, t3, 0, 2), 32);
    v128.store(destination, v128.shuffle<i64>(t2, t3, 1, 3), 48);
    s0 += 16;
    s1 += 16;
    s2 += 16;
    s3 += 16;
    destination += 64;
  }
  for (; c < count; c++) {
    store<f32>(destination, load<f32>(s0));
    store<f32>(destination, load<f32>(s1), 4);
    store<f32>(destination, load<f32>(s2), 8);
    store<f32>(destination, load<f32>(s3), 12);
    s0 += 4;
    s1 += 4;
    s2 += 4;
    s3 += 4;
    destination += 16;
  }
}

/** Address of the input pixel under tap (ky, kx) of output pixel `p`, or `zeros` outside. */
@inline
function source(
  p: i32, ky: i32, kx: i32, x: usize, zeros: usize, pixelBytes: usize,
  ih: i32, iw: i32, ow: i32, sh: i32, sw: i32, pt: i32, pl: i32,
): usize {
  const oy = p / ow;
  const iy = oy * sh - pt + ky, ix = (p - oy * ow) * sw - pl + kx;
  const inside = u32(iy) < u32(ih) && u32(ix) < u32(iw);
  return inside ? x + <usize>(iy * iw + ix) * pixelBytes : zeros;
}

/**
 * x [ih][iw][ic], panels of w [⌈oc/8⌉][kh·kw·ic][8], bias padded to 8, out [oh][ow][oc].
 * scratch: stripPixels · kh·kw·ic floats; zeros: ic floats of 0; stripPixels is a multiple of 4.
 */
export function conv2d(
  x: usize, w: usize, bias: usize, out: usize, scratch: usize, zeros: usize, stripPixels: i32,
  ih: i32, iw: i32, ic: i32, oh: i32, ow: i32, oc: i32, kh: i32, kw: i32,
  sh: i32, sw: i32, dh: i32, dw: i32, pt: i32, pl: i32, min: f32, max: f32,
): void {
  const pixels = oh * ow, depth = kh * kw * ic;
  const pixelBytes = <usize>ic << 2;
  for (let first = 0; first < pixels; first += stripPixels) {
    const count = min32(stripPixels, pixels - first);
    let destination = scratch;
    for (let p = first; p < first + count; p += 4) {
      const last = pixels - 1;
      const p1 = min32(p + 1, last), p2 = min32(p + 2, last), p3 = min32(p + 3, last);
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const y = ky * dh, z = kx * dw;
          interleave(
            source(p, y, z, x, zeros, pixelBytes, ih, iw, ow, sh, sw, pt, pl),
            source(p1, y, z, x, zeros, pixelBytes, ih, iw, ow, sh, sw, pt, pl),
            source(p2, y, z, x, zeros, pixelBytes, ih, iw, ow, sh, sw, pt, pl),
            source(p3, y, z, x, zeros, pixelBytes, ih, iw, ow, sh, sw, pt, pl),
            destination, ic,
          );
          destination += pixelBytes << 2;
        }
      }
    }
    gemm(scratch, w, bias, out + ((<usize>first * <usize>oc) << 2), count, oc, depth, min, max);
  }
}

@inline
function min32(a: i32, b: i32): i32 {
  return a < b ? a : b;
}
