/** Imports a small ONNX model and compares the Graph's outputs with ONNX Runtime's. */
import { expect } from 'vitest';
import { importModel } from '../../src/import/index.js';
import type { Graph } from '../../src/ir/graph.js';
import { createRandom } from '../../src/support/random.js';
import { encodeOnnx, type OnnxSpec } from './onnx-encode.js';
import { type OnnxResult, runOnnxRuntime } from './onnx-runtime.js';
import { runGraph } from './run-graph.js';

/** Largest difference allowed, as a share of the map's range. */
export const TOLERANCE = 1e-4;

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** NCHW values in NHWC order. */
export function toNhwc({ dims, data }: OnnxResult): Float32Array {
  const [n, c, h, w] = dims as [number, number, number, number];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < c; k++) out[at++] = data[((b * c + k) * h + y) * w + x]!;
  return out;
}

/** The runtime's values in the order of a graph tensor of this shape: NHWC where only that fits. */
export function inGraphOrder(result: OnnxResult, shape: readonly number[]): Float32Array {
  if (result.dims.join() === shape.join()) return result.data;
  const [n, c, h, w] = result.dims;
  expect(shape).toEqual([n, h, w, c]);
  return toNhwc(result);
}

/** Fails on values too far apart; and, as it would prove little, on expected values that are all the same. */
export function expectClose(
  found: ArrayLike<number>,
  expected: Float32Array,
  where: string,
  mayBeConstant = false,
): void {
  expect(found.length, where).toBe(expected.length);
  let [low, high, worst] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < expected.length; i++) {
    low = Math.min(low, expected[i]!);
    high = Math.max(high, expected[i]!);
    worst = Math.max(worst, Math.abs(expected[i]! - found[i]!));
  }
  if (!mayBeConstant) expect(high - low, `${where}: the expected values are all the same`).toBeGreaterThan(0);
  const scale = mayBeConstant ? Math.max(high - low, Math.abs(high), Math.abs(low), 0.01) : high - low;
  expect(worst / scale, `${where}: largest difference as a share of the range`).toBeLessThan(TOLERANCE);
}

export function randomInput(dims: readonly number[], seed: number): OnnxResult {
  const random = createRandom(seed);
  return { dims, data: Float32Array.from({ length: count(dims) }, () => random.normal() * 2) };
}

/** Runs both on random inputs; every output must agree. Returns the Graph for further questions. */
export async function expectSameAsRuntime(spec: OnnxSpec, seed = 1, mayBeConstant = false): Promise<Graph> {
  const bytes = encodeOnnx(spec);
  const graph = importModel(bytes, 'm.onnx');
  const constants = new Set(spec.constants?.map((constant) => constant.name));
  const fed = spec.inputs.filter((port) => !constants.has(port.name));
  const inputs = fed.map((port, i) => {
    const dims = port.shape!.map((size) => (typeof size === 'number' ? size : 1));
    return [port.name, randomInput(dims, seed + i)] as const;
  });
  const expected = await runOnnxRuntime(bytes, Object.fromEntries(inputs));
  const values = runGraph(
    graph,
    inputs.map(([, input], i) => inGraphOrder(input, graph.tensors[graph.inputs[i]!]!.shape)),
  );
  spec.outputs.forEach((port, i) => {
    const tensor = graph.tensors[graph.outputs[i]!]!;
    expectClose(
      values.get(tensor.id)!,
      inGraphOrder(expected.get(port.name)!, tensor.shape),
      `${port.name}, seed ${seed}`,
      mayBeConstant,
    );
  });
  return graph;
}

export const opsOf = (graph: Graph): string[] => graph.nodes.map((node) => node.op);
