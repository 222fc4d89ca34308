/** The quantised inputs that a layer is refitted to: rows of columns, dense or the taps of one depthwise channel. */
import type { MatrixKernels, TapColumns } from '../ir/matrix-kernels.js';
import { addColumns, centre } from './moments.js';

/** Weights [channels][width] and a bias. */
export interface Affine {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export interface RowMoments {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

export interface RefitMoments {
  /** Of the rows that are fitted to. */
  readonly training: RowMoments;
  readonly all: RowMoments;
}

export interface RefitInputs {
  /** Columns of a row. */
  readonly width: number;
  readonly moments: RefitMoments;
  /** Rows from … to − 1 through weights and bias: [rows][channels]. */
  apply(affine: Affine, channels: number, from: number, to: number): Float32Array;
  /** Σ over the first `rows` rows of column · value: [width][channels]. */
  correlate(values: Float32Array, channels: number, rows: number): Float64Array;
}

/** `x` is [rows][width]. */
export function denseInputs(
  x: Float32Array,
  rows: number,
  fitted: number,
  width: number,
  matrices: MatrixKernels,
): RefitInputs {
  return {
    width,
    moments: denseMoments(x, rows, fitted, width, matrices),
    apply({ weights, bias }, channels, from, to) {
      const out = new Float32Array((to - from) * channels);
      matrices.apply(x.subarray(from * width, to * width), weights, bias, to - from, width, channels, out);
      return out;
    },
    correlate(values, channels, count) {
      const products = new Float64Array(width * channels);
      matrices.crossProduct(x, values, count, width, channels, products);
      return products;
    },
  };
}

/** Rows that sums are taken on from, in whole blocks of the kernels. */
const BLOCK_ROWS = 256;

function denseMoments(
  x: Float32Array,
  rows: number,
  fitted: number,
  width: number,
  matrices: MatrixKernels,
): RefitMoments {
  const [sums, products] = [new Float64Array(width), new Float64Array(width * width)];
  const addRows = (from: number, to: number, columns: Float64Array, squares: Float64Array): void => {
    const some = x.subarray(from * width, to * width);
    addColumns(some, to - from, columns);
    matrices.selfProduct(some, to - from, width, squares);
  };
  const finish = (count: number, columns: Float64Array, squares: Float64Array): RowMoments => {
    const mean = columns.map((sum) => sum / count);
    return { mean, covariance: centre(squares, mean, count) };
  };
  // The rows that are fitted to are the first of all.
  const shared = fitted - (fitted % BLOCK_ROWS);
  addRows(0, shared, sums, products);
  const [ownSums, ownProducts] = [sums.slice(), products.slice()];
  addRows(shared, fitted, ownSums, ownProducts);
  const training = finish(fitted, ownSums, ownProducts);
  addRows(shared, rows, sums, products);
  return { training, all: finish(rows, sums, products) };
}

/** The taps of one input channel. */
export function tapInputs(
  columns: TapColumns,
  channel: number,
  width: number,
  moments: RefitMoments,
): RefitInputs {
  return {
    width,
    moments,
    apply: (affine, channels, from, to) => applyTaps(columns, channel, affine, channels, from, to),
    correlate(values, channels, rows) {
      const products = new Float64Array(width * channels);
      for (let c = 0; c < channels; c++) {
        const own = columns.correlate(channel, channels === 1 ? values : column(values, channels, c, rows));
        for (let k = 0; k < width; k++) products[k * channels + c] = own[k]!;
      }
      return products;
    },
  };
}

/** Rows from … to − 1 of one input channel through filters of its own: [rows][channels]. */
export function applyTaps(
  columns: TapColumns,
  channel: number,
  { weights, bias }: Affine,
  channels: number,
  from: number,
  to: number,
): Float32Array {
  const width = weights.length / channels;
  const results = Array.from(bias, (b, c) =>
    columns.apply(channel, weights.subarray(c * width, (c + 1) * width), b, from, to),
  );
  if (channels === 1) return results[0]!;
  const out = new Float32Array((to - from) * channels);
  results.forEach((own, c) => {
    for (let i = 0; i < own.length; i++) out[i * channels + c] = own[i]!;
  });
  return out;
}

/** Column c of [rows][channels]. */
function column(values: Float32Array, channels: number, c: number, rows: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, i) => values[i * channels + c]!);
}
