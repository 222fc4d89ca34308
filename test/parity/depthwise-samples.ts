/** Depthwise convolutions that fast kernels take, more often than the operator's own samples have them. */
import type { DepthwiseConv2dStep, StepWindow } from '../../src/ir/deploy-plan.js';
import type { SampleCase, SampleRequest } from '../../src/ops/op-def.js';
import { readWeights } from '../../src/ops/plan-access.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import type { Random } from '../../src/support/random.js';

/** Sizes around blocks of four columns and turns of four to six blocks. */
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 23, 24, 25, 27, 28, 29, 33];
const CHANNELS = [1, 3, 4, 5, 8, 12, 16, 17, 24];
/** So many that pixels are far apart. */
const MANY_CHANNELS = [576, 1030, 1400];

export interface Axis {
  readonly stride: number;
  readonly pad: number;
  readonly out: number;
}

/** Padding before and after is anything up to the kernel's reach, on either side alone too. */
function axis(random: Random, size: number, kernel: number, stride: number): Axis {
  const pad = random.integer(0, kernel - 1);
  const padEnd = random.integer(0, kernel - 1);
  const out = Math.floor((size + pad + padEnd - kernel) / stride) + 1;
  return out < 1 ? axis(random, size, kernel, stride) : { stride, pad, out };
}

/** What instances of generated kernels are specialised by. */
export interface DepthwiseColumns {
  readonly kernel: number;
  readonly channels: number;
  readonly width: number;
  readonly x: Axis;
  readonly strideHeight: number;
}

export function depthwiseColumns(
  random: Random,
  kernels: readonly number[] = [3, 3, 3, 5, 7],
): DepthwiseColumns {
  const kernel = random.pick(kernels);
  const many = random.integer(0, 15) === 0;
  const width = many ? random.integer(1, 3) : random.pick(SIZES);
  const stride = random.pick([1, 2]);
  return {
    ...{ kernel, width, channels: random.pick(many ? MANY_CHANNELS : CHANNELS) },
    x: axis(random, width, kernel, stride),
    strideHeight: random.integer(0, 5) === 0 ? 3 : stride,
  };
}

/** A square kernel without dilation and depth multiplier. */
export function depthwiseSample(
  random: Random,
  request: SampleRequest,
  { kernel, channels, width, x, strideHeight }: DepthwiseColumns = depthwiseColumns(random),
): SampleCase {
  const s = new SamplePlan(random, request);
  const height = channels >= MANY_CHANNELS[0]! ? random.integer(1, 3) : random.pick(SIZES);
  const from = [height, width, channels] as const;
  const y = axis(random, height, kernel, strideHeight);
  const window: StepWindow = {
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: y.stride,
    strideWidth: x.stride,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: y.pad,
    padLeft: x.pad,
  };
  const input = s.tensor(from, s.inputBits);
  const output = s.tensor([y.out, x.out, from[2]], s.outputBits);
  const constants = s.weighted(
    kernel * kernel,
    from[2],
    from[2],
    kernel * kernel,
    (i) => i % from[2],
    output,
  );
  return s.finish(
    {
      op: 'depthwise_conv2d',
      name: 'depthwise_conv2d',
      inputs: [input.id],
      output: output.id,
      window,
      depthMultiplier: 1,
      ...constants,
    },
    `k${kernel} s${y.stride}×${x.stride} p${y.pad},${x.pad}`,
  );
}

/**
 * The sample with its 4-bit weights, or their doubles, stored at 8 bits: sums that fit half a lane, as kernels with two
 * rows in one need them.
 */
export function storedAtEightBits({ label, plan, inputs }: SampleCase, factor: 1 | 2): SampleCase {
  const step = plan.steps[0] as DepthwiseConv2dStep;
  const [, , channels] = plan.tensors[step.output]!.shape;
  const rows = step.window.kernelHeight * step.window.kernelWidth;
  const values = readWeights(plan, step.weights, rows, channels, 4);
  const weights = Buffer.concat([plan.weights, Uint8Array.from(values, (value) => factor * value)]);
  const stored = { offset: plan.weights.length, length: rows * channels };
  const steps = [{ ...step, weights: stored, weightBits: 8 as const }];
  return { label, plan: { ...plan, steps, weights: new Uint8Array(weights) }, inputs };
}
