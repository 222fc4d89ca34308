/** DEPTHWISE_CONV_2D: one filter per output channel, oc reads ic = ⌊oc / multiplier⌋; weights [kh][kw][oc]. */
import type { DeployPlan, DepthwiseConv2dStep } from '../ir/deploy-plan.js';
import { requantize } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, forEachTap, readInt32, readMultipliers, readWeights, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkWeighted, checkWindow } from './step-checks.js';

function reference(step: DepthwiseConv2dStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  const x = context.values(input.id);
  const from = extentOf(input);
  const to = extentOf(output);
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  const weights = readWeights(context.plan, step.weights, taps, to.channels, step.weightBits);
  const bias = readInt32(context.plan, step.bias);
  const multipliers = readMultipliers(context.plan, step);
  const stage = { zeroPoint: output.zeroPoint, ...step.clamp };
  const out = new Int32Array(to.height * to.width * to.channels);
  for (let pixel = 0; pixel < to.height * to.width; pixel++) {
    for (let oc = 0; oc < to.channels; oc++) {
      const ic = Math.floor(oc / step.depthMultiplier);
      let acc = bias[oc]!;
      forEachTap(step.window, from, Math.floor(pixel / to.width), pixel % to.width, (inputPixel, tap) => {
        const w = weights[tap * to.channels + oc]! - step.weightZeroPoint;
        acc += w * (x[inputPixel * from.channels + ic]! - input.zeroPoint);
      });
      out[pixel * to.channels + oc] = requantize(acc, multipliers[oc]!, context.plan.requantization, stage);
    }
  }
  return out;
}

function macs(step: DepthwiseConv2dStep, plan: DeployPlan): number {
  const [h, w, oc] = tensorOf(plan, step.output).shape;
  return h * w * oc * step.window.kernelHeight * step.window.kernelWidth;
}

function check(step: DepthwiseConv2dStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  if (!Number.isInteger(step.depthMultiplier) || input.shape[2] * step.depthMultiplier !== output.shape[2]) {
    return [`${input.shape[2]} channels × multiplier ${step.depthMultiplier} is not ${output.shape[2]}`];
  }
  const window = checkWindow(step.window, input, output);
  if (window.length > 0) return window;
  const taps = step.window.kernelHeight * step.window.kernelWidth;
  return checkWeighted(step, plan, taps, output.shape[2], output);
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const { window, out } = s.window(shape, { maxKernel: 7, dilation: true });
  const depthMultiplier = random.pick([1, 1, 1, 1, 2, 3, 8]);
  const channels = shape[2] * depthMultiplier;
  const output = s.tensor([out[0], out[1], channels], s.outputBits);
  const taps = window.kernelHeight * window.kernelWidth;
  const constants = s.weighted(taps, channels, channels, taps, (i) => i % channels, output);
  return s.finish(
    {
      op: 'depthwise_conv2d',
      name: 'depthwise_conv2d',
      inputs: [input.id],
      output: output.id,
      window,
      depthMultiplier,
      ...constants,
    },
    `w${s.weightBits} k${window.kernelHeight}×${window.kernelWidth} s${window.strideHeight}×${window.strideWidth}`,
  );
}

export const depthwiseConv2d: StepOpDef<'depthwise_conv2d'> = {
  op: 'depthwise_conv2d',
  macs,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
