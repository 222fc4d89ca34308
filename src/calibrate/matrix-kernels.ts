/** Linear algebra on the float kernels, in blocks that bound its memory and its rounding errors. */
import type { MatrixKernels, TapColumns, TapProducts } from '../ir/matrix-kernels.js';
import { PANEL_COLUMNS, STRIP_ROWS } from './float-kernels.js';
import { packPanels, padTo } from './pack-float.js';
import { Workspace } from './workspace.js';

/** Rows are summed in float32 in blocks of at most this many, blocks in double precision. */
const BLOCK_ROWS = 256;
const { NEGATIVE_INFINITY: LOW, POSITIVE_INFINITY: HIGH } = Number;

export function createMatrixKernels(space = new Workspace()): MatrixKernels {
  return {
    crossProduct(a, b, rows, p, q, sum) {
      forEachBlock(rows, (at, count) => {
        const product = multiplyBlock(
          space,
          { values: a.subarray(at * p, (at + count) * p), width: p },
          { values: b.subarray(at * q, (at + count) * q), width: q },
          count,
        );
        for (let i = 0; i < product.length; i++) sum[i] = sum[i]! + product[i]!;
      });
    },
    selfProduct(x, rows, width, sum) {
      forEachBlock(rows, (at, count) => {
        const operand = { values: x.subarray(at * width, (at + count) * width), width };
        addUpper(multiplyBlock(space, operand, operand, count), width, sum);
      });
    },
    createTapProducts: (taps, channels) => createTapProducts(space, taps, channels),
    loadTaps: (x, rows, taps, channels) => loadTaps(space, x, rows, taps, channels),
    apply: (x, w, bias, rows, depth, columns, out) => apply(space, x, w, bias, rows, depth, columns, out),
    choleskyUpper: (a, n) => choleskyUpper(space, a, n),
    solveCholesky: (r, n, x, columns) => solveCholesky(space, r, n, x, columns),
  };
}

function forEachBlock(rows: number, use: (at: number, count: number) => void): void {
  for (let at = 0; at < rows; at += BLOCK_ROWS) use(at, Math.min(BLOCK_ROWS, rows - at));
}

/** [rows][width] */
interface Operand {
  readonly values: Float32Array;
  readonly width: number;
}

/** aᵀ·b as a view of kernel memory; where both are the same operand, tiles below the diagonal hold nothing. */
function multiplyBlock(space: Workspace, a: Operand, b: Operand, rows: number): Float32Array {
  const { kernels } = space;
  const strips = space.floats('strips', padTo(a.width, STRIP_ROWS) * rows);
  const panels = space.floats('panels', padTo(b.width, PANEL_COLUMNS) * rows);
  const zeros = space.floats('zeros', padTo(b.width, PANEL_COLUMNS));
  const product = space.floats('product', a.width * b.width);
  const packed = space.floats('unpacked', Math.max(a.values.length, b.values.length));
  space.view(packed, a.values.length).set(a.values);
  kernels.packColumns(packed, rows, a.width, STRIP_ROWS, strips);
  if (a !== b) space.view(packed, b.values.length).set(b.values);
  kernels.packColumns(packed, rows, b.width, PANEL_COLUMNS, panels);
  if (a === b) kernels.gemmUpper(strips, panels, zeros, product, a.width, rows);
  else kernels.gemm(strips, panels, zeros, product, a.width, b.width, rows, LOW, HIGH);
  return space.view(product, a.width * b.width);
}

function addUpper(product: Float32Array, width: number, sum: Float64Array): void {
  for (let i = 0; i < width; i++)
    for (let at = i * width + i; at < (i + 1) * width; at++) sum[at] = sum[at]! + product[at]!;
}

function apply(
  space: Workspace,
  x: Float32Array,
  w: Float32Array,
  bias: Float32Array,
  rows: number,
  depth: number,
  columns: number,
  out: Float32Array,
): void {
  const padded = padTo(columns, PANEL_COLUMNS);
  const most = padTo(Math.min(BLOCK_ROWS, rows), STRIP_ROWS);
  const panels = space.floats('panels', padded * depth);
  const biases = space.floats('bias', padded);
  const strips = space.floats('strips', most * depth);
  const product = space.floats('product', most * columns);
  packPanels(w, columns, depth, space.view(panels, padded * depth));
  space.view(biases, columns).set(bias);
  forEachBlock(rows, (at, count) => {
    packRowStrips(
      x.subarray(at * depth, (at + count) * depth),
      count,
      depth,
      space.view(strips, padTo(count, STRIP_ROWS) * depth),
    );
    space.kernels.gemm(strips, panels, biases, product, count, columns, depth, LOW, HIGH);
    out.set(space.view(product, count * columns), at * columns);
  });
}

/** Rows [rows][depth] → strips [rows/4][depth][4], missing rows zero. */
function packRowStrips(x: Float32Array, rows: number, depth: number, strips: Float32Array): void {
  if (rows % STRIP_ROWS !== 0) strips.fill(0, (rows - (rows % STRIP_ROWS)) * depth);
  for (let row = 0; row < rows; row++) {
    let to = (row - (row % STRIP_ROWS)) * depth + (row % STRIP_ROWS);
    for (let k = row * depth; k < (row + 1) * depth; k++, to += STRIP_ROWS) strips[to] = x[k]!;
  }
}

/** Channels that `tapProducts` takes at once, and taps. */
const TAP_LANES = 4;
const TAP_PAIR = 2;
/** Doubles of packed rows: what stays in the second-level cache. */
const PACKED_DOUBLES = 2 ** 16;

