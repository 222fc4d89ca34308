/** RELU, RELU6, QUANTIZE between stored widths, changes of scale: q = clamp(z + scale(q − z_in)). */
import type { DeployPlan, RequantizeStep } from '../ir/deploy-plan.js';
import { quantizeMultiplierFor, requantize as requantizeValue } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import { elementwiseInPlace } from './add.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkClamp, checkMultiplier, sameShape } from './step-checks.js';

function reference(step: RequantizeStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const stage = { zeroPoint: context.tensor(step.output).zeroPoint, ...step.clamp };
  return context
    .values(input.id)
    .map((q) => requantizeValue(q - input.zeroPoint, step.requant, context.plan.requantization, stage));
}

function check(step: RequantizeStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const output = tensorOf(plan, step.output);
  const shapes = sameShape(tensorOf(plan, step.inputs[0]!), output) ? [] : ['input and output shapes differ'];
  return [
    ...shapes,
    ...checkMultiplier(step.requant, plan.requantization, 'requantisation'),
    ...checkClamp(step.clamp, output),
  ];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const output = s.tensor(shape, s.outputBits);
  const ratio = (2 ** s.outputBits / 2 ** s.inputBits) * (0.4 + 1.2 * random.next());
  return s.finish(
    {
      op: 'requantize',
      name: 'requantize',
      inputs: [input.id],
      output: output.id,
      requant: quantizeMultiplierFor(s.mode, ratio),
      clamp: s.clamp(output),
    },
    '',
  );
}

export const requantize: StepOpDef<'requantize'> = {
  op: 'requantize',
  macs: () => 0,
  reference,
  inPlaceInputs: (step, plan) => elementwiseInPlace(step.inputs, step.output, plan),
  check,
  sample,
};
