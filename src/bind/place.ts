/** Places bound steps in the arena: the last thing that binding does. */
import type { BoundStep, BoundTensor } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { type ArenaPlan, planArena } from '../memory/arena.js';
import type { BoundOp } from './bound-op.js';

export interface Placement {
  readonly arena: ArenaPlan;
  readonly tensors: readonly BoundTensor[];
  readonly steps: readonly BoundStep[];
}

export function place(plan: DeployPlan, ops: readonly BoundOp[]): Placement {
  const arena = planArena(
    plan,
    ops.map((op) => op.memory),
  );
  return {
    arena,
    tensors: arena.tensors.map(({ first, last, ...placed }) => ({
      ...placed,
      firstStep: first,
      lastStep: last,
    })),
    steps: ops.map(({ calls }, index) => ({ index, calls, scratch: arena.scratch[index]! })),
  };
}
