/** Invariants of views and of patch stages; part of the plan verifier, which lists them. */
import type { DeployPlan, PatchStage, PlanTensor, Step, TensorView, TiledStage } from '../ir/deploy-plan.js';
import { stageEnd } from '../ir/step-functions.js';

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

interface Window {
  readonly tensor: PlanTensor;
  readonly view: TensorView;
  /** Of two alternatives of a branch only one runs: windows of the same branch and different alternatives may overlap. */
  readonly alternative: Alternative | undefined;
}

/** The windows that steps have written into tensors so far. */
export class WrittenViews {
  private readonly windows = new Map<number, Window[]>();
  private readonly closed = new Set<number>();

  has(root: number): boolean {
    return this.windows.has(root);
  }

  /** Once a tensor is read nothing more may be written into it. */
  close(root: number): void {
    this.closed.add(root);
  }

  /** False when the window overlaps one written before, or comes after a read. */
  add(root: number, tensor: PlanTensor, view: TensorView, alternative?: Alternative): boolean {
    const earlier = this.windows.get(root) ?? [];
    const apart = (other: Window): boolean =>
      excludes(other.alternative, alternative) ||
      view.y >= other.view.y + other.tensor.shape[0] ||
      other.view.y >= view.y + tensor.shape[0] ||
      view.x >= other.view.x + other.tensor.shape[1] ||
      other.view.x >= view.x + tensor.shape[1];
    if (this.closed.has(root) || !earlier.every(apart)) return false;
    this.windows.set(root, [...earlier, { tensor, view, alternative }]);
    return true;
  }
}

/** Which of a branch's alternatives a step belongs to. */
export interface Alternative {
  readonly branch: number;
  readonly index: number;
}

const excludes = (a: Alternative | undefined, b: Alternative | undefined): boolean =>
  a !== undefined && b !== undefined && a.branch === b.branch && a.index !== b.index;

/** The alternative of a step; undefined for steps that always run. */
export function alternativeOf({ patchStage: stage }: DeployPlan, step: number): Alternative | undefined {
  if (stage?.kind !== 'patches' || stage.choice === undefined) return undefined;
  const at = step - stage.firstStep;
  const within = (at % stage.stepsPerBranch) - stage.choice.common;
  if (at < 0 || step >= stageEnd(stage) || within < 0) return undefined;
  return { branch: Math.floor(at / stage.stepsPerBranch), index: Math.floor(within / stage.choice.steps) };
}

/** What every branch must share: a step's weights and their width, or nothing. */
const weightsOf = (step: Step): string =>
  'weights' in step ? `${step.weightBits}: ${step.weights.offset}+${step.weights.length}` : '';

const sizesOf = (stage: TiledStage): readonly number[] =>
  stage.kind === 'patches'
    ? [stage.stepsPerBranch, stage.rows, stage.columns]
    : [stage.steps, stage.rowsPerStep];

export function patchStageProblems(plan: DeployPlan): string[] {
  const stage = plan.patchStage;
  if (stage === undefined) return [];
  const end = stageEnd(stage);
  const inside = Number.isInteger(stage.firstStep) && stage.firstStep >= 0 && end <= plan.steps.length;
  if (!inside || sizesOf(stage).some((n) => !Number.isInteger(n) || n < 1))
    return [`the patch stage of ${sizesOf(stage).join(' · ')} does not lie inside the steps`];
  return [
    ...(stage.kind === 'patches' ? [...branchProblems(plan, stage), ...choiceProblems(plan, stage)] : []),
    ...(stage.input === 'streamed' ? streamedProblems(plan, stage) : []),
  ];
}

/** Steps that are not alike in every branch. */
function branchProblems(plan: DeployPlan, stage: PatchStage): string[] {
  const problems: string[] = [];
  for (let index = stage.firstStep + stage.stepsPerBranch; index < stageEnd(stage); index++) {
    const [step, first] = [plan.steps[index]!, plan.steps[index - stage.stepsPerBranch]!];
    if (step.op !== first.op || weightsOf(step) !== weightsOf(first))
      problems.push(`step ${step.name} differs in operator or weights from its like in the branch before`);
  }
  return problems;
}

/** Alternatives are as long as they say, alike in operators and weights, begin with the input, and read only their own. */
function choiceProblems(plan: DeployPlan, stage: PatchStage): string[] {
  const { choice } = stage;
  if (choice === undefined) return [];
  const branches = stage.rows * stage.columns;
  const sizes = [choice.common, choice.steps, choice.low, choice.high, ...choice.most];
  const sound =
    sizes.every(Number.isInteger) &&
    choice.common === (stage.input === 'streamed' ? 1 : 0) &&
    choice.steps >= 1 &&
    stage.stepsPerBranch === choice.common + 2 * choice.steps &&
    choice.most.length === branches &&
    choice.most.every((most) => most >= 0) &&
    choice.low >= -128 &&
    choice.high <= 127 &&
    plan.inputs.length === 1;
  if (!sound) return ['the alternatives of the patch stage do not fit its branches and the input'];
  const writers = new Map(plan.steps.map((step, index) => [step.output, index]));
  const problems: string[] = [];
  for (let index = stage.firstStep; index < plan.steps.length; index++) {
    const own = alternativeOf(plan, index);
    const step = plan.steps[index]!;
    const like = own?.index === 1 ? plan.steps[index - choice.steps]! : step;
    if (step.op !== like.op || weightsOf(step) !== weightsOf(like))
      problems.push(
        `step ${step.name} differs in operator or weights from its like in the other alternative`,
      );
    for (const id of step.inputs) {
      const writer = writers.get(plan.tensors[id]?.view?.of ?? id);
      const from = writer === undefined ? undefined : alternativeOf(plan, writer);
      if (from !== undefined && (own === undefined || own.branch !== from.branch || own.index !== from.index))
        problems.push(`step ${step.name} reads tensor ${id}, which exists in one alternative only`);
    }
  }
  for (let branch = 0; branch < branches; branch++) {
    const first = plan.steps[stage.firstStep + branch * stage.stepsPerBranch]!;
    const [read] = first.inputs;
    const whole = plan.inputs[0]!.tensor;
    if (read !== whole && plan.tensors[read!]?.view?.of !== whole)
      problems.push(`branch ${branch} with alternatives does not begin with the network's input`);
  }
  return problems;
}

/** A streamed input exists only as the pieces that crops of the stage ask for. */
function streamedProblems(plan: DeployPlan, stage: TiledStage): string[] {
  const input = plan.inputs[0]?.tensor;
  if (plan.inputs.length !== 1 || plan.outputs.some((port) => port.tensor === input))
    return ['a streamed input must be the only one, and no output'];
  return plan.steps
    .filter((step, index) => {
      const reads = step.inputs.some((id) => id === input || plan.tensors[id]?.view?.of === input);
      const asks = step.op === 'crop' && step.inputs[0] === input;
      return reads && !(asks && index >= stage.firstStep && index < stageEnd(stage));
    })
    .map((step) => `step ${step.name} reads the streamed input other than by a crop of the patch stage`);
}
