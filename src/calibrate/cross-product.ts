/** Σ over rows of aᵀb on the product kernel: the second moments that error-compensated rounding needs. */
import { FloatMemory, instantiateFloatKernels, PANEL_COLUMNS, STRIP_ROWS } from './float-kernels.js';
import { packSamplePanels, packSampleStrips, padTo } from './pack-float.js';

/** Rows are summed in float32 in blocks of at most this many, blocks in double precision. */
const BLOCK_ROWS = 256;

export type CrossProduct = (
  a: Float32Array,
  b: Float32Array,
  count: number,
  width: number,
  sum: Float64Array,
) => void;

/** The function adds Σ over `count` rows of aᵀb to `sum`; a and b are [count][width], sum is [width][width]. */
export function createCrossProduct(): CrossProduct {
  let reserved: Reserved | undefined;
  return (a, b, count, width, sum) => {
    if (reserved === undefined || reserved.width < width) reserved = reserve(width);
    for (let at = 0; at < count; at += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, count - at);
      const part = (values: Float32Array) => values.subarray(at * width, (at + rows) * width);
      multiply(reserved, part(a), part(b), rows, width, sum);
    }
  };
}

interface Reserved {
  readonly width: number;
  readonly kernels: ReturnType<typeof instantiateFloatKernels>;
  readonly memory: FloatMemory;
  readonly strips: number;
  readonly panels: number;
  readonly zeros: number;
  readonly product: number;
}

function reserve(width: number): Reserved {
  const kernels = instantiateFloatKernels();
  const memory = new FloatMemory(kernels);
  return {
    width,
    kernels,
    memory,
    strips: memory.floats(BLOCK_ROWS * padTo(width, STRIP_ROWS)),
    panels: memory.floats(BLOCK_ROWS * padTo(width, PANEL_COLUMNS)),
    zeros: memory.floats(padTo(width, PANEL_COLUMNS)),
    product: memory.floats(width * width),
  };
}

function multiply(
  r: Reserved,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  width: number,
  sum: Float64Array,
): void {
  packSampleStrips(a, rows, width, r.memory.view(r.strips, rows * padTo(width, STRIP_ROWS)));
  packSamplePanels(b, rows, width, r.memory.view(r.panels, rows * padTo(width, PANEL_COLUMNS)));
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
  r.kernels.gemm(r.strips, r.panels, r.zeros, r.product, width, width, rows, low, high);
  const product = r.memory.view(r.product, width * width);
  for (let i = 0; i < product.length; i++) sum[i] = sum[i]! + product[i]!;
}
