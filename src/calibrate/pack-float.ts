/** Operand layouts of the product kernel (assembly/float/gemm.ts): strips of 4 rows and panels of 8 columns. */
import { PANEL_COLUMNS, STRIP_ROWS } from './float-kernels.js';

export const padTo = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** Rows [columns][depth] (weights, one row per output channel) → panels [columns/8][depth][8], zero-padded. */
export function packPanels(rows: Float32Array, columns: number, depth: number, out: Float32Array): void {
  for (let n = 0; n < columns; n++) {
    const base = Math.floor(n / PANEL_COLUMNS) * depth * PANEL_COLUMNS + (n % PANEL_COLUMNS);
    for (let k = 0; k < depth; k++) out[base + k * PANEL_COLUMNS] = rows[n * depth + k]!;
  }
}

/** Samples [depth][rows] → strips [rows/4][depth][4]: the transposed left operand of Σ over samples. */
export function packSampleStrips(
  samples: Float32Array,
  depth: number,
  rows: number,
  out: Float32Array,
): void {
  scatter(samples, depth, rows, STRIP_ROWS, out);
}

/** Samples [depth][columns] → panels [columns/8][depth][8]. */
export function packSamplePanels(
  samples: Float32Array,
  depth: number,
  columns: number,
  out: Float32Array,
): void {
  scatter(samples, depth, columns, PANEL_COLUMNS, out);
}

function scatter(samples: Float32Array, depth: number, width: number, unit: number, out: Float32Array): void {
  for (let block = 0; block * unit < width; block++) {
    const count = Math.min(unit, width - block * unit);
    for (let k = 0; k < depth; k++) {
      const to = (block * depth + k) * unit;
      for (let i = 0; i < unit; i++) out[to + i] = i < count ? samples[k * width + block * unit + i]! : 0;
    }
  }
}
