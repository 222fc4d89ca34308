/** Invariants of views and of patch stages; part of the plan verifier, which lists them. */
import type { DeployPlan, PlanTensor, Step, TensorView } from '../ir/deploy-plan.js';

/** What is wrong with a tensor's view, if it is one. */
export function viewProblems(tensor: PlanTensor, plan: DeployPlan): string[] {
  const { view } = tensor;
  if (view === undefined) return [];
  const label = `tensor ${tensor.id} (${tensor.name})`;
  const root = plan.tensors[view.of];
  if (root === undefined || root.view !== undefined)
    return [`${label} views tensor ${view.of}, which is none or a view`];
  const inside = [view.y, view.x].every(
    (at, axis) => Number.isInteger(at) && at >= 0 && at + tensor.shape[axis]! <= root.shape[axis]!,
  );
  const alike =
    root.shape[2] === tensor.shape[2] &&
    root.bits === tensor.bits &&
    root.scale === tensor.scale &&
    root.zeroPoint === tensor.zeroPoint;
  return [
    ...(inside ? [] : [`${label} leaves the tensor that it views`]),
    ...(alike ? [] : [`${label} differs from the tensor that it views in channels, width or scale`]),
  ];
}

/** The windows that steps have written into tensors so far. */
export class WrittenViews {
  private readonly windows = new Map<number, { readonly tensor: PlanTensor; readonly view: TensorView }[]>();
  private readonly closed = new Set<number>();

  has(root: number): boolean {
    return this.windows.has(root);
  }

  /** Once a tensor is read nothing more may be written into it. */
  close(root: number): void {
    this.closed.add(root);
  }

  /** False when the window overlaps one written before, or comes after a read. */
  add(root: number, tensor: PlanTensor, view: TensorView): boolean {
    const earlier = this.windows.get(root) ?? [];
    const apart = (other: (typeof earlier)[number]): boolean =>
      view.y >= other.view.y + other.tensor.shape[0] ||
      other.view.y >= view.y + tensor.shape[0] ||
      view.x >= other.view.x + other.tensor.shape[1] ||
      other.view.x >= view.x + tensor.shape[1];
    if (this.closed.has(root) || !earlier.every(apart)) return false;
    this.windows.set(root, [...earlier, { tensor, view }]);
    return true;
  }
}

/** The blob that every branch must share: a step's weights, or nothing. */
const weightsOf = (step: Step): string =>
  'weights' in step ? `${step.weights.offset}+${step.weights.length}` : '';

export function patchStageProblems(plan: DeployPlan): string[] {
  const stage = plan.patchStage;
  if (stage === undefined) return [];
  const numbers = [stage.firstStep, stage.stepsPerBranch - 1, stage.rows - 1, stage.columns - 1];
  const end = stage.firstStep + stage.stepsPerBranch * stage.rows * stage.columns;
  if (numbers.some((n) => !Number.isInteger(n) || n < 0) || end > plan.steps.length)
    return [`the patch stage's ${stage.rows}×${stage.columns} branches do not lie inside the steps`];
  const problems: string[] = [];
  for (let index = stage.firstStep + stage.stepsPerBranch; index < end; index++) {
    const [step, first] = [plan.steps[index]!, plan.steps[index - stage.stepsPerBranch]!];
    if (step.op !== first.op || weightsOf(step) !== weightsOf(first))
      problems.push(`step ${step.name} differs in operator or weights from its like in the branch before`);
  }
  return problems;
}
