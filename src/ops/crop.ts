/** CROP: the window of the input at (y, x); how a patch enters a branch when the image is streamed. */
import type { CropStep, DeployPlan } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkKeptGrid } from './step-checks.js';

function reference(step: CropStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const x = context.values(input.id);
  const { height, width, channels } = extentOf(context.tensor(step.output));
  return Int32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [row, column] = [step.y + Math.floor(pixel / width), step.x + (pixel % width)];
    return x[(row * input.shape[1] + column) * channels + (i % channels)]!;
  });
}

function check(step: CropStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const inside = [step.y, step.x].every(
    (at, axis) => Number.isInteger(at) && at >= 0 && at + output.shape[axis]! <= input.shape[axis]!,
  );
  const problems =
    inside && input.shape[2] === output.shape[2] ? [] : ['the window does not lie in the input'];
  return [...problems, ...checkKeptGrid(input, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const [h, w] = [random.integer(1, shape[0]), random.integer(1, shape[1])];
  const output = s.tensor([h, w, shape[2]], s.inputBits, input);
  const [y, x] = [random.integer(0, shape[0] - h), random.integer(0, shape[1] - w)];
  return s.finish({ op: 'crop', name: 'crop', inputs: [input.id], output: output.id, y, x }, `at ${y},${x}`);
}

/** Whole rows may move towards the start of the buffer, first row first: how line buffers keep rows. */
function inPlaceInputs(step: CropStep, plan: DeployPlan): readonly number[] {
  const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const wholeRows = [input, output].every(
    (tensor) => tensor.shape[1] === tensorOf(plan, tensor.view?.of ?? tensor.id).shape[1],
  );
  const [from, to] = [(input.view?.y ?? 0) + step.y, output.view?.y ?? 0];
  return wholeRows && input.shape[1] === output.shape[1] && to <= from ? [0] : [];
}

export const crop: StepOpDef<'crop'> = {
  op: 'crop',
  macs: () => 0,
  reference,
  inPlaceInputs,
  check,
  sample,
};
