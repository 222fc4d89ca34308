/** What binding one step yields before it is placed in the arena. */
import type { BindTarget, InputRequest, KernelCall } from '../ir/bound-plan.js';
import type { DeployPlan, PlanTensor, StepOf, StepOp } from '../ir/deploy-plan.js';
import type { StepMemory } from '../memory/lifetimes.js';
import { tensorOf } from '../ops/plan-access.js';
import type { ConstantPool } from './constant-pool.js';

export interface BindContext {
  readonly plan: DeployPlan;
  readonly target: BindTarget;
  readonly constants: ConstantPool;
  /** Prefix of this step's constants: `step_003`. */
  readonly label: string;
}

export interface BoundOp {
  /** As in BoundStep. */
  readonly why: string;
  readonly calls: readonly KernelCall[];
  readonly request?: InputRequest;
  readonly memory: StepMemory;
}

/** What is called, before operands are staged and memory is placed. */
export type StepCalls = Omit<BoundOp, 'memory' | 'why'>;

/** Chooses the kernel of a step and packs its constants; its memory is stated in step-memory.ts. */
export type StepBinder<K extends StepOp> = (step: StepOf<K>, context: BindContext) => StepCalls;

export const inputTensor = (
  step: { readonly inputs: readonly number[] },
  { plan }: BindContext,
  index = 0,
): PlanTensor => tensorOf(plan, step.inputs[index]!);

export const outputTensor = (step: { readonly output: number }, { plan }: BindContext): PlanTensor =>
  tensorOf(plan, step.output);
