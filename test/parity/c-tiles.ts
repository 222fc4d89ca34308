/**
 * Convolutions at sizes around every tile of the C kernels: 2 pixels, 4 channels, 4 steps of 2 k, words of 4 lanes,
 * 3×3 depthwise rows; strides 1 and 2, symmetric and asymmetric padding, outputs of one pixel.
 */
import type { StepWindow } from '../../src/ir/deploy-plan.js';
import type { RequantMode } from '../../src/numeric/requantize.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import { createRandom } from '../../src/support/random.js';

type Shape = readonly [number, number, number];

export const square = (kernel: number, stride: number, padTop: number, padLeft: number): StepWindow => ({
  kernelHeight: kernel,
  kernelWidth: kernel,
  strideHeight: stride,
  strideWidth: stride,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop,
  padLeft,
});

export const PADDINGS = [
  [0, 0],
  [1, 1],
  [0, 1],
  [2, 0],
] as const;

export function conv2dCase(s: SamplePlan, from: Shape, to: Shape, window: StepWindow): SampleCase {
  const input = s.tensor(from, 8);
  const output = s.tensor(to, 8);
  const taps = window.kernelHeight * window.kernelWidth;
  const rowOf = (i: number): number => Math.floor(i / (taps * from[2]));
  const constants = s.weighted(to[2] * taps, from[2], to[2], taps * from[2], rowOf, output);
  const label = `tile k${window.kernelHeight} s${window.strideHeight} p${window.padTop},${window.padLeft}`;
  return s.finish(
    { op: 'conv2d', name: 'c', inputs: [input.id], output: output.id, window, ...constants },
    label,
  );
}

export function depthwiseCase(s: SamplePlan, from: Shape, to: Shape, window: StepWindow): SampleCase {
  const input = s.tensor(from, 8);
  const output = s.tensor(to, 8);
  const taps = window.kernelHeight * window.kernelWidth;
  const constants = s.weighted(taps, to[2], to[2], taps, (i) => i % to[2], output);
  return s.finish(
    {
      op: 'depthwise_conv2d',
      name: 'd',
      inputs: [input.id],
      output: output.id,
      window,
      depthMultiplier: 1,
      ...constants,
    },
    `tile s${window.strideHeight} p${window.padTop},${window.padLeft}`,
  );
}

function fullyConnectedCase(s: SamplePlan, inputs: number, outputs: number): SampleCase {
  const input = s.tensor([1, 1, inputs], 8);
  const output = s.tensor([1, 1, outputs], 8);
  const constants = s.weighted(outputs, inputs, outputs, inputs, (i) => Math.floor(i / inputs), output);
  return s.finish(
    { op: 'fully_connected', name: 'f', inputs: [input.id], output: output.id, ...constants },
    'tile',
  );
}

/** One case per combination; seeds count up from `seed`. */
export function tileSamples(mode: RequantMode, seed: number): SampleCase[] {
  let next = seed;
  const plan = (): SamplePlan => new SamplePlan(createRandom(next++), { mode });
  const samples: SampleCase[] = [];
  for (const pixels of [1, 2, 3]) {
    for (const inputs of [1, 3, 4, 5, 7, 8, 9, 16, 17]) {
      for (const outputs of [1, 3, 4, 5, 8, 9])
        samples.push(conv2dCase(plan(), [1, pixels, inputs], [1, pixels, outputs], square(1, 1, 0, 0)));
    }
  }
  for (const stride of [1, 2]) {
    for (const [padTop, padLeft] of PADDINGS) {
      const window = square(3, stride, padTop, padLeft);
      for (const size of [3, 4, 5, 7]) {
        const out = Math.floor((size - 1) / stride) + 1;
        for (const channels of [3, 4])
          samples.push(conv2dCase(plan(), [size, size, channels], [out, out, 5], window));
      }
      for (const [height, width] of [
        [1, 1],
        [1, 2],
        [3, 5],
        [4, 4],
      ] as const) {
        for (const channels of [3, 4, 5, 8]) {
          const from = [(height - 1) * stride + 1, (width - 1) * stride + 1, channels] as const;
          samples.push(depthwiseCase(plan(), from, [height, width, channels], window));
        }
      }
    }
  }
  for (const inputs of [1, 2, 7, 8, 9, 31, 33])
    for (const outputs of [1, 4, 5]) samples.push(fullyConnectedCase(plan(), inputs, outputs));
  return samples;
}
