/** Places bound steps in the arena: the last thing that binding does. */
import type { BoundStep, BoundTensor } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { type ArenaPlan, planArena } from '../memory/arena.js';
import { outputLayouts } from '../memory/lifetimes.js';
import { rowPitch, tensorBytes, viewOffset } from '../ops/plan-access.js';
import type { BoundOp } from './bound-op.js';

export interface Placement {
  readonly arena: ArenaPlan;
  readonly tensors: readonly BoundTensor[];
  readonly steps: readonly BoundStep[];
}

export function place(plan: DeployPlan, ops: readonly BoundOp[]): Placement {
  const memory = ops.map((op) => op.memory);
  const arena = planArena(plan, memory);
  const layouts = outputLayouts(plan, memory);
  const stored = arena.tensors.map(({ first, last, ...placed }): BoundTensor => {
    const layout = layouts.get(placed.tensor);
    return { ...placed, firstStep: first, lastStep: last, ...(layout === undefined ? {} : { layout }) };
  });
  const views = placeViews(plan, new Map(stored.map((tensor) => [tensor.tensor, tensor])));
  return {
    arena,
    tensors: [...stored, ...views].sort((a, b) => a.tensor - b.tensor),
    steps: ops.map(({ memory: _, ...op }, index) => ({ ...op, index, scratch: arena.scratch[index]! })),
  };
}

/** Every view that a step uses, inside the tensor that it looks into. */
function placeViews(plan: DeployPlan, placed: ReadonlyMap<number, BoundTensor>): BoundTensor[] {
  const views = new Map<number, BoundTensor>();
  plan.steps.forEach((step, time) => {
    for (const id of [...step.inputs, step.output]) {
      const tensor = plan.tensors[id]!;
      const root = tensor.view === undefined ? undefined : placed.get(tensor.view.of);
      if (root === undefined) continue;
      const known = views.get(id);
      views.set(id, {
        tensor: id,
        offset: root.offset + viewOffset(plan, tensor),
        bytes: tensorBytes(tensor),
        rowPitch: rowPitch(plan, tensor),
        // What a step only reads was there as soon as its tensor was.
        firstStep: known?.firstStep ?? (id === step.output ? time : root.firstStep),
        lastStep: time,
        shares: { with: root.tensor, reason: 'view' },
      });
    }
  });
  return [...views.values()];
}
