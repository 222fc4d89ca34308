/** A kernel that computes some of an operator's steps faster than the portable one, with the same bytes. */
import type { DeployPlan, StepOf, StepOp } from '../../ir/deploy-plan.js';
import type { StepMemory } from '../../memory/lifetimes.js';
import type { KernelFeature } from '../../targets/target.js';
import type { StepBinder } from '../bound-op.js';

export interface KernelVariant<K extends StepOp> {
  /** Lower-case letters and digits; several may call one kernel, firmware-templates/kernels/<op>_<variant>.c. */
  readonly name: string;
  readonly op: K;
  /** What the core must have. */
  readonly feature: KernelFeature;
  /**
   * Why the variant cannot compute the step, in a few words; undefined when it can. Asked thousands of times while
   * planning: look at shapes and widths first, at weights only through weight-facts.ts, which remembers.
   */
  applies(step: StepOf<K>, plan: DeployPlan): string | undefined;
  /** Scratch and in-place inputs of the kernel; agrees to the byte with what `bind`'s call uses. */
  memory(step: StepOf<K>, plan: DeployPlan): StepMemory;
  readonly bind: StepBinder<K>;
}

export type AnyKernelVariant = { [K in StepOp]: KernelVariant<K> }[StepOp];

/** The first one's output layout (StepMemory) is what the second one reads; each applies only where the other does. */
export interface LinkedVariants {
  readonly writer: AnyKernelVariant;
  readonly reader: AnyKernelVariant;
}
