/** MAX_POOL_2D over the valid positions of each window; keeps scale and zero point, then clamps. */
import type { DeployPlan, MaxPool2dStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, forEachTap } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkKeptGrid, checkPool } from './step-checks.js';

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

const check = (step: MaxPool2dStep, plan: DeployPlan): readonly string[] =>
  checkPool(step, plan, checkKeptGrid);

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
