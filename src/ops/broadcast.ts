/** Broadcasting of a second operand that is whole, per channel [1,1,c], or one value [1,1,1]. */
import type { PlanTensor } from '../ir/deploy-plan.js';
import { elementCount } from './plan-access.js';
import { sameShape } from './step-checks.js';

/** Index into the second operand for output element `i` (canonical order). */
export function broadcastIndex(i: number, output: PlanTensor, operand: PlanTensor): number {
  const count = elementCount(operand);
  if (count === 1) return 0;
  return count === elementCount(output) ? i : i % output.shape[2];
}

export function checkBroadcast(first: PlanTensor, second: PlanTensor, output: PlanTensor): string[] {
  if (!sameShape(first, output)) return [`first operand ${first.shape.join('×')} is not the output's shape`];
  const perChannel = second.shape[0] === 1 && second.shape[1] === 1 && second.shape[2] === output.shape[2];
  if (sameShape(second, output) || perChannel || elementCount(second) === 1) return [];
  return [`second operand ${second.shape.join('×')} cannot be broadcast to ${output.shape.join('×')}`];
}
