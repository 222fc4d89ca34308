/** Rounding and refitting of weights against definitions, exhaustive search and constructed answers. */
import { describe, expect, it } from 'vitest';
import { createMatrixKernels } from '../../../src/calibrate/matrix-kernels.js';
import { createRoundingKernels } from '../../../src/calibrate/rounding-kernels.js';
import type { WeightedFloatLayer } from '../../../src/ir/float-network.js';
import type { Width } from '../../../src/numeric/widths.js';
import { quantizeLayer } from '../../../src/quantize/quantize-layer.js';
import { type RefitProblem, refit } from '../../../src/quantize/refit.js';
import { applyTaps, denseInputs } from '../../../src/quantize/refit-inputs.js';
import { roundCompensated, roundNearest } from '../../../src/quantize/round-weights.js';
import { createRandom, type Random } from '../../../src/support/random.js';

const matrices = createMatrixKernels();
const rounding = createRoundingKernels();

/** xᵀ A x. */
const quadraticForm = (a: Float64Array, n: number, x: Float64Array): number =>
  x.reduce((total, xi, i) => total + xi * x.reduce((sum, xj, j) => sum + a[i * n + j]! * xj, 0), 0);

/** Covariance of correlated inputs. */
function covarianceOf(random: Random, n: number): Float64Array {
  const mixing = Float64Array.from({ length: n * n }, () => random.normal());
  return Float64Array.from({ length: n * n }, (_, at) => {
    let sum = at % (n + 1) === 0 ? 0.05 : 0;
    for (let k = 0; k < n; k++) sum += mixing[Math.floor(at / n) * n + k]! * mixing[(at % n) * n + k]!;
    return sum;
  });
}

function prepared(matrix: Float64Array, n: number) {
  const order = Int32Array.from({ length: n }, (_, i) => n - 1 - i);
  const permuted = matrix.map((_, at) => matrix[order[Math.floor(at / n)]! * n + order[at % n]!]!);
  return { size: n, matrix, order, factor: matrices.choleskyUpper(permuted, n)! };
}

const roundOne = (
  weights: Float64Array,
  bits: Width,
  minimumScale: number,
  inputs: ReturnType<typeof prepared>,
) => roundCompensated([{ weights, minimumScale }], bits, inputs, rounding)[0]!;

describe('linear algebra', () => {
  it('factors and solves, whatever the size and the number of right-hand sides', () => {
    for (const [n, columns] of [
      [1, 1],
      [4, 8],
      [7, 3],
      [30, 19],
    ] as const) {
      const random = createRandom(n);
      const a = covarianceOf(random, n);
      const r = matrices.choleskyUpper(a, n)!;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let product = 0;
          for (let k = 0; k < n; k++) product += r[k * n + i]! * r[k * n + j]!;
          expect(product).toBeCloseTo(a[i * n + j]!, 9);
          if (j < i) expect(r[i * n + j]).toBe(0);
        }
      const x = Float64Array.from({ length: columns * n }, () => random.normal());
      const b = x.map((_, at) => {
        let sum = 0;
        const row = Math.floor(at / columns);
        for (let j = 0; j < n; j++) sum += a[row * n + j]! * x[columns * j + (at % columns)]!;
        return sum;
      });
      matrices.solveCholesky(r, n, b, columns);
      for (const [i, value] of x.entries()) expect(b[i]).toBeCloseTo(value, 6);
    }
    expect(matrices.choleskyUpper(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
  });

  it('sums moments of all columns, and of the taps of every channel', () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = createRandom(seed);
      const [rows, taps, channels] = [random.integer(1, 300), random.integer(1, 26), random.integer(1, 9)];
      const width = taps * channels;
      const x = Float32Array.from({ length: rows * width }, () => random.normal());
      const products = new Float64Array(width * width);
      const all = new Float64Array(width * width);
      matrices.selfProduct(x, rows, width, products);
      matrices.crossProduct(x, x, rows, width, width, all);
      const collected = matrices.createTapProducts(taps, channels);
      const cut = random.integer(0, rows);
      collected.add(x.subarray(0, cut * width), cut);
      collected.add(x.subarray(cut * width), rows - cut);
      const own = collected.sums();
      for (let i = 0; i < width; i++)
        for (let j = 0; j < width; j++) {
          expect(products[i * width + j]).toBe(j < i ? 0 : all[i * width + j]);
          // Columns are [tap][channel].
          const [tap, other, c] = [Math.floor(i / channels), Math.floor(j / channels), i % channels];
          if (j % channels !== c || other < tap) continue;
          let sum = 0;
          for (let r = 0; r < rows; r++) sum += x[r * width + i]! * x[r * width + j]!;
          expect(own[(c * taps + tap) * taps + other], `seed ${seed}`).toBeCloseTo(sum, 9);
          expect(all[i * width + j]).toBeCloseTo(sum, 2);
        }
    }
  });
});

