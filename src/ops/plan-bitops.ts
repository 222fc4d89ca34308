/** BitOPs of a plan as it stands, halos and widths of every branch included. */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { stepMacs } from './index.js';
import { tensorOf } from './plan-access.js';

/**
 * Σ MACs · weight bits · input bits over the multiply-accumulate steps. Of branches that the input chooses at run time
 * the protected alternative counts: the dearer one.
 */
export function planBitops(plan: DeployPlan): number {
  const skipped = plainAlternatives(plan);
  return plan.steps.reduce(
    (sum, step, index) =>
      'weights' in step && !skipped.has(index)
        ? sum + stepMacs(step, plan) * step.weightBits * tensorOf(plan, step.inputs[0]!).bits
        : sum,
    0,
  );
}

function plainAlternatives({ patchStage: stage }: DeployPlan): ReadonlySet<number> {
  if (stage?.kind !== 'patches' || stage.choice === undefined) return new Set();
  const { firstStep, stepsPerBranch, choice } = stage;
  return new Set(
    choice.most.flatMap((_, branch) =>
      Array.from(
        { length: choice.steps },
        (_step, i) => firstStep + branch * stepsPerBranch + choice.common + choice.steps + i,
      ),
    ),
  );
}
