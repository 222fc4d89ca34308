/** Mean and covariance of a layer's inputs over sampled positions; sums in double precision. */
import type { FloatNetwork, WeightedFloatLayer } from '../ir/float-network.js';
import type { MatrixKernels, TapProducts } from '../ir/matrix-kernels.js';
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
  private readonly taps: TapProducts | undefined;
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
    if (wanted === 'mean') return;
    if (groups === 1) this.products = new Float64Array(width * width);
    else this.taps = matrices.createTapProducts(width, groups);
  }

  /** Adds the rows of one sample's input map. */
  add(map: Float32Array, positions: Int32Array): void {
    for (let at = 0; at < positions.length; at += ROWS_AT_ONCE) {
      const some = positions.subarray(at, at + ROWS_AT_ONCE);
      gatherRows(this.network, this.layer, map, some, this.rows);
      addColumns(this.rows, some.length, this.sums);
      if (this.products !== undefined)
        this.matrices.selfProduct(this.rows, some.length, this.width, this.products);
      this.taps?.add(this.rows, some.length);
      this.count += some.length;
    }
  }

  /** Moments per group. */
  finish(): Moments[] {
    const { width, groups, count, sums } = this;
    return groupMoments(width, groups, count, sums, this.products ?? this.taps?.sums());
  }
}

/**
 * Sums over `count` rows → moments per group. Columns are ordered [tap][channel], a group being a channel, or, with one
 * group, as the weights are; `products` are [groups][width][width], of which the upper triangles are read.
 */
export function groupMoments(
  width: number,
  groups: number,
  count: number,
  sums: Float64Array,
  products: Float64Array | undefined,
): Moments[] {
  return Array.from({ length: groups }, (_, group) => {
    const mean = Float64Array.from({ length: width }, (_v, k) => sums[k * groups + group]! / count);
    if (products === undefined) return { width, rows: count, mean, covariance: new Float64Array(0) };
    const own = products.subarray(group * width * width, (group + 1) * width * width);
    return { width, rows: count, mean, covariance: centre(own, mean, count) };
  });
}

/** Σ xxᵀ, its upper triangle, → covariance. */
export function centre(products: Float64Array, mean: Float64Array, count: number): Float64Array {
  const n = mean.length;
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      const value = products[i * n + j]! / count - mean[i]! * mean[j]!;
      covariance[i * n + j] = value;
      covariance[j * n + i] = value;
    }
  return covariance;
}

/** sums[column] += Σ over rows [count][columns]. */
export function addColumns(rows: Float32Array, count: number, sums: Float64Array): void {
  const width = sums.length;
  for (let i = 0, at = 0; i < count; i++)
    for (let k = 0; k < width; k++, at++) sums[k] = sums[k]! + rows[at]!;
}