describe('columns of taps', () => {
  it('are applied and correlated channel by channel, from any row on', () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = createRandom(seed);
      const [rows, taps, channels] = [random.integer(1, 90), random.integer(1, 26), random.integer(1, 9)];
      const x = Float32Array.from({ length: rows * taps * channels }, () => random.normal());
      const at = (row: number, tap: number, c: number) => x[(row * taps + tap) * channels + c]!;
      const columns = matrices.loadTaps(x, rows, taps, channels);
      const [from, to] = [random.integer(0, rows - 1), rows];
      const weights = Float32Array.from({ length: 2 * taps }, () => random.normal());
      const bias = Float32Array.of(0.25, -3);
      for (let c = 0; c < channels; c++) {
        const got = applyTaps(columns, c, { weights, bias }, 2, from, to);
        expect(got.length).toBe(2 * (to - from));
        for (let i = 0; i < got.length; i++) {
          let expected = bias[i % 2]!;
          for (let k = 0; k < taps; k++) expected += at(from + (i >> 1), k, c) * weights[(i % 2) * taps + k]!;
          expect(got[i], `seed ${seed}`).toBeCloseTo(expected, 4);
        }
        const y = Float32Array.from({ length: random.integer(1, rows) }, () => random.normal());
        columns.correlate(c, y).forEach((sum, k) => {
          const expected = y.reduce((total, value, row) => total + value * at(row, k, c), 0);
          expect(sum, `seed ${seed}`).toBeCloseTo(expected, 9);
        });
      }
    }
  });
});

describe('errors of candidate scales', () => {
  it('are the squared distances to what is stored', () => {
    const random = createRandom(8);
    const weights = Float64Array.from({ length: 41 }, () => 3 * random.normal());
    const importance = Float64Array.from(weights, () => random.next());
    // Halves are rounded upwards, below zero as well.
    weights.set([-1.5, -0.5, 0.5, 1.5, 0.49999999999999994]);
    const scales = Float64Array.from({ length: 11 }, (_, i) => (i === 0 ? 1 : 0.1 * i));
    const lost = (w: number, scale: number, low: number, high: number) =>
      (w - scale * Math.min(high, Math.max(low, Math.round(w / scale)))) ** 2;
    const sum = (terms: readonly number[]) => terms.reduce((a, b) => a + b, 0);
    const values = Float32Array.from(weights);
    rounding.nearestErrors(weights, importance, scales, 7).forEach((error, i) => {
      const terms = Array.from(weights, (w, k) => importance[k]! * lost(w, scales[i]!, -7, 7));
      expect(error).toBeCloseTo(sum(terms), 10);
    });
    rounding.gridErrors(values, scales, -2, 13).forEach((error, i) => {
      expect(error).toBeCloseTo(sum(Array.from(values, (x) => lost(x, scales[i]!, -2, 13))), 10);
    });
  });
});

