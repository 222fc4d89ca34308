/** FULLY_CONNECTED over the whole input, flattened in canonical (h, w, c) order; weights [out][in]. */
import type { DeployPlan, FullyConnectedStep } from '../ir/deploy-plan.js';
import { requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { elementCount, readInt32, readMultipliers, readWeights, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkWeighted } from './step-checks.js';

function reference(step: FullyConnectedStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  const weights = readWeights(context.plan, step.weights, output.shape[2], x.length, step.weightBits);
  const bias = readInt32(context.plan, step.bias);
  const multipliers = readMultipliers(context.plan, step);
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  return Int32Array.from(multipliers, (multiplier, oc) => {
    let acc = bias[oc]!;
    for (let i = 0; i < x.length; i++) {
      acc += (weights[oc * x.length + i]! - step.weightZeroPoint) * (x[i]! - input.zeroPoint);
    }
    return requantize(acc, multiplier, context.plan.requantization, stage);
  });
}

function check(step: FullyConnectedStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const output = tensorOf(plan, step.output);
  if (output.shape[0] !== 1 || output.shape[1] !== 1)
    return [`output ${output.shape.join('×')} is not 1×1×n`];
  const length = elementCount(tensorOf(plan, step.inputs[0]!));
  return checkWeighted(step, plan, output.shape[2], length, output);
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const spatial = random.pick([1, 1, 2, 3]);
  const input = s.tensor(
    [spatial, random.pick([1, spatial]), random.pick([1, 3, 4, 7, 16, 33, 64, 129])],
    s.inputBits,
  );
  const output = s.tensor([1, 1, random.pick([1, 2, 3, 4, 5, 10, 17, 33])], s.outputBits);
  const length = elementCount(input);
  const channels = output.shape[2];
  const constants = s.weighted(channels, length, channels, length, (i) => Math.floor(i / length), output);
  return s.finish(
    { op: 'fully_connected', name: 'fully_connected', inputs: [input.id], output: output.id, ...constants },
    `w${s.weightBits}`,
  );
}

export const fullyConnected: StepOpDef<'fully_connected'> = {
  op: 'fully_connected',
  macs: (step, plan) => elementCount(tensorOf(plan, step.inputs[0]!)) * tensorOf(plan, step.output).shape[2],
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
