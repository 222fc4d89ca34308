/**
 * Views in the firmware: kernels read and write whole rows of aligned tensors, so a view that is anything else
 * passes through a tile in the step's scratch. Crops copy from and to any rows.
 *
 *   scratch:  | tile of input 0 | … | tile of the output | the kernel's own working memory |
 */
import type { KernelCall } from '../ir/bound-plan.js';
import type { PlanTensor, Step } from '../ir/deploy-plan.js';
import { ARENA_ALIGNMENT } from '../memory/arena.js';
import { pixelBytes } from '../numeric/widths.js';
import { stepInPlaceInputs } from '../ops/index.js';
import { rowPitch, streamedInput, tensorBytes, tensorOf, viewOffset } from '../ops/plan-access.js';
import { type BindContext, type BoundOp, inputTensor, outputTensor, type StepBinder } from './bound-op.js';
import { kernelInstance } from './kernel-instance.js';

const rowBytes = ({ shape, bits }: PlanTensor): number => shape[1] * pixelBytes(shape[2], bits);

/** Copies `tile` between memories whose rows are `inputPitch` and `outputPitch` bytes apart. */
function copyCall(
  context: BindContext,
  tile: PlanTensor,
  from: { readonly offset: number; readonly pitch: number },
  outputPitch: number,
  inputs: readonly number[],
): KernelCall {
  const bytes = rowBytes(tile);
  const isRun = tile.shape[0] === 1 || (from.pitch === bytes && outputPitch === bytes);
  const [rows, row] = isRun ? [1, tensorBytes(tile)] : [tile.shape[0], bytes];
  const args = {
    offset: from.offset,
    rows,
    row_bytes: row,
    input_pitch: isRun ? row : from.pitch,
    output_pitch: isRun ? row : outputPitch,
  };
  return { kernel: kernelInstance('crop', context.target.feature, 8), args, inputs };
}

/** A copy, or a request to the user's callback when the input is streamed. */
export const bindCrop: StepBinder<'crop'> = (step, context) => {
  const { plan } = context;
  const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
  const memory = { scratchBytes: 0, inPlaceInputs: stepInPlaceInputs(step, plan), alias: false };
  if (input.id === streamedInput(plan)) {
    const [height, width] = output.shape;
    return { calls: [], request: { y: step.y, x: step.x, height, width }, memory };
  }
  const pitch = rowPitch(plan, input);
  const offset = step.y * pitch + step.x * pixelBytes(input.shape[2], input.bits);
  return {
    calls: [copyCall(context, output, { offset, pitch }, rowPitch(plan, output), [input.id])],
    memory,
  };
};

/** True when a kernel can use the tensor where it stands: rows follow each other, the first one aligned. */
function isDirect(tensor: PlanTensor, { plan }: BindContext): boolean {
  if (tensor.view === undefined) return true;
  const together = tensor.shape[0] === 1 || rowPitch(plan, tensor) === rowBytes(tensor);
  return together && viewOffset(plan, tensor) % ARENA_ALIGNMENT === 0;
}

const align = (bytes: number): number => Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;

/** The bound step with tiles in scratch for the operands that its kernels cannot use where they stand. */
export function stageViews(step: Step, context: BindContext, bound: BoundOp): BoundOp {
  const { plan } = context;
  const { memory } = bound;
  const tiles = new Map<number, number>();
  let used = 0;
  for (const id of new Set([...step.inputs, step.output])) {
    if (isDirect(tensorOf(plan, id), context)) continue;
    tiles.set(id, used);
    used += align(tensorBytes(tensorOf(plan, id)));
  }
  const workspace = memory.scratchBytes === 0 ? {} : { workspace: used };
  const calls = bound.calls.map((call) => ({ ...call, ...workspace, ...stagedOperands(step, call, tiles) }));
  if (tiles.size === 0 && !touchesViews(step, context)) return { ...bound, calls };
  return {
    calls: [...copiesIn(step, context, tiles), ...calls, ...copyOut(step, context, tiles)],
    memory: {
      scratchBytes: used + memory.scratchBytes,
      inPlaceInputs: inPlaceInputs(step, context, memory.inPlaceInputs),
      alias: memory.alias,
    },
  };
}

const touchesViews = (step: Step, { plan }: BindContext): boolean =>
  [...step.inputs, step.output].some((id) => tensorOf(plan, id).view !== undefined);

function inPlaceInputs(step: Step, { plan }: BindContext, positions: readonly number[]): readonly number[] {
  const isView = (id: number): boolean => tensorOf(plan, id).view !== undefined;
  return isView(step.output) ? [] : positions.filter((at) => !isView(step.inputs[at]!));
}

type Tiles = ReadonlyMap<number, number>;

function stagedOperands(step: Step, call: KernelCall, tiles: Tiles): Pick<KernelCall, 'staged'> {
  if (tiles.size === 0) return {};
  const inputs = call.inputs.map((id) => tiles.get(id) ?? null);
  const output = tiles.get(step.output);
  return {
    staged: {
      ...(inputs.some((at) => at !== null) ? { inputs } : {}),
      ...(output === undefined ? {} : { output }),
    },
  };
}

function copiesIn(step: Step, context: BindContext, tiles: Tiles): KernelCall[] {
  return [...new Set(step.inputs)]
    .filter((id) => tiles.has(id))
    .map((id) => {
      const view = tensorOf(context.plan, id);
      const from = { offset: 0, pitch: rowPitch(context.plan, view) };
      return { ...copyCall(context, view, from, rowBytes(view), [id]), staged: { output: tiles.get(id)! } };
    });
}

function copyOut(step: Step, context: BindContext, tiles: Tiles): KernelCall[] {
  const at = tiles.get(step.output);
  if (at === undefined) return [];
  const view = tensorOf(context.plan, step.output);
  const from = { offset: 0, pitch: rowBytes(view) };
  const call = copyCall(context, view, from, rowPitch(context.plan, view), [step.output]);
  return [{ ...call, staged: { inputs: [at] } }];
}
