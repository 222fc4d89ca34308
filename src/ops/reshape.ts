/** RESHAPE and its kin: the same elements in canonical order under another shape; repacked when rows change. */
import type { DeployPlan, ReshapeStep } from '../ir/deploy-plan.js';
import { pixelBytes } from '../numeric/widths.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { elementCount, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkKeptGrid } from './step-checks.js';

/** True when input and output have the same bytes, so that the step is an alias. */
export function reshapeKeepsBytes(step: ReshapeStep, plan: DeployPlan): boolean {
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const dense = (channels: number): boolean => (channels * input.bits) % 8 === 0;
  if (input.shape[2] === output.shape[2]) return true;
  const whole = pixelBytes(1, input.bits) * 8 === input.bits;
  return whole || (dense(input.shape[2]) && dense(output.shape[2]));
}

function check(step: ReshapeStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const problems = elementCount(input) === elementCount(output) ? [] : ['element counts differ'];
  return [...problems, ...checkKeptGrid(input, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const to = random.pick([
    [1, 1, shape[0] * shape[1] * shape[2]],
    [shape[1], shape[0], shape[2]],
    [shape[2], shape[1], shape[0]],
  ] as const);
  const output = s.tensor(to, s.inputBits, input);
  return s.finish({ op: 'reshape', name: 'reshape', inputs: [input.id], output: output.id }, '');
}

export const reshape: StepOpDef<'reshape'> = {
  op: 'reshape',
  macs: () => 0,
  reference: (step, context: ReferenceContext) => context.values(step.inputs[0]!).slice(),
  inPlaceInputs: (step, plan) => (reshapeKeepsBytes(step, plan) ? [0] : []),
  check,
  sample,
};
