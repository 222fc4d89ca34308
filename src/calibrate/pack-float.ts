/** Operand layouts of the product kernel (assembly/float/gemm.ts): strips of 4 rows and panels of 8 columns. */
import { PANEL_COLUMNS } from './float-kernels.js';

export const padTo = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** Rows [columns][depth] (weights, one row per output channel) → panels [columns/8][depth][8], zero-padded. */
export function packPanels(rows: Float32Array, columns: number, depth: number, out: Float32Array): void {
  for (let n = 0; n < columns; n++) {
    const base = Math.floor(n / PANEL_COLUMNS) * depth * PANEL_COLUMNS + (n % PANEL_COLUMNS);
    for (let k = 0; k < depth; k++) out[base + k * PANEL_COLUMNS] = rows[n * depth + k]!;
  }
}
