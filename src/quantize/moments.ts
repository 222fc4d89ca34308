/**
 * First and second moments of a layer's inputs: of the inputs that the quantised network will see (x) and, where
 * wanted, their second moments with the float network's inputs (y). Sums in double precision.
 */
import type { FloatNetwork, WeightedFloatLayer } from '../ir/float-network.js';
import { gatherRows, inputGeometry } from './layer-inputs.js';

/** Adds Σ over rows of aᵀb to `sum`; a is [count][width], b too; sum is [width][width]. */
export type CrossProduct = (
  a: Float32Array,
  b: Float32Array,
  count: number,
  width: number,
  sum: Float64Array,
) => void;

/** Moments of one group of columns. */
export interface Moments {
  readonly width: number;
  readonly count: number;
  readonly meanX: Float64Array;
  readonly meanY: Float64Array;
  /** Covariance of x, [width][width]. */
  readonly xx: Float64Array;
  /** Covariance of x (rows) with y (columns); xx itself when x and y are the same. */
  readonly xy: Float64Array;
}

const ROWS_AT_ONCE = 256;

export class MomentCollector {
  private readonly width: number;
  private readonly groups: number;
  private readonly bufferX: Float32Array;
  private readonly bufferY: Float32Array | undefined;
  private readonly sumX: Float64Array;
  private readonly sumY: Float64Array | undefined;
  private readonly xx: Float64Array | undefined;
  private readonly xy: Float64Array | undefined;
  private count = 0;

  /**
   * @param wanted `mean`: means only; `x`: covariance of x; `xy`: also with the float inputs
   */
  constructor(
    private readonly network: FloatNetwork,
    private readonly layer: WeightedFloatLayer,
    wanted: 'mean' | 'x' | 'xy',
    private readonly crossProduct: CrossProduct,
  ) {
    const { width, groups } = inputGeometry(network, layer);
    this.width = width;
    this.groups = groups;
    this.bufferX = new Float32Array(ROWS_AT_ONCE * width * groups);
    this.sumX = new Float64Array(width * groups);
    const squares = (): Float64Array => new Float64Array(width * width * groups);
    if (wanted !== 'mean') this.xx = squares();
    if (wanted !== 'xy') return;
    this.bufferY = new Float32Array(this.bufferX.length);
    this.sumY = new Float64Array(this.sumX.length);
    this.xy = squares();
  }

  /** Adds the rows of one sample; `y` is the same map in the float network, needed where it was wanted. */
  add(x: Float32Array, positions: Int32Array, y?: Float32Array): void {
    for (let at = 0; at < positions.length; at += ROWS_AT_ONCE) {
      const some = positions.subarray(at, at + ROWS_AT_ONCE);
      gatherRows(this.network, this.layer, x, some, this.bufferX);
      addColumns(this.bufferX, some.length, this.sumX);
      if (this.bufferY !== undefined) {
        gatherRows(this.network, this.layer, y!, some, this.bufferY);
        addColumns(this.bufferY, some.length, this.sumY!);
      }
      if (this.xx !== undefined) this.addProducts(this.bufferX, some.length, this.xx);
      if (this.xy !== undefined) this.addProducts(this.bufferY!, some.length, this.xy);
      this.count += some.length;
    }
  }

  private addProducts(other: Float32Array, rows: number, sum: Float64Array): void {
    if (this.groups === 1) this.crossProduct(this.bufferX, other, rows, this.width, sum);
    else addTapProducts(this.bufferX, other, rows, this.width, this.groups, sum);
  }

  /** Moments per group. */
  finish(): Moments[] {
    const { width, groups, count } = this;
    return Array.from({ length: groups }, (_, group) => {
      // Depthwise columns are ordered [tap][channel].
      const column = (k: number): number => (groups === 1 ? k : k * groups + group);
      const mean = (sums: Float64Array): Float64Array =>
        Float64Array.from({ length: width }, (_v, k) => sums[column(k)]! / count);
      const meanX = mean(this.sumX);
      const meanY = this.sumY === undefined ? meanX : mean(this.sumY);
      const xx = centred(this.xx, group, width, count, meanX, meanX);
      const xy = this.xy === undefined ? xx : centred(this.xy, group, width, count, meanX, meanY);
      return { width, count, meanX, meanY, xx, xy };
    });
  }
}

function addColumns(rows: Float32Array, count: number, sums: Float64Array): void {
  const width = sums.length;
  for (let i = 0; i < count; i++) for (let k = 0; k < width; k++) sums[k] = sums[k]! + rows[i * width + k]!;
}

/** Rows are [tap][channel]; sums are [channel][tap][tap]. */
function addTapProducts(
  a: Float32Array,
  b: Float32Array,
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
          sum[at] = sum[at]! + a[from]! * b[to]!;
      }
  }
}

function centred(
  sums: Float64Array | undefined,
  group: number,
  width: number,
  count: number,
  meanA: Float64Array,
  meanB: Float64Array,
): Float64Array {
  if (sums === undefined) return new Float64Array(0);
  const base = group * width * width;
  const out = new Float64Array(width * width);
  for (let i = 0; i < width; i++)
    for (let j = 0; j < width; j++)
      out[i * width + j] = sums[base + i * width + j]! / count - meanA[i]! * meanB[j]!;
  return out;
}
