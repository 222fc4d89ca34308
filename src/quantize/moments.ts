/** Mean and covariance of a layer's inputs over sampled positions; sums in double precision. */
import type { FloatNetwork, WeightedFloatLayer } from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import { gatherRows, inputGeometry } from './layer-inputs.js';

/** Moments of one set of columns. */
export interface Moments {
  readonly width: number;
  /** Rows that they were taken over. */
  readonly rows: number;
  readonly mean: Float64Array;
  /** [width][width]; empty where it was not wanted. */
  readonly covariance: Float64Array;
}

const ROWS_AT_ONCE = 256;

export class MomentCollector {
  private readonly width: number;
  private readonly groups: number;
  private readonly rows: Float32Array;
  private readonly sums: Float64Array;
  private readonly products: Float64Array | undefined;
  private count = 0;

  constructor(
    private readonly network: FloatNetwork,
    private readonly layer: WeightedFloatLayer,
    wanted: 'mean' | 'covariance',
    private readonly matrices: MatrixKernels,
  ) {
    const { width, groups } = inputGeometry(network, layer);
    this.width = width;
    this.groups = groups;
    this.rows = new Float32Array(ROWS_AT_ONCE * width * groups);
    this.sums = new Float64Array(width * groups);
    if (wanted === 'covariance') this.products = new Float64Array(width * width * groups);
  }

  /** Adds the rows of one sample's input map. */
  add(map: Float32Array, positions: Int32Array): void {
    for (let at = 0; at < positions.length; at += ROWS_AT_ONCE) {
      const some = positions.subarray(at, at + ROWS_AT_ONCE);
      gatherRows(this.network, this.layer, map, some, this.rows);
      addColumns(this.rows, some.length, this.sums);
      if (this.products !== undefined) this.addProducts(some.length, this.products);
      this.count += some.length;
    }
  }

  private addProducts(count: number, sum: Float64Array): void {
    const { rows, width, groups, matrices } = this;
    if (groups === 1) matrices.crossProduct(rows, rows, count, width, width, sum);
    else addTapProducts(rows, count, width, groups, sum);
  }

  /** Moments per group. */
  finish(): Moments[] {
    const { width, groups, count, sums, products } = this;
    return Array.from({ length: groups }, (_, group) => {
      // Depthwise columns are ordered [tap][channel].
      const column = (k: number): number => (groups === 1 ? k : k * groups + group);
      const mean = Float64Array.from({ length: width }, (_v, k) => sums[column(k)]! / count);
      if (products === undefined) return { width, rows: count, mean, covariance: new Float64Array(0) };
      const own = products.subarray(group * width * width, (group + 1) * width * width);
      return { width, rows: count, mean, covariance: centre(own, mean, count) };
    });
  }
}

/** Σ xxᵀ → covariance. */
export function centre(products: Float64Array, mean: Float64Array, count: number): Float64Array {
  const n = mean.length;
  return products.map((sum, at) => sum / count - mean[Math.floor(at / n)]! * mean[at % n]!);
}

function addColumns(rows: Float32Array, count: number, sums: Float64Array): void {
  const width = sums.length;
  for (let i = 0; i < count; i++) for (let k = 0; k < width; k++) sums[k] = sums[k]! + rows[i * width + k]!;
}

/** Rows are [tap][channel]; sums are [channel][tap][tap]. */
function addTapProducts(
  rows: Float32Array,
  count: number,
  taps: number,
  channels: number,
  sum: Float64Array,
): void {
  for (let row = 0; row < count; row++) {
    const base = row * taps * channels;
    for (let i = 0; i < taps; i++)
      for (let j = 0; j < taps; j++) {
        let [from, to, at] = [base + i * channels, base + j * channels, i * taps + j];
        for (let c = 0; c < channels; c++, from++, to++, at += taps * taps)
          sum[at] = sum[at]! + rows[from]! * rows[to]!;
      }
  }
}
