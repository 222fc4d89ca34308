/** PAD over height, width and channels: border elements hold the tensor's zero point. */
import type { DeployPlan, PadStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkKeptGrid } from './step-checks.js';

function reference(step: PadStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  const from = extentOf(input);
  const to = extentOf(output);
  const out = new Int32Array(to.height * to.width * to.channels).fill(output.zeroPoint);
  for (let i = 0; i < x.length; i++) {
    const c = (i % from.channels) + step.before[2];
    const pixel = Math.floor(i / from.channels);
    const column = (pixel % from.width) + step.before[1];
    const row = Math.floor(pixel / from.width) + step.before[0];
    out[(row * to.width + column) * to.channels + c] = x[i]!;
  }
  return out;
}

function check(step: PadStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const fits = step.before.every(
    (before, axis) =>
      Number.isInteger(before) && before >= 0 && before + input.shape[axis]! <= output.shape[axis]!,
  );
  const problems =
    fits && step.before.length === 3 ? [] : ['padding does not place the input inside the output'];
  return [...problems, ...checkKeptGrid(input, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const before = [random.integer(0, 3), random.integer(0, 3), random.pick([0, 0, 0, 1, 3])] as const;
  const after = [random.integer(0, 3), random.integer(0, 3), random.pick([0, 0, 0, 2, 5])] as const;
  const grow = (axis: 0 | 1 | 2): number => shape[axis] + before[axis] + after[axis];
  const output = s.tensor([grow(0), grow(1), grow(2)], s.inputBits, input);
  return s.finish(
    { op: 'pad', name: 'pad', inputs: [input.id], output: output.id, before },
    `before ${before}`,
  );
}

export const pad: StepOpDef<'pad'> = {
  op: 'pad',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
