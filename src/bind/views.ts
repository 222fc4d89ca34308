/**
 * Views in the firmware: kernels read and write whole rows of aligned tensors, so a view that is anything else
 * passes through a tile in the step's scratch. Crops copy from and to any rows.
 *
 *   scratch:  | tile of input 0 | … | tile of the output | the kernel's own working memory |
 */
import type { KernelCall } from '../ir/bound-plan.js';
import type { PlanTensor, Step } from '../ir/deploy-plan.js';
import { pixelBytes } from '../numeric/widths.js';
import { rowPitch, streamedInput, tensorBytes, tensorOf } from '../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor, type StepBinder } from './bound-op.js';
import { kernelInstance } from './kernel-instance.js';
import { stagedTiles } from './step-memory.js';

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
  if (input.id === streamedInput(plan)) {
    const [height, width] = output.shape;
    return { calls: [], request: { y: step.y, x: step.x, height, width } };
  }
  const pitch = rowPitch(plan, input);
  const offset = step.y * pitch + step.x * pixelBytes(input.shape[2], input.bits);
  return {
    calls: [copyCall(context, output, { offset, pitch }, rowPitch(plan, output), [input.id])],
  };
};

/** A step's calls with tiles in scratch for the operands that its kernels cannot use where they stand. */
export function stageOperands(
  step: Step,
  context: BindContext,
  calls: readonly KernelCall[],
  kernelScratchBytes: number,
): readonly KernelCall[] {
  const { plan } = context;
  const { offsets, bytes } = stagedTiles(step, plan);
  const workspace = kernelScratchBytes === 0 ? {} : { workspace: bytes };
  const staged = calls
    .map((call) => (call.staged === undefined ? { ...call, ...workspace } : behind(call, bytes)))
    .map((call) => ({ ...call, ...stagedOperands(step, call, offsets) }));
  return [...copiesIn(step, context, offsets), ...staged, ...copyOut(step, context, offsets)];
}

/** A call that says itself what it has in the kernel's scratch, of a step with `bytes` of tiles before it. */
function behind(call: KernelCall, bytes: number): KernelCall {
  const { inputs, output } = call.staged ?? {};
  return {
    ...call,
    ...(call.workspace === undefined ? {} : { workspace: bytes + call.workspace }),
    staged: {
      ...(inputs === undefined ? {} : { inputs: inputs.map((at) => (at === null ? null : bytes + at)) }),
      ...(output === undefined ? {} : { output: bytes + output }),
    },
  };
}

type Tiles = ReadonlyMap<number, number>;

/** Where a call has its operands in scratch: as it says itself, else in the tiles of its tensors. */
function stagedOperands(
  step: Step,
  { inputs: ids, staged }: KernelCall,
  tiles: Tiles,
): Pick<KernelCall, 'staged'> {
  const inputs = ids.map((id, i) => staged?.inputs?.[i] ?? tiles.get(id) ?? null);
  const output = staged?.output ?? tiles.get(step.output);
  if (output === undefined && inputs.every((at) => at === null)) return {};
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
