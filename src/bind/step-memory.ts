/**
 * What every step needs of memory besides its tensors, known without packing a weight: scratch of its kernel, tiles
 * for operands that kernels cannot reach, and what may be overwritten. Planning and binding read the same rules.
 */
import type {
  Conv2dStep,
  DeployPlan,
  DepthwiseConv2dStep,
  PlanTensor,
  Step,
  StepOf,
  StepOp,
  StepWindow,
} from '../ir/deploy-plan.js';
import { ARENA_ALIGNMENT } from '../memory/arena.js';
import type { StepMemory } from '../memory/lifetimes.js';
import { pixelBytes } from '../numeric/widths.js';
import { stepInPlaceInputs } from '../ops/index.js';
import { elementCount, rowPitch, tensorBytes, tensorOf, viewOffset } from '../ops/plan-access.js';
import { reshapeKeepsBytes } from '../ops/reshape.js';
import { columnPairs } from './column-order.js';

const WORD_BYTES = 4;

type MemoryRule<K extends StepOp> = (step: StepOf<K>, plan: DeployPlan) => StepMemory;

/** No scratch; in place where the operator's definition allows it. */
const plain = (step: Step, plan: DeployPlan): StepMemory => ({
  scratchBytes: 0,
  inPlaceInputs: stepInPlaceInputs(step, plan),
  alias: false,
});

const ends = (step: Step, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

const RULES = {
  conv2d: (step, plan) => {
    const [input, output] = ends(step, plan);
    const taps = step.window.kernelHeight * step.window.kernelWidth;
    const pairs = columnPairs(taps * input.shape[2], step.weightBits);
    const inPlaceInputs = conv2dInPlace(step, input, output) ? [0] : [];
    return { scratchBytes: 2 * pairs * WORD_BYTES, inPlaceInputs, alias: false };
  },
  depthwise_conv2d: (step, plan) => {
    const [input, output] = ends(step, plan);
    const inPlaceInputs = depthwiseInPlace(step, input, output) ? [0] : [];
    return { scratchBytes: depthwiseScratchBytes(step.window, input, output), inPlaceInputs, alias: false };
  },
  fully_connected: (step, plan) => {
    const pairs = columnPairs(elementCount(ends(step, plan)[0]), step.weightBits);
    return { scratchBytes: pairs * WORD_BYTES, inPlaceInputs: [], alias: false };
  },
  reshape: (step, plan) =>
    reshapeKeepsBytes(step, plan) ? { scratchBytes: 0, inPlaceInputs: [], alias: true } : plain(step, plan),
  add: plain,
  mul: plain,
  average_pool2d: plain,
  max_pool2d: plain,
  mean: plain,
  pad: plain,
  transpose: plain,
  concatenation: plain,
  softmax: plain,
  lookup: plain,
  requantize: plain,
  resize_nearest: plain,
  crop: plain,
} as const satisfies { readonly [K in StepOp]: MemoryRule<K> };

/** Memory of the step's portable kernel alone. */
export const portableMemory = (step: Step, plan: DeployPlan): StepMemory =>
  (RULES[step.op] as MemoryRule<StepOp>)(step as never, plan);

/** Operands that kernels cannot use where they stand, by tensor id: offsets of their tiles in scratch. */
export interface StagedTiles {
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

/** Kernels use whole rows that follow each other, the first one aligned; crops copy from and to anywhere. */
export function stagedTiles(step: Step, plan: DeployPlan): StagedTiles {
  const offsets = new Map<number, number>();
  let bytes = 0;
  if (step.op === 'crop') return { offsets, bytes };
  for (const id of new Set([...step.inputs, step.output])) {
    const tensor = tensorOf(plan, id);
    if (isDirect(tensor, plan)) continue;
    offsets.set(id, bytes);
    bytes += Math.ceil(tensorBytes(tensor) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
  }
  return { offsets, bytes };
}

function isDirect(tensor: PlanTensor, plan: DeployPlan): boolean {
  if (tensor.view === undefined) return true;
  const rowBytes = tensor.shape[1] * pixelBytes(tensor.shape[2], tensor.bits);
  const together = tensor.shape[0] === 1 || rowPitch(plan, tensor) === rowBytes;
  return together && viewOffset(plan, tensor) % ARENA_ALIGNMENT === 0;
}

/** Memory of the step as it is bound, `memory` being its kernel's: views are never overwritten, nor do they overwrite. */
export function stepMemory(step: Step, plan: DeployPlan, memory: StepMemory): StepMemory {
  if (step.op === 'crop') return memory;
  const isView = (id: number): boolean => tensorOf(plan, id).view !== undefined;
  const inPlaceInputs = isView(step.output)
    ? []
    : memory.inPlaceInputs.filter((at) => !isView(step.inputs[at]!));
  return { ...memory, scratchBytes: stagedTiles(step, plan).bytes + memory.scratchBytes, inPlaceInputs };
}

/** True when every output pixel lies within input pixels that have been gathered by the time it is written. */
export function conv2dInPlace({ window }: Conv2dStep, input: PlanTensor, output: PlanTensor): boolean {
  const isPointwise = window.kernelHeight * window.kernelWidth === 1 && window.padTop + window.padLeft === 0;
  const staysInside =
    (output.shape[0] - 1) * window.strideHeight < input.shape[0] &&
    (output.shape[1] - 1) * window.strideWidth < input.shape[1];
  return (
    isPointwise &&
    staysInside &&
    pixelBytes(output.shape[2], output.bits) <= pixelBytes(input.shape[2], input.bits)
  );
}

const verticalSpan = (window: StepWindow): number => (window.kernelHeight - 1) * window.dilationHeight + 1;

/** Widened weights of four channels and the ring of saved rows: two words per tap and per saved position. */
export function depthwiseScratchBytes(window: StepWindow, input: PlanTensor, output: PlanTensor): number {
  const reach =
    (output.shape[1] - 1) * window.strideWidth + (window.kernelWidth - 1) * window.dilationWidth + 1;
  const columns = Math.max(reach, window.padLeft + input.shape[1]);
  return 2 * WORD_BYTES * (window.kernelHeight * window.kernelWidth + verticalSpan(window) * columns);
}

/** True when every output row lies within input rows that are saved by the time it is written. */
export function depthwiseInPlace(step: DepthwiseConv2dStep, input: PlanTensor, output: PlanTensor): boolean {
  if (step.depthMultiplier !== 1 || input.bits !== output.bits) return false;
  const [height, width] = input.shape;
  for (let y = 0; y < output.shape[0]; y++) {
    const rowsRead = Math.min(
      height,
      y * step.window.strideHeight - step.window.padTop + verticalSpan(step.window),
    );
    if (rowsRead < height && (y + 1) * output.shape[1] > rowsRead * width) return false;
  }
  return true;
}
