/**
 * What an operator of the DeployPlan must define: cost, memory behaviour, the slow obvious reference and
 * sample steps for parity tests. Everything that dispatches on an operator derives from `ops/index.ts`.
 */
import type { DeployPlan, PlanTensor, StepOf, StepOp } from '../ir/deploy-plan.js';
import type { RequantMode } from '../numeric/requantize.js';
import type { Width } from '../numeric/widths.js';
import type { Random } from '../support/random.js';

/** What a reference sees: the plan, and the unpacked values of every tensor computed so far. */
export interface ReferenceContext {
  readonly plan: DeployPlan;
  tensor(id: number): PlanTensor;
  /** Stored values in canonical order, one per element. */
  values(id: number): Int32Array;
}

/** A one-step plan with data: input values per input tensor. The unit of every parity test. */
export interface SampleCase {
  readonly label: string;
  readonly plan: DeployPlan;
  /** Packed bytes per input port. */
  readonly inputs: readonly Uint8Array[];
}

/** What a parity test asks of a sample; operators ignore widths that they do not have. */
export interface SampleRequest {
  readonly mode?: RequantMode;
  readonly inputBits?: Width;
  readonly weightBits?: Width;
  readonly outputBits?: Width;
}

export interface StepOpDef<K extends StepOp> {
  readonly op: K;
  /** Multiply-accumulates of the step: the paper's MACs, 0 for everything without weights. */
  macs(step: StepOf<K>, plan: DeployPlan): number;
  /** Output values in canonical order. Slow and obvious: this is what every engine is compared with. */
  reference(step: StepOf<K>, context: ReferenceContext): Int32Array;
  /** Indices into `inputs` whose buffer the output may take over element by element (same size pixels). */
  inPlaceInputs(step: StepOf<K>, plan: DeployPlan): readonly number[];
  /** Violated invariants, one sentence each; empty when the step is sound. Shapes, widths, blob lengths. */
  check(step: StepOf<K>, plan: DeployPlan): readonly string[];
  /** A random one-step plan with an awkward shape; what `request` leaves out is 8 bits and a random mode of the firmware's. */
  sample(random: Random, request?: SampleRequest): SampleCase;
}

export type AnyStepOpDef = { [K in StepOp]: StepOpDef<K> }[StepOp];
export type StepOpTable = { readonly [K in StepOp]: StepOpDef<K> };
