/** Error-compensated rounding of weights (src/quantize/round-weights.ts says what is computed), double precision. */
import { sumRows } from './rows8';

/** As JavaScript's Math.round: halves upwards. */
@inline
function roundLanes(x: v128): v128 {
  const up = f64x2.ceil(x);
  const tooFar = f64x2.gt(f64x2.sub(up, f64x2.splat(0.5)), x);
  return f64x2.sub(up, v128.and(tooFar, f64x2.splat(1)));
}

@inline
function clampRoundLanes(x: v128, top: v128): v128 {
  return f64x2.min(top, f64x2.max(f64x2.neg(top), roundLanes(x)));
}

/**
 * Nearest rounding at eight scales: errors[8] = Σ importance · (w − stored w)², weights and importance [count].
 */
export function nearestErrors(
  weights: usize, importance: usize, count: i32, scales: usize, top: f64, errors: usize,
): void {
  for (let lane: usize = 0; lane < 64; lane += 32) {
    const t = f64x2.splat(top);
    const s0 = v128.load(scales + lane), s1 = v128.load(scales + lane, 16);
    let e0 = f64x2.splat(0), e1 = f64x2.splat(0);
    for (let k: usize = 0; k < <usize>count << 3; k += 8) {
      const w = v128.load64_splat(weights + k), share = v128.load64_splat(importance + k);
      const d0 = f64x2.sub(w, f64x2.mul(s0, clampRoundLanes(f64x2.div(w, s0), t)));
      const d1 = f64x2.sub(w, f64x2.mul(s1, clampRoundLanes(f64x2.div(w, s1), t)));
      e0 = f64x2.add(e0, f64x2.mul(f64x2.mul(share, d0), d0));
      e1 = f64x2.add(e1, f64x2.mul(f64x2.mul(share, d1), d1));
    }
    v128.store(errors + lane, e0);
    v128.store(errors + lane, e1, 16);
  }
}

/**
 * Nearest planes for two channels at four scales each: lanes [2][4]. factor [size][size] is upper triangular; weights
 * [size][2] stand in its order; scales [8]; lost is scratch [size][8]; stores q [size][8] and errors [8].
 */
export function nearestPlanes(
  factor: usize, size: i32, weights: usize, scales: usize, top: f64, lost: usize, q: usize, errors: usize,
): void {
  const stride = (<usize>size << 3) + 8, end = lost + (<usize>size << 6);
  let pivot = factor + <usize>size * stride, weight = weights + (<usize>size << 4);
  q += <usize>size << 6;
  for (let lane: usize = 0; lane < 64; lane += 16) v128.store(errors + lane, f64x2.splat(0));
  for (let own = end - 64; own >= lost; own -= 64) {
    pivot -= stride;
    weight -= 16;
    q -= 64;
    // What the rows behind carry over stands where this row's loss will.
    sumRows(pivot + 8, own + 64, end, own);
    roundPair(pivot, weight, scales, top, own, q, errors);
    roundPair(pivot, weight, scales + 16, top, own + 16, q + 16, errors + 16);
    roundPair(pivot, weight + 8, scales + 32, top, own + 32, q + 32, errors + 32);
    roundPair(pivot, weight + 8, scales + 48, top, own + 48, q + 48, errors + 48);
  }
}

/** `lost` brings what is carried over, and takes the loss. */
@inline
function roundPair(
  pivot: usize, weight: usize, scales: usize, top: f64, lost: usize, q: usize, errors: usize,
): void {
  const carried = v128.load(lost);
  const p = v128.load64_splat(pivot), w = v128.load64_splat(weight), scale = v128.load(scales);
  const value = clampRoundLanes(f64x2.div(f64x2.add(w, f64x2.div(carried, p)), scale), f64x2.splat(top));
  v128.store(q, value);
  const left = f64x2.sub(w, f64x2.mul(scale, value));
  v128.store(lost, left);
  const residual = f64x2.add(f64x2.mul(p, left), carried);
  v128.store(errors, f64x2.add(v128.load(errors), f64x2.mul(residual, residual)));
}

