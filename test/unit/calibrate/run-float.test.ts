/** The SIMD float kernels against the slow reference, over awkward shapes; and the runner's own features. */
import { describe, expect, it } from 'vitest';
import { createFloatExecution, createFloatRunner } from '../../../src/calibrate/run-float.js';
import type { FloatNetwork, FloatOp } from '../../../src/ir/float-network.js';
import { floatElements, floatReference } from '../../../src/ops/float-reference.js';
import { createRandom } from '../../../src/support/random.js';
import { randomLayerNetwork, randomValues } from './random-network.js';

const WITH_KERNEL: readonly FloatOp[] = [
  'conv2d',
  'depthwise_conv2d',
  'fully_connected',
  'add',
  'mul',
  'average_pool2d',
  'max_pool2d',
  'mean',
  'clip',
  'reshape',
];
const SEED = Number(process.env.TEST_SEED ?? 20240611);

function emptyWindow(values: Float32Array): boolean {
  return values.some((value) => Number.isNaN(value) || value === Number.NEGATIVE_INFINITY);
}

describe.each(WITH_KERNEL)('float kernel %s', (op) => {
  it('agrees with the reference on random shapes', () => {
    let compared = 0;
    for (let round = 0; round < 60; round++) {
      const seed = SEED + round;
      const random = createRandom(seed);
      const network = randomLayerNetwork(random, op);
      const sample = network.inputs.map((p) =>
        randomValues(random, floatElements(network.tensors[p.tensor]!)),
      );
      const runner = createFloatRunner(network);
      runner.run(sample);
      const layer = network.layers[0]!;
      const expected = floatReference(layer, { tensors: network.tensors, map: (id) => sample[id]! });
      if (emptyWindow(expected)) continue;
      const got = runner.map(layer.output);
      const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
      for (const [i, value] of expected.entries())
        expect(Math.abs(value - got[i]!), `seed ${seed}, element ${i}`).toBeLessThan(1e-5 * largest);
      compared += expected.length;
    }
    expect(compared).toBeGreaterThan(300);
  });
});

