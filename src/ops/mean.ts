/** MEAN over height and width: q = clamp(z + scale(Σ(q − z_in))), 1/(h·w) folded into the multiplier. */
import type { DeployPlan, MeanStep } from '../ir/deploy-plan.js';
import {
  type FixedMultiplier,
  type OutputStage,
  quantizeMultiplierFor,
  requantize,
  roundHalfEven,
} from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkClamp, checkMultiplier } from './step-checks.js';

const f32 = Math.fround;

/**
 * Mode `xnnpack` scales Σ q and moves the zero points by a float32 constant (src/operators/reduce-nd.c), so that
 * its roundings are not those of Σ(q − z).
 */
function meanXnnpack(sum: number, zeroSum: number, m: FixedMultiplier, stage: OutputStage): number {
  const scale = f32(m.multiplier * 2 ** (m.shift - 31));
  const origin = f32(stage.zeroPoint - f32(f32(zeroSum) * scale));
  const q = f32(f32(f32(sum) * scale) + origin);
  return Math.max(stage.min, Math.min(stage.max, roundHalfEven(q)));
}

function reference(step: MeanStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const x = context.values(input.id);
  const { channels } = extentOf(input);
  const stage = { zeroPoint: context.tensor(step.output).zeroPoint, ...step.clamp };
  const mode = context.plan.requantization;
  const count = x.length / channels;
  return Int32Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let i = c; i < x.length; i += channels) sum += x[i]!;
    if (mode === 'xnnpack') return meanXnnpack(sum, count * input.zeroPoint, step.requant, stage);
    return requantize(sum - count * input.zeroPoint, step.requant, mode, stage);
  });
}

function check(step: MeanStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const output = tensorOf(plan, step.output);
  const [h, w, c] = output.shape;
  const problems =
    h === 1 && w === 1 && c === tensorOf(plan, step.inputs[0]!).shape[2] ? [] : ['output is not 1×1×c'];
  return [
    ...problems,
    ...checkMultiplier(step.requant, plan.requantization, 'requantisation'),
    ...checkClamp(step.clamp, output),
  ];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const output = s.tensor([1, 1, shape[2]], s.outputBits);
  const ratio = (2 ** s.outputBits / 2 ** s.inputBits) * (0.5 + random.next());
  return s.finish(
    {
      op: 'mean',
      name: 'mean',
      inputs: [input.id],
      output: output.id,
      requant: quantizeMultiplierFor(s.mode, ratio / (shape[0] * shape[1])),
      clamp: s.clamp(output),
    },
    '',
  );
}

export const mean: StepOpDef<'mean'> = {
  op: 'mean',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
