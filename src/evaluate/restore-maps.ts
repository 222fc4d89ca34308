/** What storing single feature maps of a plan at 8 bits would win: fake-quantised runs with one map widened each. */
import { createFloatRunner } from '../calibrate/run-float.js';
import type { DeployPlan, PlanTensor, Step } from '../ir/deploy-plan.js';
import {
  type FakeQuantization,
  type FloatNetwork,
  type FloatRunner,
  type FloatSample,
  isWeighted,
} from '../ir/float-network.js';
import { WIDTHS } from '../numeric/widths.js';
import { readInt32, readMultipliers, readWeights } from '../ops/plan-access.js';
import { collectScores, noiseToSignal } from '../quantize/score-noise.js';
import { fillWith } from '../support/typed-arrays.js';

export interface RestoredMap {
  readonly name: string;
  /** Signal-to-noise ratio of the scores gained by storing this map alone at 8 bits, in dB. */
  readonly scoreGainDb: number;
}

/** `names` are tensors of a `mulhi` plan that was made from `network`. */
export function restoreMaps(
  network: FloatNetwork,
  plan: DeployPlan,
  samples: readonly FloatSample[],
  names: readonly string[],
): RestoredMap[] {
  if (plan.requantization !== 'mulhi') return [];
  const float = createFloatRunner(network);
  const reference = collectScores(float, samples);
  const runner = createFloatRunner(network);
  const tensors = network.tensors.map(({ name }) => plan.tensors.find((tensor) => tensor.name === name));
  applyPlan(runner, plan, tensors);
  const noise = (): number => noiseToSignal(reference, collectScores(runner, samples));
  const before = noise();
  return names.map((name) => {
    const id = network.tensors.findIndex((tensor) => tensor.name === name);
    // Not rounded at all: at 8 bits a map's own noise does not show beside that of narrow ones.
    runner.setFakeQuantization(id, undefined);
    const gain = 10 * Math.log10(before / noise());
    runner.setFakeQuantization(id, gridOf(tensors[id]!));
    return { name, scoreGainDb: gain };
  });
}

const gridOf = ({ scale, zeroPoint, bits, channelScales }: PlanTensor): FakeQuantization => ({
  scale,
  zeroPoint,
  min: WIDTHS[bits].activationMin,
  max: WIDTHS[bits].activationMax,
  ...(channelScales === undefined ? {} : { channelScales }),
});

function applyPlan(
  runner: FloatRunner,
  plan: DeployPlan,
  tensors: readonly (PlanTensor | undefined)[],
): void {
  tensors.forEach((tensor, id) => {
    if (tensor !== undefined) runner.setFakeQuantization(id, gridOf(tensor));
  });
  runner.network.layers.forEach((layer, i) => {
    const step = plan.steps.find((candidate) => candidate.name === layer.name);
    if (step !== undefined && isWeighted(layer) && 'weights' in step)
      runner.setWeights(i, realConstants(plan, step, layer.weights.length));
  });
}

type WeightedStep = Extract<Step, { readonly weights: unknown }>;

/** Real weights and biases that a step's integers stand for: one unit is output scale · multiplier. */
function realConstants(plan: DeployPlan, step: WeightedStep, count: number) {
  const input = plan.tensors[step.inputs[0]!]!;
  const output = plan.tensors[step.output]!;
  const channels = output.shape[2];
  const units = readMultipliers(plan, step).map(
    ({ multiplier, shift }, oc) =>
      multiplier * 2 ** (shift - 32) * output.scale * (output.channelScales?.[oc] ?? 1),
  );
  const depthwise = step.op === 'depthwise_conv2d';
  const rowLength = step.op === 'fully_connected' ? count / channels : depthwise ? channels : input.shape[2];
  const stored = readWeights(plan, step.weights, count / rowLength, rowLength, step.weightBits);
  const channelOf = depthwise
    ? (i: number): number => i % channels
    : (i: number): number => Math.floor(i / (count / channels));
  const inputChannel = depthwise
    ? (i: number): number => Math.floor((i % channels) / step.depthMultiplier)
    : (i: number): number => i % input.shape[2];
  const factor = (i: number): number => input.scale * (input.channelScales?.[inputChannel(i)] ?? 1);
  return {
    weights: fillWith(new Float32Array(count), (i) => (stored[i]! * units[channelOf(i)]!) / factor(i)),
    bias: Float32Array.from(readInt32(plan, step.bias), (b, oc) => b * units[oc]!),
  };
}
