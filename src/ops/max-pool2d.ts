/** MAX_POOL_2D over the valid positions of each window; keeps scale and zero point, then clamps. */
import type { DeployPlan, MaxPool2dStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, forEachTap, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkClamp, checkNoEmptyWindow, checkWindow, sameQuantization } from './step-checks.js';

function reference(step: MaxPool2dStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const x = context.values(input.id);
  const { height, width, channels } = extentOf(context.tensor(step.output));
  return Int32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    let best = Number.NEGATIVE_INFINITY;
    forEachTap(step.window, extentOf(input), Math.floor(pixel / width), pixel % width, (inputPixel) => {
      best = Math.max(best, x[inputPixel * channels + (i % channels)]!);
    });
    return Math.min(step.clamp.max, Math.max(step.clamp.min, best));
  });
}

function check(step: MaxPool2dStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  if (input.shape[2] !== output.shape[2]) return ['input and output channels differ'];
  const window = checkWindow(step.window, input, output);
  if (window.length > 0) return window;
  const problems = [...checkNoEmptyWindow(step.window, input, output), ...checkClamp(step.clamp, output)];
  if (!sameQuantization(input, output)) problems.push('input and output scales differ');
  if (input.bits !== output.bits) problems.push('input and output widths differ');
  return problems;
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const { window, out } = s.window(shape, { maxKernel: 5, dilation: false });
  const output = s.tensor([out[0], out[1], shape[2]], s.inputBits, input);
  return s.finish(
    {
      op: 'max_pool2d',
      name: 'max_pool2d',
      inputs: [input.id],
      output: output.id,
      window,
      clamp: s.clamp(output),
    },
    `k${window.kernelHeight}×${window.kernelWidth}`,
  );
}

export const maxPool2d: StepOpDef<'max_pool2d'> = {
  op: 'max_pool2d',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
