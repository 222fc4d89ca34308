/** Depthwise convolutions that fast kernels take, more often than the operator's own samples have them. */
import type { DepthwiseConv2dStep, PlanTensor, StepWindow } from '../../src/ir/deploy-plan.js';
import type { RequantMode } from '../../src/numeric/requantize.js';
import type { Width } from '../../src/numeric/widths.js';
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
  const y = axis(random, height, kernel, strideHeight);
  const window = squareWindow(kernel, y, x);
  const input = s.tensor([height, width, channels], s.inputBits);
  return s.finish(depthwiseStep(s, input, window, [y.out, x.out]), windowLabel(window));
}

const squareWindow = (kernel: number, y: Axis, x: Axis): StepWindow => ({
  kernelHeight: kernel,
  kernelWidth: kernel,
  strideHeight: y.stride,
  strideWidth: x.stride,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: y.pad,
  padLeft: x.pad,
});

const windowLabel = ({ kernelHeight, strideHeight, strideWidth, padTop, padLeft }: StepWindow): string =>
  `k${kernelHeight} s${strideHeight}×${strideWidth} p${padTop},${padLeft}`;

function depthwiseStep(
  s: SamplePlan,
  input: PlanTensor,
  window: StepWindow,
  out: readonly [number, number],
  weightBits: Width = s.weightBits,
): DepthwiseConv2dStep {
  const [, , channels] = input.shape;
  const output = s.tensor([out[0], out[1], channels], s.outputBits);
  const taps = window.kernelHeight * window.kernelWidth;
  const constants = s.weighted(taps, channels, channels, taps, (i) => i % channels, output, weightBits);
  return {
    op: 'depthwise_conv2d',
    name: 'depthwise_conv2d',
    inputs: [input.id],
    output: output.id,
    window,
    depthMultiplier: 1,
    ...constants,
  };
}

/** Widths of a convolution and of the depthwise one of its output. */
export interface LinkedWidths {
  readonly inputBits: Width;
  readonly weightBits: Width;
  readonly mapBits: Width;
  readonly depthwiseBits: Width;
  readonly outputBits: Width;
}

/** What instances of linked kernels are specialised by: all but heights and what is above the map. */
export interface LinkedColumns {
  readonly channels: readonly [input: number, map: number];
  readonly kernels: readonly [before: number, depthwise: number];
  readonly width: number;
  readonly across: readonly [before: Axis, depthwise: Axis];
  readonly strideHeights: readonly [before: number, depthwise: number];
}

/** Mostly 1×1 and 3×3. */
export function linkedColumns(random: Random): LinkedColumns {
  const stride = (): number => random.pick([1, 2]);
  const kernels = [random.pick([1, 1, 3]), random.pick([3, 3, 3, 5, 7])] as const;
  const width = random.pick(SIZES);
  const before = axis(random, width, kernels[0], stride());
  return {
    ...{ kernels, width, channels: [random.pick([3, 4, 8, 13, 16, 40]), random.pick(CHANNELS)] },
    across: [before, axis(random, before.out, kernels[1], stride())],
    strideHeights: [stride(), stride()],
  };
}

/** A convolution, and a depthwise one of its output. */
export function linkedSample(
  random: Random,
  mode: RequantMode,
  widths: LinkedWidths,
  { channels, kernels, width, across, strideHeights }: LinkedColumns = linkedColumns(random),
): SampleCase {
  const s = new SamplePlan(random, { mode, ...widths });
  const height = random.pick(SIZES);
  const y = axis(random, height, kernels[0], strideHeights[0]);
  const down = axis(random, y.out, kernels[1], strideHeights[1]);
  const input = s.tensor([height, width, channels[0]], s.inputBits);
  const between = s.tensor([y.out, across[0].out, channels[1]], widths.mapBits);
  const length = kernels[0] ** 2 * channels[0];
  const channelOf = (i: number): number => Math.floor(i / length);
  const rows = (length / channels[0]) * channels[1];
  const constants = s.weighted(rows, channels[0], channels[1], length, channelOf, between);
  const windows = [
    squareWindow(kernels[0], y, across[0]),
    squareWindow(kernels[1], down, across[1]),
  ] as const;
  const [window] = windows;
  const step = { name: 'conv2d', inputs: [input.id], output: between.id, window, ...constants };
  const behind = depthwiseStep(s, between, windows[1], [down.out, across[1].out], widths.depthwiseBits);
  const steps = [{ op: 'conv2d' as const, ...step }, behind];
  const bits = `w${widths.weightBits} then w${widths.depthwiseBits}`;
  return s.finishNetwork('linked', steps, [input.id], `${windows.map(windowLabel).join(' then ')}, ${bits}`);
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
