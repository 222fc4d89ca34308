/** CONV_2D: q = clamp(z + scale(bias + Σ (w − z_w)(q − z))), any window; weights [oc][kh][kw][ic]. */
import type { Conv2dStep, DeployPlan, StepOf } from '../ir/deploy-plan.js';
import { requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, forEachTap, readInt32, readMultipliers, readWeights, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkWeighted, checkWindow } from './step-checks.js';

function reference(step: Conv2dStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  const from = extentOf(input);
  const to = extentOf(output);
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  const weights = readWeights(context.plan, step.weights, to.channels * taps, from.channels, step.weightBits);
  const bias = readInt32(context.plan, step.bias);
  const multipliers = readMultipliers(context.plan, step);
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  const out = new Int32Array(to.height * to.width * to.channels);
  for (let pixel = 0; pixel < to.height * to.width; pixel++) {
    for (let oc = 0; oc < to.channels; oc++) {
      let acc = bias[oc]!;
      forEachTap(step.window, from, Math.floor(pixel / to.width), pixel % to.width, (inputPixel, tap) => {
        for (let ic = 0; ic < from.channels; ic++) {
          const w = weights[(oc * taps + tap) * from.channels + ic]! - step.weightZeroPoint;
          acc += w * (x[inputPixel * from.channels + ic]! - input.zeroPoint);
        }
      });
      out[pixel * to.channels + oc] = requantize(acc, multipliers[oc]!, context.plan.requantization, stage);
    }
  }
  return out;
}

function macs(step: Conv2dStep, plan: DeployPlan): number {
  const [h, w, oc] = tensorOf(plan, step.output).shape;
  const ic = tensorOf(plan, step.inputs[0]!).shape[2];
  return h * w * oc * ic * step.window.kernelHeight * step.window.kernelWidth;
}

function check(step: Conv2dStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const window = checkWindow(step.window, input, output);
  if (window.length > 0) return window;
  const rows = output.shape[2] * step.window.kernelHeight * step.window.kernelWidth;
  return checkWeighted(step, plan, rows, input.shape[2], output);
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const { window, out } = s.window(shape, { maxKernel: 7, dilation: true });
  const output = s.tensor([out[0], out[1], s.channels()], s.outputBits);
  const taps = window.kernelHeight * window.kernelWidth;
  const rows = output.shape[2] * taps;
  const channelOf = (i: number): number => Math.floor(i / (taps * shape[2]));
  const constants = s.weighted(rows, shape[2], output.shape[2], taps * shape[2], channelOf, output);
  const step: StepOf<'conv2d'> = {
    op: 'conv2d',
    name: 'conv2d',
    inputs: [input.id],
    output: output.id,
    window,
    ...constants,
  };
  return s.finish(step, `w${s.weightBits} k${window.kernelHeight}×${window.kernelWidth}`);
}

export const conv2d: StepOpDef<'conv2d'> = {
  op: 'conv2d',
  macs,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
