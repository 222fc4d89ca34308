/**
 * Lower bounds of the memory that a patch stage needs, from its regions alone: what lets planning leave out most
 * cuts and grids without expanding them.
 */
import type { DeployPlan, InputMode, PlanTensor, Step } from '../ir/deploy-plan.js';
import { pixelBytes } from '../numeric/widths.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import type { Branch, StageCut } from './branches.js';
import { type Region, regionHeight, regionWidth } from './regions.js';

const regionBytes = (tensor: PlanTensor, region: Region): number =>
  regionHeight(region) * regionWidth(region) * pixelBytes(tensor.shape[2], tensor.bits);

/** True when the step's output may overwrite its input in some layout: optimistic, since this is a lower bound. */
const mayOverwrite = (step: Step): boolean =>
  step.op !== 'average_pool2d' &&
  step.op !== 'max_pool2d' &&
  step.op !== 'pad' &&
  step.op !== 'concatenation';

/** Bytes of tensors that are live at the worst step of a branch, beside what lives through all branches. */
export function branchBound(plan: DeployPlan, cut: StageCut, branch: Branch): number {
  const steps = plan.steps.slice(0, cut.steps);
  const last = new Map<number, number>();
  steps.forEach((step, time) => {
    for (const id of step.inputs) last.set(id, time);
  });
  const sizeOf = (id: number): number => regionBytes(tensorOf(plan, id), branch.regions.get(id)!);
  const live = new Map<number, number>([[cut.input, sizeOf(cut.input)]]);
  let most = 0;
  steps.forEach((step, time) => {
    // The stage's output is no memory of the branch: it is written where it stands.
    const written = step.output === cut.output ? 0 : sizeOf(step.output);
    const held = [...live.values()].reduce((a, b) => a + b, 0);
    const dying = [...new Set(step.inputs)].filter((id) => last.get(id) === time);
    const freed = dying.reduce((sum, id) => sum + (live.get(id) ?? 0), 0);
    most = Math.max(most, mayOverwrite(step) ? held + Math.max(0, written - freed) : held + written);
    for (const id of dying) live.delete(id);
    if (step.output !== cut.output) live.set(step.output, written);
  });
  return most;
}

/** Lower bound of a patch stage: its worst branch, its output and, when it is resident, the input. */
export function stageBound(
  plan: DeployPlan,
  cut: StageCut,
  branches: readonly Branch[],
  input: InputMode,
): number {
  const output = tensorBytes(tensorOf(plan, cut.output));
  const worst = Math.max(
    ...branches.map((branch) => {
      const tile = regionBytes(tensorOf(plan, cut.input), branch.regions.get(cut.input)!);
      // Resident, the patch is a view of the image.
      return branchBound(plan, cut, branch) - (input === 'resident' ? tile : 0);
    }),
  );
  const image = input === 'resident' ? tensorBytes(tensorOf(plan, cut.input)) : 0;
  return output + Math.max(0, worst) + image;
}
