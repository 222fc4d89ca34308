/** CONCATENATION along one axis; inputs of another scale are requantised, the others copied and clamped. */
import type { ConcatenationStep, DeployPlan } from '../ir/deploy-plan.js';
import { quantizeMultiplierFor, requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkClamp, checkMultiplier, sameQuantization } from './step-checks.js';

function reference(step: ConcatenationStep, context: ReferenceContext): Int32Array {
  const output = context.tensor(step.output);
  const [height, width, channels] = output.shape;
  const out = new Int32Array(height * width * channels);
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  let start = 0;
  step.inputs.forEach((id, index) => {
    const input = context.tensor(id);
    const requant = step.requant[index]!;
    const [, w, c] = input.shape;
    context.values(id).forEach((q, i) => {
      const at = [Math.floor(i / (w * c)), Math.floor(i / c) % w, i % c];
      at[step.axis] = at[step.axis]! + start;
      const value =
        requant === null
          ? Math.min(stage.max, Math.max(stage.min, q))
          : requantize(q - input.zeroPoint, requant, context.plan.requantization, stage);
      out[(at[0]! * width + at[1]!) * channels + at[2]!] = value;
    });
    start += input.shape[step.axis];
  });
  return out;
}

function check(step: ConcatenationStep, plan: DeployPlan): readonly string[] {
  const output = tensorOf(plan, step.output);
  if (step.inputs.length === 0 || step.requant.length !== step.inputs.length)
    return ['inputs and requantisations differ in number'];
  if (![0, 1, 2].includes(step.axis)) return [`axis ${step.axis} is not 0, 1 or 2`];
  const inputs = step.inputs.map((id) => tensorOf(plan, id));
  const total = inputs.reduce((sum, t) => sum + t.shape[step.axis], 0);
  const others = [0, 1, 2].filter((axis) => axis !== step.axis) as (0 | 1 | 2)[];
  const aligned = inputs.every((t) => others.every((axis) => t.shape[axis] === output.shape[axis]));
  const problems =
    total === output.shape[step.axis] && aligned ? [] : ['input shapes do not add up to the output'];
  inputs.forEach((t, i) => {
    const requant = step.requant[i] ?? null;
    if (requant !== null) problems.push(...checkMultiplier(requant, plan.requantization, `input ${i}`));
    else if (!sameQuantization(t, output) || t.bits !== output.bits)
      problems.push(`input ${i} needs a requantisation`);
  });
  return [...problems, ...checkClamp(step.clamp, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const axis = random.pick([0, 1, 2, 2] as const);
  const shape = s.shape();
  const count = random.integer(1, 4);
  const sizes = Array.from({ length: count }, () => random.pick([1, 2, 3, 4, 5, 8, 9]));
  const withSize = (size: number): readonly [number, number, number] => [
    axis === 0 ? size : shape[0],
    axis === 1 ? size : shape[1],
    axis === 2 ? size : shape[2],
  ];
  const output = s.tensor(withSize(sizes.reduce((a, b) => a + b, 0)), s.outputBits);
  const copied = sizes.map(() => s.inputBits === s.outputBits && random.integer(0, 1) === 0);
  const inputs = sizes.map((size, i) =>
    s.tensor(withSize(size), s.inputBits, copied[i] ? output : undefined),
  );
  const ratio = (): number => (2 ** s.outputBits / 2 ** s.inputBits) * (0.4 + 1.2 * random.next());
  return s.finish(
    {
      op: 'concatenation',
      name: 'concatenation',
      inputs: inputs.map((t) => t.id),
      output: output.id,
      axis,
      requant: copied.map((copy) => (copy ? null : quantizeMultiplierFor(s.mode, ratio()))),
      clamp: s.clamp(output),
    },
    `axis ${axis}`,
  );
}

export const concatenation: StepOpDef<'concatenation'> = {
  op: 'concatenation',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
