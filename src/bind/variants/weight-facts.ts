/**
 * What kernels must know of weights before they apply, remembered per weights blob: planning asks thousands of times
 * about plans that share one.
 */
import type { DeployPlan, PlanTensor, StepOf } from '../../ir/deploy-plan.js';
import { elementCount, readInt32, readWeights, tensorOf } from '../../ops/plan-access.js';

/** What bounds the accumulator of one output channel. */
export interface ChannelReach {
  /** With the input's zero point folded in. */
  readonly bias: number;
  /** Σ of the positive weights. */
  readonly positive: number;
  /** Σ |w| of the negative ones. */
  readonly negative: number;
  /** The smallest weight, at most 0. */
  readonly lowest: number;
}

export type MatrixStep = StepOf<'conv2d' | 'fully_connected'>;

type DepthwiseStep = StepOf<'depthwise_conv2d'>;

export type WeightedStep = MatrixStep | DepthwiseStep;

/** A cache and no more: an entry is a pure function of the blob and its key. */
const FACTS = new WeakMap<Uint8Array, Map<string, unknown>>();

/** What `compute` says of a plan's weights, computed once per blob; `key` names the fact and all else it depends on. */
export function remembered<T>(plan: DeployPlan, key: readonly unknown[], compute: () => T): T {
  const known = FACTS.get(plan.weights) ?? new Map<string, unknown>();
  FACTS.set(plan.weights, known);
  const text = key.join();
  if (!known.has(text)) known.set(text, compute());
  return known.get(text) as T;
}

/** Per output channel; weights must have no zero point. */
export function channelReaches(step: WeightedStep, plan: DeployPlan): readonly ChannelReach[] {
  const input = tensorOf(plan, step.inputs[0]!);
  const key = [step.weights.offset, step.bias.offset, step.weightBits, input.zeroPoint, input.shape];
  return remembered(plan, ['reach', ...key], () => computeReaches(step, plan, input));
}

/** The step's weights by output channel, in canonical order; `length` of them each. */
export function weightRows(step: WeightedStep, plan: DeployPlan): { weights: Int32Array; length: number } {
  const input = tensorOf(plan, step.inputs[0]!);
  const [, , channels] = tensorOf(plan, step.output).shape;
  if (step.op === 'depthwise_conv2d') return depthwiseRows(step, plan, channels);
  if (step.op === 'fully_connected') {
    const length = elementCount(input);
    return { weights: readWeights(plan, step.weights, channels, length, step.weightBits), length };
  }
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  const [, , rowLength] = input.shape;
  const weights = readWeights(plan, step.weights, channels * taps, rowLength, step.weightBits);
  return { weights, length: taps * rowLength };
}

/** From [tap][channel]. */
function depthwiseRows(
  step: DepthwiseStep,
  plan: DeployPlan,
  channels: number,
): { weights: Int32Array; length: number } {
  const length = step.window.kernelHeight * step.window.kernelWidth;
  const taps = readWeights(plan, step.weights, length, channels, step.weightBits);
  const weights = taps.map((_, i) => taps[(i % length) * channels + Math.floor(i / length)]!);
  return { weights, length };
}

function computeReaches(step: WeightedStep, plan: DeployPlan, input: PlanTensor): readonly ChannelReach[] {
  const { weights, length } = weightRows(step, plan);
  return Array.from(readInt32(plan, step.bias), (bias, channel) => {
    let [positive, negative, lowest] = [0, 0, 0];
    for (let i = channel * length; i < (channel + 1) * length; i++) {
      const weight = weights[i]!;
      if (weight > 0) positive += weight;
      else negative -= weight;
      if (weight < lowest) lowest = weight;
    }
    return { bias: bias - input.zeroPoint * (positive - negative), positive, negative, lowest };
  });
}
