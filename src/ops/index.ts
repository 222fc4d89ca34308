/**
 * THE operator list of the DeployPlan. Engines, parity tests and the plan verifier derive from it; a new
 * operator is a file here, a line below, and the rows that `satisfies Record<StepOp, …>` then asks for.
 */
import type { DeployPlan, Step, StepOp } from '../ir/deploy-plan.js';
import { add } from './add.js';
import { averagePool2d } from './average-pool2d.js';
import { concatenation } from './concatenation.js';
import { conv2d } from './conv2d.js';
import { crop } from './crop.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { fullyConnected } from './fully-connected.js';
import { lookup } from './lookup.js';
import { maxPool2d } from './max-pool2d.js';
import { mean } from './mean.js';
import { mul } from './mul.js';
import type { AnyStepOpDef, ReferenceContext, StepOpDef, StepOpTable } from './op-def.js';
import { pad } from './pad.js';
import { tensorOf } from './plan-access.js';
import { requantize } from './requantize.js';
import { reshape } from './reshape.js';
import { resizeNearest } from './resize-nearest.js';
import { softmax } from './softmax.js';
import { transpose } from './transpose.js';

export const STEP_OPS = {
  conv2d,
  depthwise_conv2d: depthwiseConv2d,
  fully_connected: fullyConnected,
  add,
  mul,
  average_pool2d: averagePool2d,
  max_pool2d: maxPool2d,
  mean,
  pad,
  reshape,
  transpose,
  concatenation,
  softmax,
  lookup,
  requantize,
  resize_nearest: resizeNearest,
  crop,
} as const satisfies StepOpTable;

export const STEP_OP_LIST = Object.keys(STEP_OPS) as StepOp[];

/** The definition of a step's own operator, typed for that step. */
const definitionOf = (step: Step): StepOpDef<StepOp> =>
  STEP_OPS[step.op] as AnyStepOpDef as unknown as StepOpDef<StepOp>;

export const stepMacs = (step: Step, plan: DeployPlan): number => definitionOf(step).macs(step, plan);
/** MACs × bits of the input × bits of the weights. */
export const stepBitOps = (step: Step, plan: DeployPlan): number =>
  'weightBits' in step ? stepMacs(step, plan) * tensorOf(plan, step.inputs[0]!).bits * step.weightBits : 0;
export const stepReference = (step: Step, context: ReferenceContext): Int32Array =>
  definitionOf(step).reference(step, context);
/** Views never change places with their tensor; only the copy of kept rows knows how (`crop`). */
export function stepInPlaceInputs(step: Step, plan: DeployPlan): readonly number[] {
  const isView = (id: number): boolean => tensorOf(plan, id).view !== undefined;
  const positions = definitionOf(step).inPlaceInputs(step, plan);
  if (step.op === 'crop') return positions;
  return isView(step.output) ? [] : positions.filter((at) => !isView(step.inputs[at]!));
}
export const checkStep = (step: Step, plan: DeployPlan): readonly string[] =>
  definitionOf(step).check(step, plan);
