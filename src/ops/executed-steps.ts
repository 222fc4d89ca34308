/**
 * Which steps run for given inputs: all of them, or, where branches of a patch stage exist in two alternatives, those of
 * the alternative that the branch's input asks for. Integer arithmetic on stored values; the firmware does the same.
 */
import type { BranchChoice, DeployPlan, PatchStage, PlanTensor } from '../ir/deploy-plan.js';
import type { Region } from '../ir/region.js';
import { invariant } from '../support/errors.js';
import { tensorOf } from './plan-access.js';

/** Indices of the steps that run, in order. `inputs` are packed bytes per network input. */
export function executedSteps(plan: DeployPlan, inputs: readonly Uint8Array[]): readonly number[] {
  const all = plan.steps.map((_, index) => index);
  const stage = plan.patchStage;
  if (stage?.kind !== 'patches' || stage.choice === undefined) return all;
  const { choice, firstStep, stepsPerBranch } = stage;
  const skipped = new Set<number>();
  choice.most.forEach((_, branch) => {
    const start = firstStep + branch * stepsPerBranch + choice.common;
    // The protected alternative stands first.
    const unused = start + (isProtected(plan, stage, choice, branch, inputs[0]!) ? choice.steps : 0);
    for (let i = 0; i < choice.steps; i++) skipped.add(unused + i);
  });
  return all.filter((index) => !skipped.has(index));
}

function isProtected(
  plan: DeployPlan,
  stage: PatchStage,
  { low, high, most }: BranchChoice,
  branch: number,
  image: Uint8Array,
): boolean {
  const [, width, channels] = tensorOf(plan, plan.inputs[0]!.tensor).shape;
  const { y0, y1, x0, x1 } = testedRegion(plan, stage, branch);
  let beyond = 0;
  for (let y = y0; y < y1; y++)
    for (let at = (y * width + x0) * channels; at < (y * width + x1) * channels; at++) {
      const q = (image[at]! << 24) >> 24;
      if (q < low || q > high) beyond++;
    }
  return beyond > most[branch]!;
}

/** The tensor that a branch reads first: its crop of a streamed input, or its view of a resident one. */
export function testedTensor(plan: DeployPlan, stage: PatchStage, branch: number): PlanTensor {
  const first = plan.steps[stage.firstStep + branch * stage.stepsPerBranch]!;
  return tensorOf(plan, first.op === 'crop' ? first.output : first.inputs[0]!);
}

/** The branch's part of the network's input, halo included. */
export function testedRegion(plan: DeployPlan, stage: PatchStage, branch: number): Region {
  const first = plan.steps[stage.firstStep + branch * stage.stepsPerBranch]!;
  const tensor = testedTensor(plan, stage, branch);
  const whole = plan.inputs[0]!.tensor;
  const origin = first.op === 'crop' ? first : (tensor.view ?? { y: 0, x: 0 });
  invariant(
    first.op === 'crop' || tensor.id === whole || tensor.view?.of === whole,
    'plan/choice',
    `branch ${branch} does not begin with the network's input`,
  );
  const [height, width] = tensor.shape;
  return { y0: origin.y, y1: origin.y + height, x0: origin.x, x1: origin.x + width };
}