describe('roundCompensated', () => {
  it('states the error it reaches, and beats nearest rounding', () => {
    let [compensated, nearest] = [0, 0];
    for (let seed = 0; seed < 30; seed++) {
      const random = createRandom(seed);
      const n = random.integer(3, 40);
      const matrix = covarianceOf(random, n);
      const weights = Float64Array.from({ length: n }, () => random.normal());
      const found = roundOne(weights, 4, 0, prepared(matrix, n));
      const lost = (r: { q: Int8Array; scale: number }) =>
        quadraticForm(
          matrix,
          n,
          weights.map((w, k) => w - r.scale * r.q[k]!),
        );
      expect(found.error, `seed ${seed}`).toBeCloseTo(lost(found), 6);
      compensated += lost(found);
      nearest += lost(roundNearest(weights, 4, 0, rounding));
      expect(Math.max(...found.q.map(Math.abs))).toBeLessThanOrEqual(7);
    }
    expect(compensated).toBeLessThan(0.7 * nearest);
  });

  it('comes close to the best of all ternary weights', () => {
    let [found, best] = [0, 0];
    for (let seed = 100; seed < 120; seed++) {
      const random = createRandom(seed);
      const n = 6;
      const matrix = covarianceOf(random, n);
      const weights = Float64Array.from({ length: n }, () => random.normal());
      const rounded = roundOne(weights, 2, 0, prepared(matrix, n));
      found += rounded.error;
      let least = Number.POSITIVE_INFINITY;
      for (let code = 0; code < 3 ** n; code++) {
        const lost = weights.map((w, k) => w - rounded.scale * ((Math.floor(code / 3 ** k) % 3) - 1));
        least = Math.min(least, quadraticForm(matrix, n, lost));
      }
      best += least;
    }
    expect(found).toBeLessThan(1.5 * best);
  });

  it('keeps to the smallest scale that the bias allows, and leaves dead channels at zero', () => {
    const covariance = prepared(covarianceOf(createRandom(2), 3), 3);
    const coarse = roundOne(Float64Array.of(1, 2, 3), 4, 10, covariance);
    expect(coarse.scale).toBe(10);
    const dead = roundOne(new Float64Array(3), 4, 0, covariance);
    expect([...dead.q]).toEqual([0, 0, 0]);
    expect(dead.scale).toBeGreaterThan(0);
  });
});

describe('refit', () => {
  const none = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

  function problem(seed: number, bounds: RefitProblem['bounds'], target: (row: Float32Array) => number) {
    const random = createRandom(seed);
    const [rows, width] = [400, 5];
    const x = Float32Array.from({ length: rows * width }, () => 2 + random.normal());
    const y = Float32Array.from({ length: rows }, (_, i) => target(x.subarray(i * width, (i + 1) * width)));
    const weights = Float32Array.of(1, 1, 1, 1, 1);
    const inputs = denseInputs(x, rows, 300, width, matrices);
    return { inputs, y, rows, fitted: 300, channels: 1, weights, bias: Float32Array.of(0), bounds };
  }

  it('recovers another linear map', () => {
    const truth = [0.5, 1.5, 1, -1, 2];
    const found = refit(
      problem(1, none, (row) => 3 + row.reduce((sum, v, k) => sum + truth[k]! * v, 0)),
      matrices,
    );
    expect(found.ridge).toBe(0.01);
    for (const [k, w] of truth.entries()) expect(found.weights[k]).toBeCloseTo(w, 1);
  });

  it('changes nothing but the bias where there is nothing to learn', () => {
    const noise = createRandom(9);
    const found = refit(
      problem(2, none, (row) => 1 + row.reduce((sum, v) => sum + v, 0) + 0.5 * noise.normal()),
      matrices,
    );
    for (const w of found.weights) expect(w).toBeCloseTo(1, 1);
    expect(found.bias[0]).toBeGreaterThan(0.8);
  });

  it('does not chase targets that the ReLU hides', () => {
    // Below zero the target is wild, above it the given weights are right.
    const wild = createRandom(4);
    const relu = { min: 0, max: Number.POSITIVE_INFINITY };
    const shifted = (row: Float32Array) => row.reduce((sum, v) => sum + v, 0) - 10;
    const target = (row: Float32Array) => (shifted(row) > 0 ? shifted(row) : -50 * wild.next());
    const start = { ...problem(3, relu, target), bias: Float32Array.of(-10) };
    const found = refit(start, matrices);
    for (const w of found.weights) expect(Math.abs(w - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.bias[0]! + 10)).toBeLessThan(0.6);
  });
});

