/** A pointwise function as a table: out = table[q − lowest stored value]; LOGISTIC and its kin. */
import type { DeployPlan, LookupStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import { elementwiseInPlace } from './add.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf, widthRange } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkBlob, sameShape, tableValues } from './step-checks.js';

function reference(step: LookupStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const table = tableValues(context.plan, step.table);
  const lowest = widthRange(input.bits).min;
  return context.values(input.id).map((q) => table[q - lowest]!);
}

function check(step: LookupStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const problems = checkBlob(plan, step.table, 2 ** input.bits, 'table');
  if (!sameShape(input, output)) problems.push('input and output shapes differ');
  if (problems.length > 0) return problems;
  const { min, max } = widthRange(output.bits);
  const outside = tableValues(plan, step.table).find((v) => v < min || v > max);
  return outside === undefined
    ? []
    : [`table value ${outside} is outside the ${output.bits}-bit output range`];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const output = s.tensor(shape, s.outputBits);
  const { min, max } = widthRange(s.outputBits);
  const table = s.int8Blob(Array.from({ length: 2 ** s.inputBits }, () => random.integer(min, max)));
  return s.finish({ op: 'lookup', name: 'lookup', inputs: [input.id], output: output.id, table }, '');
}

export const lookup: StepOpDef<'lookup'> = {
  op: 'lookup',
  macs: () => 0,
  reference,
  inPlaceInputs: (step, plan) => elementwiseInPlace(step.inputs, step.output, plan),
  check,
  sample,
};
