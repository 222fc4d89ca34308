/** Graph → FloatNetwork: what is folded, that folding changes no value, and how quantised graphs become real. */
import { describe, expect, it } from 'vitest';
import { buildFloatNetwork } from '../../../src/calibrate/build-network.js';
import type { FloatNetwork } from '../../../src/ir/float-network.js';
import { floatElements, floatReference } from '../../../src/ops/float-reference.js';
import { createRandom } from '../../../src/support/random.js';
import { GraphBuilder, plainWindow } from './graph-builder.js';
import { randomValues } from './random-network.js';

/** Values of all outputs by the slow reference. */
function evaluate(network: FloatNetwork, inputs: readonly Float32Array[]): number[][] {
  const maps: Float32Array[] = [];
  network.inputs.forEach((port, i) => {
    maps[port.tensor] = inputs[i]!;
  });
  const context = { tensors: network.tensors, map: (id: number) => maps[id]! };
  for (const layer of network.layers) maps[layer.output] = floatReference(layer, context);
  return network.outputs.map((port) => [...maps[port.tensor]!]);
}

const ops = (network: FloatNetwork): string[] => network.layers.map((layer) => layer.op);
const random = createRandom(7);

describe('buildFloatNetwork', () => {
  it('fuses a ReLU6 into the convolution before it, and no other reader loses its input', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 2, 2, 1]);
    const w = g.constant([1, 1, 1, 1], Float32Array.of(2));
    const conv = g.node(
      { op: 'conv2d', inputs: [x, w, -1], window: plainWindow(1), activation: 'none' },
      [1, 2, 2, 1],
    );
    const fused = g.node({ op: 'relu6', inputs: [conv] }, [1, 2, 2, 1]);
    const alone = buildFloatNetwork(g.finish(fused));
    expect(ops(alone)).toEqual(['conv2d']);
    expect(evaluate(alone, [Float32Array.of(-1, 1, 2, 5)])).toEqual([[0, 2, 4, 6]]);
    const both = buildFloatNetwork(g.finish(fused, conv));
    expect(ops(both)).toEqual(['conv2d', 'clip']);
    expect(evaluate(both, [Float32Array.of(-1, 1, 2, 5)])).toEqual([
      [0, 2, 4, 6],
      [-2, 2, 4, 10],
    ]);
  });

  it('folds batch norm written as MUL and ADD of constants into the weights', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 1, 1, 2]);
    const w = g.constant([2, 1, 1, 2], Float32Array.of(1, 2, 3, 4));
    const b = g.constant([2], Float32Array.of(10, 20));
    const conv = g.node(
      { op: 'conv2d', inputs: [x, w, b], window: plainWindow(1), activation: 'none' },
      [1, 1, 1, 2],
    );
    const mul = g.node(
      { op: 'mul', inputs: [conv, g.constant([2], Float32Array.of(2, -1))], activation: 'none' },
      [1, 1, 1, 2],
    );
    const add = g.node(
      { op: 'add', inputs: [mul, g.constant([1], Float32Array.of(5))], activation: 'relu' },
      [1, 1, 1, 2],
    );
    const network = buildFloatNetwork(g.finish(add));
    expect(ops(network)).toEqual(['conv2d']);
    // (1 + 2 + 10)·2 + 5 = 31; (3 + 4 + 20)·−1 + 5 < 0
    expect(evaluate(network, [Float32Array.of(1, 1)])).toEqual([[31, 0]]);
  });

  it('keeps a constant in front of the network as a layer: c − x and x · c', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 1, 2, 1]);
    const c = g.constant([], Float32Array.of(3));
    const sub = g.node({ op: 'sub', inputs: [c, x], activation: 'none' }, [1, 1, 2, 1]);
    const network = buildFloatNetwork(g.finish(sub));
    expect(ops(network)).toEqual(['depthwise_conv2d']);
    expect(evaluate(network, [Float32Array.of(1, 5)])).toEqual([[2, -2]]);
  });

  it('folds padding into a convolution and pooling over everything into a mean', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 3, 3, 1]);
    const padded = g.node(
      { op: 'pad', inputs: [x], before: [0, 1, 1, 0], after: [0, 0, 0, 0] },
      [1, 4, 4, 1],
    );
    const w = g.constant([1, 2, 2, 1], Float32Array.of(1, 1, 1, 1));
    const conv = g.node(
      { op: 'conv2d', inputs: [padded, w, -1], window: plainWindow(2, 2), activation: 'none' },
      [1, 2, 2, 1],
    );
    const pool = g.node(
      { op: 'average_pool2d', inputs: [conv], window: plainWindow(2), activation: 'none' },
      [1, 1, 1, 1],
    );
    const network = buildFloatNetwork(g.finish(pool));
    expect(ops(network)).toEqual(['conv2d', 'mean']);
    expect(evaluate(network, [Float32Array.from({ length: 9 }, (_, i) => i + 1)])).toEqual([[45 / 4]]);
  });

  it('merges transpose, mean, mean into one mean over height and width', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 2, 3, 2]);
    const t = g.node({ op: 'transpose', inputs: [x], permutation: [0, 3, 1, 2] }, [1, 2, 2, 3]);
    const m = g.node({ op: 'mean', inputs: [t], axes: [3], keepDims: false }, [1, 2, 2]);
    const out = g.node({ op: 'mean', inputs: [m], axes: [2], keepDims: true }, [1, 2, 1]);
    const network = buildFloatNetwork(g.finish(out));
    expect(ops(network).filter((op) => op !== 'reshape')).toEqual(['mean']);
    const values = Float32Array.from({ length: 12 }, (_, i) => i);
    expect(evaluate(network, [values])[0]).toEqual([5, 6]);
  });

  it.each([
    { axes: [3], keepDims: false, out: [1, 2, 3] },
    { axes: [1], keepDims: true, out: [1, 1, 3, 4] },
    { axes: [1, 3], keepDims: false, out: [1, 3] },
    { axes: [1, 2, 3], keepDims: false, out: [1] },
  ])('takes a mean over axes $axes', ({ axes, keepDims, out }) => {
    const g = new GraphBuilder();
    const x = g.input([1, 2, 3, 4]);
    const network = buildFloatNetwork(g.finish(g.node({ op: 'mean', inputs: [x], axes, keepDims }, out)));
    const values = randomValues(random, 24);
    const expected = new Map<string, number[]>();
    values.forEach((value, i) => {
      const at = [0, Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      const key = at.filter((_, axis) => !axes.includes(axis)).join();
      expected.set(key, [...(expected.get(key) ?? []), value]);
    });
    const means = [...expected.values()].map((list) => list.reduce((a, b) => a + b) / list.length);
    evaluate(network, [values])[0]!.forEach((value, i) => {
      expect(value).toBeCloseTo(means[i]!, 5);
    });
  });

  it('turns one input channel per group into depthwise, and groups into zero weights', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 1, 1, 4]);
    const single = g.constant([4, 1, 1, 1], Float32Array.of(1, 2, 3, 4));
    const pairs = g.constant([2, 1, 1, 2], Float32Array.of(1, 10, 100, 1000));
    const a = g.node(
      { op: 'conv2d', inputs: [x, single, -1], window: plainWindow(1), activation: 'none' },
      [1, 1, 1, 4],
    );
    const b = g.node(
      { op: 'conv2d', inputs: [a, pairs, -1], window: plainWindow(1), activation: 'none' },
      [1, 1, 1, 2],
    );
    const network = buildFloatNetwork(g.finish(b));
    expect(ops(network)).toEqual(['depthwise_conv2d', 'conv2d']);
    expect(evaluate(network, [Float32Array.of(1, 1, 1, 1)])).toEqual([[21, 4300]]);
  });

  it('de-quantises an int8 network: weights per channel, bias in input × weight scale, edges kept', () => {
    const g = new GraphBuilder();
    const q = (scale: number[], zeroPoint: number[], axis = 0) => ({ scale, zeroPoint, axis });
    const x = g.input([1, 1, 1, 1], { dtype: 'int8', wasUint8: true, quantization: q([0.5], [-3]) });
    const w = g.constant([2, 1, 1, 1], Int8Array.of(4, -2), {
      dtype: 'int8',
      quantization: q([0.25, 2], [0, 0]),
    });
    // The bias tensor's own scale is wrong on purpose: kernels do not look at it.
    const b = g.constant([2], Int32Array.of(8, 3), { dtype: 'int32', quantization: q([9], [0]) });
    const out = g.node(
      { op: 'conv2d', inputs: [x, w, b], window: plainWindow(1), activation: 'none' },
      [1, 1, 1, 2],
      { dtype: 'int8', quantization: q([1], [5]) },
    );
    const network = buildFloatNetwork(g.finish(out));
    expect(network.inputs[0]).toMatchObject({ dtype: 'uint8', quantization: { scale: 0.5, zeroPoint: -3 } });
    // 4·0.25·x + 8·0.5·0.25 = x + 1; −2·2·x + 3·0.5·2 = −4x + 3
    expect(evaluate(network, [Float32Array.of(10)])).toEqual([[11, -37]]);
  });

  it.each([
    { scale: 0.1, zeroPoint: -128, expected: [0, 20] },
    { scale: 6 / 255, zeroPoint: -128, expected: [0, 6] },
    { scale: 0.1, zeroPoint: -127, expected: [-5, 20] },
  ])('gives back the ReLU that saturation at $scale, $zeroPoint did', ({ scale, zeroPoint, expected }) => {
    const g = new GraphBuilder();
    const int8 = (s: number, z: number) =>
      ({ dtype: 'int8', quantization: { scale: [s], zeroPoint: [z], axis: 0 } }) as const;
    const x = g.input([1, 1, 2, 1], int8(1, 0));
    const w = g.constant([1, 1, 1, 1], Int8Array.of(1), int8(5, 0));
    const node = { op: 'conv2d', inputs: [x, w, -1], window: plainWindow(1), activation: 'none' } as const;
    const network = buildFloatNetwork(g.finish(g.node(node, [1, 1, 2, 1], int8(scale, zeroPoint))));
    expect(ops(network)).toEqual(['conv2d']);
    expect(evaluate(network, [Float32Array.of(-1, 4)])).toEqual([expected]);
  });

  it('drops what no output needs, and refuses a batch', () => {
    const g = new GraphBuilder();
    const x = g.input([1, 1, 1, 1]);
    const used = g.node({ op: 'logistic', inputs: [x] }, [1, 1, 1, 1]);
    g.node({ op: 'hard_swish', inputs: [x] }, [1, 1, 1, 1]);
    const network = buildFloatNetwork(g.finish(used));
    expect(ops(network)).toEqual(['pointwise']);
    expect(network.tensors.map(floatElements)).toEqual([1, 1]);
    const batched = new GraphBuilder();
    const y = batched.input([2, 1, 1, 1]);
    const graph = batched.finish(batched.node({ op: 'logistic', inputs: [y] }, [2, 1, 1, 1]));
    expect(() => buildFloatNetwork(graph)).toThrow(/batch size 2/);
  });
});