/** x → 2x → 2x + 1, as 1×1 convolutions of one channel. */
const chain: FloatNetwork = {
  name: 'chain',
  tensors: [0, 1, 2].map((id) => ({ id, name: `t${id}`, shape: [1, 3, 1], graphTensor: -1 })),
  layers: [1, 2].map((output) => ({
    op: 'depthwise_conv2d',
    name: `layer${output}`,
    inputs: [output - 1],
    output,
    depthMultiplier: 1,
    weights: Float32Array.of(output === 1 ? 2 : 1),
    bias: Float32Array.of(output === 1 ? 0 : 1),
    bounds: { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
    window: {
      kernelHeight: 1,
      kernelWidth: 1,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 0,
      padLeft: 0,
    },
  })),
  inputs: [{ name: 'x', tensor: 0, dtype: 'float32' }],
  outputs: [{ name: 'y', tensor: 2, dtype: 'float32' }],
};

describe('float runner', () => {
  it('keeps every map readable and runs from the middle', () => {
    const runner = createFloatRunner(chain);
    runner.run([Float32Array.of(1, 2, 3)]);
    expect([...runner.map(1)]).toEqual([2, 4, 6]);
    expect([...runner.map(2)]).toEqual([3, 5, 7]);
    runner.map(1).set([10, 20, 30]);
    runner.run([], { from: 1 });
    expect([...runner.map(2)]).toEqual([11, 21, 31]);
  });

  it('rounds maps to a grid where asked, and stops when told', () => {
    const runner = createFloatRunner(chain);
    runner.setFakeQuantization(1, { scale: 4, zeroPoint: 1, min: 0, max: 3 });
    runner.run([Float32Array.of(-3, 1.4, 30)]);
    // 2x = −6, 2.8, 60 on the grid 4·(q − 1), q in 0…3: −4, 4, 8
    expect([...runner.map(1)]).toEqual([-4, 4, 8]);
    runner.setFakeQuantization(1, undefined);
    runner.run([Float32Array.of(-3, 1, 30)]);
    expect([...runner.map(1)]).toEqual([-6, 2, 60]);
  });

  it('replaces weights and restores them', () => {
    const runner = createFloatRunner(chain);
    runner.setWeights(0, { weights: Float32Array.of(3), bias: Float32Array.of(-1) });
    runner.run([Float32Array.of(1, 2, 3)]);
    expect([...runner.map(1)]).toEqual([2, 5, 8]);
    runner.setWeights(0, undefined);
    runner.run([Float32Array.of(1, 2, 3)]);
    expect([...runner.map(1)]).toEqual([2, 4, 6]);
  });

  it('names the input that has the wrong size', () => {
    const runner = createFloatRunner(chain);
    expect(() => runner.run([Float32Array.of(1)])).toThrow(/input x.*found 1; expected 3/);
  });
});

describe('stored maps', () => {
  it('come back as they were: one scale, a scale per channel, regions of their own', () => {
    const network: FloatNetwork = {
      ...chain,
      tensors: chain.tensors.map((tensor) => ({ ...tensor, shape: [4, 5, 7] as const })),
      layers: [],
      outputs: chain.inputs,
    };
    const random = createRandom(3);
    const eight = { scale: 0.031, zeroPoint: -100, min: -128, max: 127 };
    const four = {
      ...{ scale: 0.3, zeroPoint: 5, min: 0, max: 15 },
      channelScales: Array.from({ length: 7 }, () => 0.1 + random.next()),
    };
    const halves = [
      { region: { y0: 0, y1: 4, x0: 0, x1: 2 }, grid: four },
      { region: { y0: 0, y1: 4, x0: 2, x1: 5 }, grid: eight },
    ];
    for (const grid of [eight, four, halves]) {
      const runner = createFloatRunner(network);
      expect(() => runner.saveMap(0)).toThrow(/not rounded/);
      runner.setFakeQuantization(0, grid);
      runner.run([Float32Array.from({ length: 140 }, () => 3 * random.normal())]);
      const expected = runner.map(0).slice();
      const integers = runner.saveMap(0);
      runner.map(0).fill(9);
      runner.restoreMap(0, integers);
      // −0 comes back as 0.
      expect(runner.map(0)).toEqual(expected.map((x) => x + 0));
      expect(new Set(integers).size).toBeGreaterThan(10);
    }
  });

  it('come back where maps of different numbers of channels share a grid', () => {
    const shapes = [
      [2, 3, 4],
      [2, 3, 12],
      [2, 3, 5],
    ] as const;
    const network: FloatNetwork = {
      ...chain,
      tensors: shapes.map((shape, id) => ({ ...chain.tensors[0]!, id, name: `map_${id}`, shape })),
      layers: [],
      inputs: shapes.map((_, tensor) => ({ ...chain.inputs[0]!, name: `input_${tensor}`, tensor })),
      outputs: [],
    };
    const random = createRandom(4);
    const grid = { scale: 0.031, zeroPoint: -100, min: -128, max: 127 };
    const runner = createFloatRunner(network);
    shapes.forEach((_, id) => {
      runner.setFakeQuantization(id, grid);
    });
    runner.run(shapes.map(([h, w, c]) => Float32Array.from({ length: h * w * c }, () => random.normal())));
    const expected = shapes.map((_, id) => runner.map(id).slice());
    const integers = shapes.map((_, id) => runner.saveMap(id));
    shapes.forEach((_, id) => {
      runner.restoreMap(id, integers[id]!);
      expect(runner.map(id), `map ${id}`).toEqual(expected[id]!.map((x) => x + 0));
    });
  });

  it('give the memory of their scales to the next grid', () => {
    const channels = 64;
    const tensors = chain.tensors.map((tensor) => ({ ...tensor, shape: [1, 2, channels] as const }));
    const { runner, state } = createFloatExecution({ ...chain, tensors, layers: [], outputs: chain.inputs });
    const { tensor } = chain.inputs[0]!;
    const input = Float32Array.from({ length: 2 * channels }, (_, i) => i / 7);
    const bytes = () => state.kernels.memory.buffer.byteLength;
    const before = bytes();
    const scales = (of: number): number[] => Array.from({ length: channels }, (_, c) => 1 + of / 64 + c);
    let rounded: Float32Array | undefined;
    for (let i = 0; i < 4000; i++) {
      runner.map(tensor).set(input);
      runner.roundMap(tensor, { scale: 0.1, zeroPoint: 0, min: -8, max: 7, channelScales: scales(i % 2) });
      // Two sets of scales by turns.
      if (i % 2 === 0) rounded ??= runner.map(tensor).slice();
    }
    expect(bytes()).toBe(before);
    expect(runner.map(tensor)).not.toEqual(rounded);
    runner.map(tensor).set(input);
    runner.roundMap(tensor, { scale: 0.1, zeroPoint: 0, min: -8, max: 7, channelScales: scales(0) });
    expect(runner.map(tensor)).toEqual(rounded);
  });
});