describe('rounding on few rows', () => {
  const [width, rows, channels] = [64, 16, 8];

  /** Independent inputs, of which too few rows are known. */
  function layerOn(random: Random) {
    const x = Array.from({ length: rows }, () => Float64Array.from({ length: width }, () => random.normal()));
    const mean = Float64Array.from(
      { length: width },
      (_, k) => x.reduce((sum, row) => sum + row[k]!, 0) / rows,
    );
    const covariance = Float64Array.from({ length: width * width }, (_, at) => {
      const [i, j] = [Math.floor(at / width), at % width];
      return x.reduce((sum, row) => sum + (row[i]! - mean[i]!) * (row[j]! - mean[j]!), 0) / rows;
    });
    const weights = Float32Array.from({ length: width * channels }, () => random.normal());
    return { mean, covariance, weights };
  }

  it('loses on other rows hardly more than nearest rounding does', () => {
    const random = createRandom(12);
    const { mean, covariance, weights } = layerOn(random);
    const channel = (c: number) => ({
      weights: Float64Array.from(weights.subarray(c * width, (c + 1) * width)),
      bias: 0,
    });
    const layer: WeightedFloatLayer = {
      ...{ op: 'fully_connected', name: 'fc', inputs: [0], output: 1 },
      ...{ weights, bias: new Float32Array(channels) },
      bounds: { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
    };
    const found = quantizeLayer(layer, [{ mean, covariance, rows, channel }], {
      ...{ bits: 4, inputScale: 0.01, compensate: true, matrices, rounding },
    });
    // Over other rows of independent inputs of variance 1 the error's variance is the sum of its squares.
    let [compensated, nearest] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const own = channel(c).weights;
      const plain = roundNearest(own, 4, 0, rounding);
      for (let k = 0; k < width; k++) {
        compensated += (own[k]! - found.scales[c]! * found.q[c * width + k]!) ** 2;
        nearest += (own[k]! - plain.scale * plain.q[k]!) ** 2;
      }
    }
    expect(compensated / nearest).toBeLessThan(1.5);
  });
});

describe('matrix kernels', () => {
  it('agree with plain sums over awkward sizes', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createRandom(seed);
      const [rows, p, q] = [random.integer(1, 600), random.integer(1, 19), random.integer(1, 19)];
      const a = Float32Array.from({ length: rows * p }, () => random.normal());
      const b = Float32Array.from({ length: rows * q }, () => random.normal());
      const sum = new Float64Array(p * q).fill(1);
      matrices.crossProduct(a, b, rows, p, q, sum);
      const w = Float32Array.from({ length: q * p }, () => random.normal());
      const bias = Float32Array.from({ length: q }, () => random.normal());
      const out = new Float32Array(rows * q);
      matrices.apply(a, w, bias, rows, p, q, out);
      for (let i = 0; i < p; i++)
        for (let j = 0; j < q; j++) {
          let expected = 1;
          for (let r = 0; r < rows; r++) expected += a[r * p + i]! * b[r * q + j]!;
          expect(sum[i * q + j], `seed ${seed}`).toBeCloseTo(expected, 2);
        }
      for (let r = 0; r < rows; r += 37)
        for (let j = 0; j < q; j++) {
          let expected = bias[j]!;
          for (let k = 0; k < p; k++) expected += a[r * p + k]! * w[j * p + k]!;
          expect(out[r * q + j], `seed ${seed}`).toBeCloseTo(expected, 3);
        }
    }
  });
});
