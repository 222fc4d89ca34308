/**
 * Samples at the ends of the number ranges: weights and activations all at their bounds, alternating along the column or
 * from channel to channel, so that a lane that overflows changes the output. Multipliers are divided by 16, so that
 * outputs do not all saturate.
 */
import type { DeployPlan, PlanTensor, Step } from '../../src/ir/deploy-plan.js';
import { packLanes } from '../../src/numeric/lanes.js';
import { WIDTHS } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { elementCount, readInt32, tensorOf, widthRange } from '../../src/ops/plan-access.js';
import type { Random } from '../../src/support/random.js';

type Pattern = (index: number, row: number) => boolean;

/** True stands for the upper bound. */
const PATTERNS: readonly Pattern[] = [
  () => true,
  () => false,
  (index) => index % 2 === 0,
  (_, row) => row % 2 === 0,
  (index, row) => (index + row) % 2 === 0,
  (index) => index % 4 < 2,
];

/** Elements per packed row of the step's weights. */
function rowLength(step: Step, plan: DeployPlan): number {
  const input = tensorOf(plan, step.inputs[0]!);
  if (step.op === 'conv2d') return input.shape[2];
  return step.op === 'depthwise_conv2d' ? tensorOf(plan, step.output).shape[2] : elementCount(input);
}

function extremeInput(tensor: PlanTensor, pattern: Pattern): Uint8Array {
  const { min, max } = widthRange(tensor.bits);
  const channels = tensor.shape[2];
  const values = Array.from({ length: elementCount(tensor) }, (_, i) =>
    pattern(i, Math.floor(i / channels)) ? max : min,
  );
  return packLanes(values, channels, tensor.bits);
}

function extremeWeights(plan: DeployPlan, step: Step, pattern: Pattern): DeployPlan {
  if (!('weights' in step)) return plan;
  const bytes = plan.weights.slice();
  const view = new DataView(bytes.buffer);
  const length = rowLength(step, plan);
  const { weightMin, weightMax } = WIDTHS[step.weightBits];
  const rows = step.weights.length / Math.ceil((length * step.weightBits) / 8);
  const values = Array.from({ length: rows * length }, (_, i) =>
    pattern(i % length, Math.floor(i / length)) ? weightMax : weightMin,
  );
  bytes.set(packLanes(values, length, step.weightBits), step.weights.offset);
  const mulhi = plan.requantization === 'mulhi';
  readInt32(plan, step.multiplier).forEach((multiplier, channel) => {
    if (mulhi) view.setInt32(step.multiplier.offset + 4 * channel, multiplier >> 4, true);
    const shift = view.getInt8(step.shift.offset + channel);
    if (!mulhi) view.setInt8(step.shift.offset + channel, Math.max(-31, shift - 4));
  });
  return { ...plan, weights: bytes };
}

/** The sample's shapes at a bound of everything. */
export function worstCase(sample: SampleCase, random: Random): SampleCase {
  const pick = (): Pattern => random.pick(PATTERNS);
  return {
    label: `${sample.label} at the bounds`,
    plan: sample.plan.steps.reduce((plan, step) => extremeWeights(plan, step, pick()), sample.plan),
    inputs: sample.plan.inputs.map((port) => extremeInput(tensorOf(sample.plan, port.tensor), pick())),
  };
}
