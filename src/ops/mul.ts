/** MUL, element by element, the second operand broadcast: q = clamp(z + scale((q₁ − z₁)(q₂ − z₂))). */
import type { DeployPlan, MulStep } from '../ir/deploy-plan.js';
import { requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import { elementwiseInPlace } from './add.js';
import { broadcastIndex, checkBroadcast } from './broadcast.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkClamp, checkMultiplier } from './step-checks.js';

function reference(step: MulStep, context: ReferenceContext): Int32Array {
  const [a, b] = [context.tensor(step.inputs[0]!), context.tensor(step.inputs[1]!)];
  const output = context.tensor(step.output);
  const vb = context.values(b.id);
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  return context.values(a.id).map((value, i) => {
    const product = (value - a.zeroPoint) * (vb[broadcastIndex(i, output, b)]! - b.zeroPoint);
    return requantize(product, step.requant, context.plan.requantization, stage);
  });
}

function check(step: MulStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 2);
  if (arity.length > 0) return arity;
  const output = tensorOf(plan, step.output);
  return [
    ...checkBroadcast(tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.inputs[1]!), output),
    ...checkMultiplier(step.requant, plan.requantization, 'requantisation'),
    ...checkClamp(step.clamp, output),
  ];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const a = s.tensor(shape, s.inputBits);
  const other = random.pick([shape, shape, [1, 1, shape[2]] as const, [1, 1, 1] as const]);
  const b = s.tensor(other, s.inputBits);
  const output = s.tensor(shape, s.outputBits);
  const spread = (2 ** s.inputBits * 0.3) ** 2;
  return s.finish(
    {
      op: 'mul',
      name: 'mul',
      inputs: [a.id, b.id],
      output: output.id,
      requant: s.multiplier(spread, output),
      clamp: s.clamp(output),
    },
    other === shape ? '' : 'broadcast',
  );
}

export const mul: StepOpDef<'mul'> = {
  op: 'mul',
  macs: () => 0,
  reference,
  inPlaceInputs: (step, plan) => elementwiseInPlace(step.inputs, step.output, plan),
  check,
  sample,
};
