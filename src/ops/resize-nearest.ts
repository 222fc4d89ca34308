/** RESIZE_NEAREST_NEIGHBOR by explicit source indices: out[y][x] = in[rows[y]][columns[x]]. */
import type { DeployPlan, ResizeNearestStep } from '../ir/deploy-plan.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { extentOf, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkKeptGrid } from './step-checks.js';

function reference(step: ResizeNearestStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const x = context.values(input.id);
  const { height, width, channels } = extentOf(context.tensor(step.output));
  return Int32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const row = step.rows[Math.floor(pixel / width)]!;
    const column = step.columns[pixel % width]!;
    return x[(row * input.shape[1] + column) * channels + (i % channels)]!;
  });
}

function check(step: ResizeNearestStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const within = (indices: readonly number[], length: number, limit: number): boolean =>
    indices.length === length && indices.every((i) => Number.isInteger(i) && i >= 0 && i < limit);
  const problems: string[] = [];
  if (!within(step.rows, output.shape[0], input.shape[0])) problems.push('row indices do not fit the shapes');
  if (!within(step.columns, output.shape[1], input.shape[1]))
    problems.push('column indices do not fit the shapes');
  if (input.shape[2] !== output.shape[2]) problems.push('input and output channels differ');
  return [...problems, ...checkKeptGrid(input, output)];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const input = s.tensor(shape, s.inputBits);
  const [h, w] = [s.size(), s.size()];
  const output = s.tensor([h, w, shape[2]], s.inputBits, input);
  const indices = (count: number, limit: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.min(limit - 1, Math.floor((i * limit) / count)));
  return s.finish(
    {
      op: 'resize_nearest',
      name: 'resize_nearest',
      inputs: [input.id],
      output: output.id,
      rows: indices(h, shape[0]),
      columns: indices(w, shape[1]),
    },
    '',
  );
}

export const resizeNearest: StepOpDef<'resize_nearest'> = {
  op: 'resize_nearest',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};
