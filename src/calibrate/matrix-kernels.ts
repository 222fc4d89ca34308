/** Matrix products on the float layers' product kernel, in blocks that bound its memory and its rounding errors. */
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import { FloatMemory, instantiateFloatKernels, PANEL_COLUMNS, STRIP_ROWS } from './float-kernels.js';
import { packPanels, packSamplePanels, packSampleStrips, padTo } from './pack-float.js';

/** Rows are summed in float32 in blocks of at most this many, blocks in double precision. */
const BLOCK_ROWS = 256;
const { NEGATIVE_INFINITY: LOW, POSITIVE_INFINITY: HIGH } = Number;

/** Named regions of one kernel memory; a region is reserved again when it has to grow. */
class Workspace {
  readonly kernels = instantiateFloatKernels();
  readonly memory = new FloatMemory(this.kernels);
  private readonly regions = new Map<string, { address: number; count: number }>();

  region(name: string, count: number): number {
    const known = this.regions.get(name);
    if (known !== undefined && known.count >= count) return known.address;
    const address = this.memory.floats(count);
    this.regions.set(name, { address, count });
    return address;
  }
}

export function createMatrixKernels(): MatrixKernels {
  const space = new Workspace();
  return {
    crossProduct(a, b, rows, p, q, sum) {
      for (let at = 0; at < rows; at += BLOCK_ROWS) {
        const count = Math.min(BLOCK_ROWS, rows - at);
        const part = (values: Float32Array, width: number) =>
          values.subarray(at * width, (at + count) * width);
        addCrossProduct(space, part(a, p), part(b, q), count, p, q, sum);
      }
    },
    apply(x, w, bias, rows, depth, columns, out) {
      const padded = padTo(columns, PANEL_COLUMNS);
      const panels = space.region('panels', padded * depth);
      const biases = space.region('bias', padded);
      packPanels(w, columns, depth, space.memory.view(panels, padded * depth));
      space.memory.view(biases, columns).set(bias);
      for (let at = 0; at < rows; at += BLOCK_ROWS) {
        const count = Math.min(BLOCK_ROWS, rows - at);
        const strips = space.region('strips', padTo(count, STRIP_ROWS) * depth);
        const product = space.region('product', count * columns);
        packRowStrips(x.subarray(at * depth, (at + count) * depth), count, depth, space.memory, strips);
        space.kernels.gemm(strips, panels, biases, product, count, columns, depth, LOW, HIGH);
        out.set(space.memory.view(product, count * columns), at * columns);
      }
    },
  };
}

function addCrossProduct(
  space: Workspace,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  p: number,
  q: number,
  sum: Float64Array,
): void {
  const [height, width] = [padTo(p, STRIP_ROWS), padTo(q, PANEL_COLUMNS)];
  const strips = space.region('strips', height * rows);
  const panels = space.region('panels', width * rows);
  const zeros = space.region('zeros', width);
  const product = space.region('product', p * q);
  packSampleStrips(a, rows, p, space.memory.view(strips, height * rows));
  packSamplePanels(b, rows, q, space.memory.view(panels, width * rows));
  space.kernels.gemm(strips, panels, zeros, product, p, q, rows, LOW, HIGH);
  const result = space.memory.view(product, p * q);
  for (let i = 0; i < result.length; i++) sum[i] = sum[i]! + result[i]!;
}

/** Rows [rows][depth] → strips [rows/4][depth][4], missing rows zero. */
function packRowStrips(
  x: Float32Array,
  rows: number,
  depth: number,
  memory: FloatMemory,
  address: number,
): void {
  const strips = memory.view(address, padTo(rows, STRIP_ROWS) * depth);
  if (rows % STRIP_ROWS !== 0) strips.fill(0, (rows - (rows % STRIP_ROWS)) * depth);
  for (let row = 0; row < rows; row++) {
    let to = (row - (row % STRIP_ROWS)) * depth + (row % STRIP_ROWS);
    for (let k = row * depth; k < (row + 1) * depth; k++, to += STRIP_ROWS) strips[to] = x[k]!;
  }
}
