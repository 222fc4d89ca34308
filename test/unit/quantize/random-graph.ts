/** A float network with every operator that a plan has, with random weights, for quantising end to end. */
import { buildFloatNetwork } from '../../../src/calibrate/build-network.js';
import type { FloatNetwork, FloatSample } from '../../../src/ir/float-network.js';
import { createRandom, type Random } from '../../../src/support/random.js';
import { GraphBuilder, plainWindow } from '../calibrate/graph-builder.js';

function randomWeights(random: Random, count: number, fanIn: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal() / Math.sqrt(fanIn));
}

/** Input 8×8×3 → every operator → softmax over 5 classes and a second output. */
export function everyOperator(seed: number): FloatNetwork {
  const random = createRandom(seed);
  const g = new GraphBuilder();
  const conv = (x: number, shape: readonly number[], from: number, kernel: number, relu: boolean): number => {
    const [oc, taps] = [shape[3]!, kernel * kernel * from];
    const w = g.constant([oc, kernel, kernel, from], randomWeights(random, oc * taps, taps));
    const b = g.constant([oc], randomWeights(random, oc, 4));
    const window = plainWindow(kernel, 1, (kernel - 1) / 2);
    return g.node({ op: 'conv2d', inputs: [x, w, b], window, activation: relu ? 'relu' : 'none' }, shape);
  };
  const depthwise = (x: number, shape: readonly number[], stride: number): number => {
    const w = g.constant([1, 3, 3, shape[3]!], randomWeights(random, 9 * shape[3]!, 9));
    const window = plainWindow(3, stride, 1);
    return g.node(
      { op: 'depthwise_conv2d', inputs: [x, w, -1], window, depthMultiplier: 1, activation: 'relu6' },
      shape,
    );
  };
  const x = g.input([1, 8, 8, 3]);
  const a = conv(x, [1, 8, 8, 6], 3, 3, true);
  const b = conv(a, [1, 8, 8, 6], 6, 1, false);
  const sum = g.node({ op: 'add', inputs: [a, b], activation: 'relu' }, [1, 8, 8, 6]);
  const d = depthwise(sum, [1, 4, 4, 6], 2);
  const swish = g.node({ op: 'hard_swish', inputs: [conv(d, [1, 4, 4, 6], 6, 1, false)] }, [1, 4, 4, 6]);
  const gate = g.node({ op: 'logistic', inputs: [conv(d, [1, 4, 4, 6], 6, 1, false)] }, [1, 4, 4, 6]);
  const product = g.node({ op: 'mul', inputs: [swish, gate], activation: 'none' }, [1, 4, 4, 6]);
  const difference = g.node({ op: 'sub', inputs: [product, d], activation: 'none' }, [1, 4, 4, 6]);
  const leaky = g.node({ op: 'leaky_relu', inputs: [difference], alpha: 0.1 }, [1, 4, 4, 6]);
  const largest = g.node(
    { op: 'max_pool2d', inputs: [leaky], window: plainWindow(2, 2), activation: 'none' },
    [1, 2, 2, 6],
  );
  const average = g.node(
    {
      op: 'average_pool2d',
      inputs: [leaky],
      window: { ...plainWindow(3, 2), padding: { top: 0, bottom: 1, left: 0, right: 1 } },
      activation: 'none',
    },
    [1, 2, 2, 6],
  );
  const both = g.node(
    { op: 'concatenation', inputs: [largest, average], axis: 3, activation: 'none' },
    [1, 2, 2, 12],
  );
  const large = g.node(
    { op: 'resize_nearest', inputs: [both], alignCorners: false, halfPixelCenters: false },
    [1, 4, 4, 12],
  );
  const turned = g.node({ op: 'transpose', inputs: [large], permutation: [0, 2, 1, 3] }, [1, 4, 4, 12]);
  const padded = g.node(
    { op: 'pad', inputs: [turned], before: [0, 1, 0, 0], after: [0, 0, 1, 0] },
    [1, 5, 5, 12],
  );
  const cut = g.node({ op: 'clip', inputs: [padded], min: -0.5, max: 1.5 }, [1, 5, 5, 12]);
  const mean = g.node({ op: 'mean', inputs: [cut], axes: [1, 2], keepDims: false }, [1, 12]);
  const flat = g.node({ op: 'reshape', inputs: [product] }, [1, 96]);
  const w = g.constant([5, 12], randomWeights(random, 60, 3));
  const scores = g.node({ op: 'fully_connected', inputs: [mean, w, -1], activation: 'none' }, [1, 5]);
  const softmax = g.node({ op: 'softmax', inputs: [scores], beta: 1 }, [1, 5]);
  return buildFloatNetwork(g.finish(softmax, flat));
}

/** Input 8×8×3 → maps of different numbers of channels that are stored alike → a layer that is refitted behind them. */
export function concatenated(seed: number): FloatNetwork {
  const random = createRandom(seed);
  const g = new GraphBuilder();
  const conv = (x: number, from: number, to: number): number => {
    const w = g.constant([to, 1, 1, from], randomWeights(random, to * from, from));
    const b = g.constant([to], randomWeights(random, to, 4));
    const window = plainWindow(1, 1, 0);
    return g.node({ op: 'conv2d', inputs: [x, w, b], window, activation: 'none' }, [1, 8, 8, to]);
  };
  const x = g.input([1, 8, 8, 3]);
  const parts = [conv(x, 3, 8), conv(x, 3, 4)];
  const both = g.node({ op: 'concatenation', inputs: parts, axis: 3, activation: 'none' }, [1, 8, 8, 12]);
  return buildFloatNetwork(g.finish(conv(both, 12, 5)));
}

export const randomSamples = (seed: number, count: number): FloatSample[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => [Float32Array.from({ length: 192 }, () => random.normal())]);
};
