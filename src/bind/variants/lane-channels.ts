/**
 * Output channels as kernels of lanes compute them. A channel whose output cannot vary, as dead ones, becomes one
 * without weights whose small bias and multiplier give the same value: its own may pass every bound of the others.
 */
import type { DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import { type FixedMultiplier, requantize } from '../../numeric/requantize.js';
import { WIDTHS } from '../../numeric/widths.js';
import { readMultipliers, tensorOf } from '../../ops/plan-access.js';
import { type ChannelReach, channelReaches, remembered, type WeightedStep } from './weight-facts.js';

export interface LaneChannels {
  readonly reaches: readonly ChannelReach[];
  readonly multipliers: readonly FixedMultiplier[];
}

/** 2d times this, rounded, is d: (2d · (2^31 − 1) + 2^31) >> 32. */
const HALF: FixedMultiplier = { multiplier: 2 ** 31 - 1, shift: 0 };

/** Mode `mulhi`. */
export function laneChannels(step: WeightedStep, plan: DeployPlan): LaneChannels {
  const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const refs = [step.weights.offset, step.bias.offset, step.multiplier.offset, step.shift.offset];
  const from = [input.bits, input.zeroPoint, input.shape];
  const to = [output.zeroPoint, step.clamp.min, step.clamp.max];
  return remembered(plan, ['lane channels', step.weightBits, ...refs, ...from, ...to], () =>
    computeChannels(step, plan, input, output),
  );
}

function computeChannels(
  step: WeightedStep,
  plan: DeployPlan,
  input: PlanTensor,
  { zeroPoint }: PlanTensor,
): LaneChannels {
  const { activationMin, activationMax } = WIDTHS[input.bits];
  const stage = { zeroPoint, ...step.clamp };
  const multipliers = readMultipliers(plan, step);
  const reaches = channelReaches(step, plan).map((reach, channel) => {
    const low = reach.bias + activationMin * reach.positive - activationMax * reach.negative;
    const high = reach.bias + activationMax * reach.positive - activationMin * reach.negative;
    const value = constantOutput(low, high, multipliers[channel]!, stage);
    if (value === undefined) return reach;
    multipliers[channel] = HALF;
    return { bias: 2 * (value - zeroPoint), positive: 0, negative: 0, lowest: 0 };
  });
  return { reaches, multipliers };
}

/** What every accumulator in low … high becomes, or undefined where they differ. Outputs do not fall as sums rise. */
function constantOutput(
  low: number,
  high: number,
  m: FixedMultiplier,
  stage: { readonly zeroPoint: number; readonly min: number; readonly max: number },
): number | undefined {
  const scale = m.multiplier * 2 ** (m.shift - 32);
  const saturates =
    high * scale + stage.zeroPoint < stage.min + 1 || low * scale + stage.zeroPoint > stage.max - 1;
  if (!saturates && (high - low) * scale > 1) return undefined;
  const output = requantize(low, m, 'mulhi', stage);
  return output === requantize(high, m, 'mulhi', stage) ? output : undefined;
}
