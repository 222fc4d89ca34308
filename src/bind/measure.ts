/** The memory of a plan without packing its weights: what planning and search ask thousands of times. */
import type { CostModel } from '../ir/costs.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { planArena } from '../memory/arena.js';
import { liveBytes } from '../memory/conflicts.js';
import { groupTensors, type StepMemory } from '../memory/lifetimes.js';
import type { KernelFeature } from '../targets/target.js';
import { stepMemory } from './step-memory.js';
import { chooseKernels } from './variants/choose.js';

/** That of every core in the list. */
const FEATURE: KernelFeature = 'dsp';

function memoryOf(plan: DeployPlan): readonly StepMemory[] {
  const kernels = chooseKernels(plan, FEATURE);
  return plan.steps.map((step, index) => stepMemory(step, plan, kernels[index]!.memory));
}

/** Agrees with `bind` to the byte: same kernels, same rules, same planner. */
export const measuredCosts: CostModel = {
  memory(plan, enoughBytes) {
    const memory = memoryOf(plan);
    const { arenaBytes, lowerBoundBytes, peakStep, tensorBytes } = planArena(plan, memory, enoughBytes);
    const scratchBytes = memory.reduce((most, step) => Math.max(most, step.scratchBytes), 0);
    return { arenaBytes, lowerBoundBytes, peakStep, tensorBytes, scratchBytes };
  },
  liveBytes(plan) {
    const { groups } = groupTensors(plan, memoryOf(plan), { inPlace: () => true });
    // Times −1 and steps.length hold inputs and outputs only, which the steps beside them hold as well.
    return [...liveBytes(groups, plan.steps.length).subarray(1, plan.steps.length + 1)];
  },
};