function createTapProducts(space: Workspace, taps: number, channels: number): TapProducts {
  const [paddedTaps, padded] = [padTo(taps, TAP_PAIR), padTo(channels, TAP_LANES)];
  const blocks = padded / TAP_LANES;
  const sums = new Float64Array(padded * paddedTaps * paddedTaps);
  const rowsAtOnce = Math.max(8, Math.floor(PACKED_DOUBLES / (padded * paddedTaps)));
  return {
    add(x, rows) {
      const width = taps * channels;
      const unpacked = space.floats('unpacked', rowsAtOnce * width);
      const packed = space.doubles('packed taps', rowsAtOnce * padded * paddedTaps);
      const own = space.doubles('tap sums', sums.length);
      space.doubleView(own, sums.length).set(sums);
      for (let at = 0; at < rows; at += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, rows - at);
        space.view(unpacked, count * width).set(x.subarray(at * width, (at + count) * width));
        space.kernels.packTaps(unpacked, count, taps, channels, paddedTaps, packed);
        space.kernels.tapProducts(packed, blocks, count, paddedTaps, own);
      }
      sums.set(space.doubleView(own, sums.length));
    },
    sums() {
      const out = new Float64Array(channels * taps * taps);
      for (let c = 0, to = 0; c < channels; c++)
        for (let i = 0; i < taps; i++)
          for (let j = 0; j < taps; j++, to++) {
            const block = Math.floor(c / TAP_LANES) * paddedTaps * paddedTaps;
            out[to] = sums[(block + i * paddedTaps + j) * TAP_LANES + (c % TAP_LANES)]!;
          }
      return out;
    },
  };
}

/** Rows that change places with channels at once. */
const ROW_BLOCK = 4;
/** Floats of rows on their way: what stays in the second-level cache. */
const UNPACKED_FLOATS = 2 ** 16;

function loadTaps(
  space: Workspace,
  x: Float32Array,
  rows: number,
  taps: number,
  channels: number,
): TapColumns {
  const { kernels } = space;
  const width = taps * channels;
  const stride = padTo(rows, ROW_BLOCK) + ROW_BLOCK;
  const rowsAtOnce = padTo(Math.max(1, Math.floor(UNPACKED_FLOATS / width)), ROW_BLOCK);
  const unpacked = space.floats('unpacked', rowsAtOnce * width);
  // Sums over taps are taken in fours.
  const columns = space.floats('tap columns', (width + ROW_BLOCK) * stride);
  const [weights, sums] = [space.doubles('weights', taps), space.doubles('sums', padTo(taps, ROW_BLOCK))];
  const [values, residuals] = [space.floats('product', stride), space.floats('residuals', stride)];
  for (let at = 0; at < rows; at += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - at);
    space.view(unpacked, count * width).set(x.subarray(at * width, (at + count) * width));
    kernels.transposeTaps(unpacked, count, taps, channels, columns, stride, at);
  }
  const addressOf = (channel: number, row: number): number => columns + 4 * (channel * taps * stride + row);
  return {
    apply(channel, w, bias, from, to) {
      space.doubleView(weights, taps).set(w);
      kernels.applyTaps(addressOf(channel, from), stride, to - from, taps, weights, bias, values);
      return space.view(values, to - from).slice();
    },
    correlate(channel, y) {
      space.view(residuals, y.length).set(y);
      kernels.correlateTaps(addressOf(channel, 0), stride, y.length, taps, residuals, sums);
      return space.doubleView(sums, taps).slice();
    },
  };
}

/** Rows and columns that the factorisation takes at once. */
const FACTOR_BLOCK = 4;

function choleskyUpper(space: Workspace, a: Float64Array, n: number): Float64Array | undefined {
  const size = padTo(n, FACTOR_BLOCK);
  const address = space.doubles('matrix', size * size);
  const panels = space.doubles('factor panels', size * size);
  const matrix = space.doubleView(address, size * size);
  for (let i = 0; i < n; i++) {
    matrix.set(a.subarray(i * n + i, (i + 1) * n), i * size + i);
    matrix.fill(0, i * size + n, (i + 1) * size);
  }
  // What fills the last block up is a matrix of its own: the identity.
  for (let i = n; i < size; i++) matrix.fill(0, i * size + i, (i + 1) * size)[i * size + i] = 1;
  if (space.kernels.choleskyUpper(address, size, panels) === 0) return undefined;
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) factor.set(matrix.subarray(i * size + i, i * size + n), i * n + i);
  return factor;
}

/** Right-hand sides that are solved together. */
const SOLVE_LANES = 8;

function solveCholesky(space: Workspace, r: Float64Array, n: number, x: Float64Array, columns: number): void {
  const factor = space.doubles('matrix', n * n);
  const lanes = space.doubles('right-hand sides', SOLVE_LANES * n);
  space.doubleView(factor, n * n).set(r);
  const own = space.doubleView(lanes, SOLVE_LANES * n);
  for (let from = 0; from < columns; from += SOLVE_LANES) {
    const count = Math.min(SOLVE_LANES, columns - from);
    if (count < SOLVE_LANES) own.fill(0);
    for (let k = 0; k < n; k++)
      for (let lane = 0; lane < count; lane++) own[SOLVE_LANES * k + lane] = x[k * columns + from + lane]!;
    space.kernels.solveCholesky(factor, n, lanes);
    for (let k = 0; k < n; k++)
      for (let lane = 0; lane < count; lane++) x[k * columns + from + lane] = own[SOLVE_LANES * k + lane]!;
  }
}