/** out [size][8] = matrix [size][size] · x [size][8]. */
export function multiplyLanes(matrix: usize, size: i32, x: usize, out: usize): void {
  const end = x + (<usize>size << 6), rowBytes = <usize>size << 3;
  for (let i = 0; i < size; i++, matrix += rowBytes, out += 64) sumRows(matrix, x, end, out);
}

/**
 * Coordinate descent of one channel, alternating with the best scale. q, wanted = C·w and stored = C·q are [size];
 * q and stored are kept up to date. Returns the scale.
 */
export function descend(
  matrix: usize, size: i32, q: usize, wanted: usize, stored: usize,
  start: f64, minimumScale: f64, top: f64, sweeps: i32,
): f64 {
  const bytes = <usize>size << 3;
  let scale = start;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let product: f64 = 0, square: f64 = 0;
    for (let k: usize = 0; k < bytes; k += 8) {
      product += load<f64>(q + k) * load<f64>(wanted + k);
      square += load<f64>(q + k) * load<f64>(stored + k);
    }
    // All integers 0, or turned away from the weights: there is no better scale.
    if (square > 0 && product > 0) scale = product / square;
    if (scale < minimumScale) scale = minimumScale;
    let moved = false;
    for (let k: usize = 0, row = matrix; k < bytes; k += 8, row += bytes) {
      const gradient = load<f64>(wanted + k) - scale * load<f64>(stored + k);
      const old = load<f64>(q + k);
      const rounded = roundScalar(old + gradient / (load<f64>(row + k) * scale));
      const value = rounded < -top ? -top : rounded > top ? top : rounded;
      const step = value - old;
      if (step == 0) continue;
      addMultiple(stored, row, bytes, step);
      store<f64>(q + k, value);
      moved = true;
    }
    if (!moved) break;
  }
  return scale;
}

@inline
function roundScalar(x: f64): f64 {
  const up = Math.ceil(x);
  return up - <f64>(up - 0.5 > x);
}

/** to += step · from, to a whole number of pairs: what lies behind the end is scratch. */
@inline
function addMultiple(to: usize, from: usize, bytes: usize, step: f64): void {
  const s = f64x2.splat(step);
  for (let at: usize = 0; at < bytes; at += 16)
    v128.store(to + at, f64x2.add(v128.load(to + at), f64x2.mul(s, v128.load(from + at))));
}

/**
 * Squared error of values [count] (float) stored at eight scales: errors[8] = Σ (x − scale · clamp(round(x · inverse)))²;
 * scales [8], inverses [8], double.
 */
export function gridErrors(
  values: usize, count: i32, scales: usize, inverses: usize, low: f64, high: f64, errors: usize,
): void {
  for (let lane: usize = 0; lane < 64; lane += 32) {
    const l = f64x2.splat(low), h = f64x2.splat(high);
    const s0 = v128.load(scales + lane), s1 = v128.load(scales + lane, 16);
    const i0 = v128.load(inverses + lane), i1 = v128.load(inverses + lane, 16);
    let e0 = f64x2.splat(0), e1 = f64x2.splat(0);
    for (let k: usize = 0; k < <usize>count << 2; k += 4) {
      const x = f64x2.splat(<f64>load<f32>(values + k));
      const q0 = f64x2.min(h, f64x2.max(l, roundLanes(f64x2.mul(x, i0))));
      const q1 = f64x2.min(h, f64x2.max(l, roundLanes(f64x2.mul(x, i1))));
      const d0 = f64x2.sub(x, f64x2.mul(s0, q0)), d1 = f64x2.sub(x, f64x2.mul(s1, q1));
      e0 = f64x2.add(e0, f64x2.mul(d0, d0));
      e1 = f64x2.add(e1, f64x2.mul(d1, d1));
    }
    v128.store(errors + lane, e0);
    v128.store(errors + lane, e1, 16);
  }
}
