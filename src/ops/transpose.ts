/** TRANSPOSE of (h, w, c): output axis i is input axis permutation[i]. */
import type { DeployPlan, TransposeStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkKeptGrid } from './step-checks.js';

const PERMUTATIONS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function reference(step: TransposeStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  return Int32Array.from({ length: x.length }, (_, i) => {
    const at = [
      Math.floor(i / (output.shape[1] * output.shape[2])),
      Math.floor(i / output.shape[2]) % output.shape[1],
      i % output.shape[2],
    ];
    const source = [0, 0, 0];
    step.permutation.forEach((axis, position) => {
      source[axis] = at[position]!;
    });
    return x[(source[0]! * input.shape[1] + source[1]!) * input.shape[2] + source[2]!]!;
  });
}

function check(step: TransposeStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  if (!PERMUTATIONS.some((p) => p.every((axis, i) => axis === step.permutation[i])))
    return ['not a permutation of 0, 1, 2'];
  const problems = step.permutation.every((axis, i) => input.shape[axis] === output.shape[i])
    ? []
    : ['shapes do not match'];
  return [...problems, ...checkKeptGrid(input, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const permutation = random.pick(PERMUTATIONS);
  const input = s.tensor(shape, s.inputBits);
  const output = s.tensor(
    [shape[permutation[0]], shape[permutation[1]], shape[permutation[2]]],
    s.inputBits,
    input,
  );
  return s.finish(
    { op: 'transpose', name: 'transpose', inputs: [input.id], output: output.id, permutation },
    `${permutation}`,
  );
}

export const transpose: StepOpDef<'transpose'> = {
  op: 'transpose',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
