/** AVERAGE_POOL_2D over the valid positions of each window; rounding per mode at `AveragePool2dStep`. */
import type { AveragePool2dStep, DeployPlan } from '../ir/deploy-plan.js';
import { quantizeMulhi, requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, forEachTap } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkKeptGrid, checkMultiplier, checkPool } from './step-checks.js';

/** (sum ± count/2) / count truncating: nearest, halves away from zero (TFLM reference AveragePool). */
export const roundedQuotient = (sum: number, count: number): number =>
  Math.trunc((sum + (sum > 0 ? 1 : -1) * Math.floor(count / 2)) / count);

function reference(step: AveragePool2dStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  const from = extentOf(input);
  const { height, width, channels } = extentOf(output);
  const mulhi = context.plan.requantization === 'mulhi';
  const offset = mulhi ? -input.zeroPoint : step.origin;
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  return Int32Array.from({ length: height * width * channels }, (_, i) => {
    const c = i % channels;
    const pixel = Math.floor(i / channels);
    let sum = 0;
    let count = 0;
    forEachTap(step.window, from, Math.floor(pixel / width), pixel % width, (inputPixel) => {
      sum += x[inputPixel * channels + c]! + offset;
      count++;
    });
    if (mulhi) return requantize(sum, step.perCount![count - 1]!, 'mulhi', stage);
    const q = roundedQuotient(sum, count) - step.origin;
    return Math.min(step.clamp.max, Math.max(step.clamp.min, q));
  });
}

const check = (step: AveragePool2dStep, plan: DeployPlan): readonly string[] =>
  checkPool(step, plan, (input, output) => {
    if (plan.requantization === 'mulhi') {
      const counts = step.window.kernelHeight * step.window.kernelWidth;
      if (step.perCount?.length !== counts) return [`perCount needs ${counts} entries`];
      return step.perCount.flatMap((m) => checkMultiplier(m, 'mulhi', 'perCount'));
    }
    return [
      ...(step.origin === 0 || step.origin === 128 ? [] : [`origin ${step.origin} is neither 0 nor 128`]),
      ...checkKeptGrid(input, output),
    ];
  });

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const { window, out } = s.window(shape, { maxKernel: 5, dilation: false });
  const mulhi = s.mode === 'mulhi';
  const output = s.tensor(
    [out[0], out[1], shape[2]],
    mulhi ? s.outputBits : s.inputBits,
    mulhi ? undefined : input,
  );
  const ratio = (2 ** s.outputBits / 2 ** s.inputBits) * (0.5 + random.next());
  const counts = window.kernelHeight * window.kernelWidth;
  return s.finish(
    {
      op: 'average_pool2d',
      name: 'average_pool2d',
      inputs: [input.id],
      output: output.id,
      window,
      origin: mulhi || s.inputBits !== 8 ? 0 : random.pick([0, 0, 128]),
      ...(mulhi
        ? { perCount: Array.from({ length: counts }, (_, i) => quantizeMulhi(ratio / (i + 1))) }
        : {}),
      clamp: s.clamp(output),
    },
    `k${window.kernelHeight}×${window.kernelWidth}`,
  );
}

export const averagePool2d: StepOpDef<'average_pool2d'> = {
  op: 'average_pool2d',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
