/**
 * Chosen kernels that leave out the channels that always give the same. They cost no cycles, and no step more live bytes than
 * the worst one has anyway; how the arena is laid out around them is not looked at.
 */
import type { DeployPlan, Step } from '../../ir/deploy-plan.js';
import type { ChosenKernel } from './chosen-kernel.js';
import { KERNEL_VARIANTS } from './index.js';
import { LIVE, liveVariant } from './live-variant.js';
import type { AnyKernelVariant } from './variant.js';

/** Live bytes of every step with these kernels. */
type LiveBytes = (plan: DeployPlan, kernels: readonly ChosenKernel[]) => Float64Array;

/** The kernels, each without constant channels where that is quicker and its step stays below the worst one's bytes. */
export function withLiveChannels(
  plan: DeployPlan,
  chosen: readonly ChosenKernel[],
  liveBytes: LiveBytes,
): readonly ChosenKernel[] {
  const quicker = chosen.map((kernel, index) => liveKernel(kernel, plan.steps[index]!, plan, true));
  if (quicker.every((kernel) => kernel === undefined)) return chosen;
  const bytes = liveBytes(plan, chosen);
  const most = bytes.reduce((worst, step) => Math.max(worst, step), 0);
  // Nothing else than scratch differs.
  return chosen.map((kernel, index) => {
    const other = quicker[index];
    if (other === undefined) return kernel;
    return bytes[index]! + other.memory.scratchBytes - kernel.memory.scratchBytes <= most ? other : kernel;
  });
}

/** The kernel of this name, where `kernels` has it with all channels. */
export const liveNamed = (
  name: string,
  step: Step,
  plan: DeployPlan,
  kernels: readonly ChosenKernel[],
): ChosenKernel | undefined => {
  const kernel = kernels.find(({ variant }) => variant !== undefined && `${variant.name}${LIVE}` === name);
  return kernel && liveKernel(kernel, step, plan, false);
};

function liveKernel(
  { variant, why }: ChosenKernel,
  step: Step,
  plan: DeployPlan,
  worthIt: boolean,
): ChosenKernel | undefined {
  if (variant === undefined || !KERNEL_VARIANTS.includes(variant)) return undefined;
  if (step.op !== 'conv2d' && step.op !== 'fully_connected') return undefined;
  const live = liveVariant(variant as never, step, plan, worthIt) as AnyKernelVariant | undefined;
  if (live === undefined) return undefined;
  return { variant: live, why, memory: live.memory(step as never, plan) };
}
