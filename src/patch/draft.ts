/** A plan while its first layers are rewritten: new tensors and steps, and what both expansions do to one step. */
import type { DeployPlan, PlanTensor, Step, StepWindow, TiledStage } from '../ir/deploy-plan.js';
import type { StageCut } from './branches.js';
import { type Region, regionHeight, regionWidth } from './regions.js';

/** The expanded tensors and steps while they are collected. */
export interface Draft {
  readonly plan: DeployPlan;
  readonly cut: StageCut;
  readonly tensors: PlanTensor[];
  readonly steps: Step[];
  /** Old tensor id → new id, for tensors that live outside the stage. */
  readonly kept: ReadonlyMap<number, number>;
}

export function startDraft(plan: DeployPlan, cut: StageCut): Draft {
  const inner = new Set(plan.steps.slice(0, cut.steps).map((step) => step.output));
  inner.delete(cut.output);
  const outside = plan.tensors.filter((tensor) => !inner.has(tensor.id));
  return {
    plan,
    cut,
    tensors: outside.map((tensor, id) => ({ ...tensor, id })),
    steps: [],
    kept: new Map(outside.map((tensor, id) => [tensor.id, id])),
  };
}

export function addTensor(draft: Draft, tensor: Omit<PlanTensor, 'id'>): number {
  const id = draft.tensors.length;
  draft.tensors.push({ ...tensor, id });
  return id;
}

export const tileShape = (tensor: PlanTensor, region: Region): readonly [number, number, number] => [
  regionHeight(region),
  regionWidth(region),
  tensor.shape[2],
];

/** The whole plan: the collected stage, then the rest of the steps as they were. */
export function finishDraft({ plan, cut, kept, tensors, steps }: Draft, patchStage: TiledStage): DeployPlan {
  const rename = (id: number): number => kept.get(id)!;
  const rest = plan.steps
    .slice(cut.steps)
    .map((step) => ({ ...step, inputs: step.inputs.map(rename), output: rename(step.output) }));
  return {
    ...plan,
    tensors,
    steps: [...steps, ...rest],
    inputs: plan.inputs.map((port) => ({ ...port, tensor: rename(port.tensor) })),
    outputs: plan.outputs.map((port) => ({ ...port, tensor: rename(port.tensor) })),
    patchStage,
  };
}

/** Padding that is left of a window when its output starts at `out` and its input at `source`. */
const windowAt = (window: StepWindow, out: Region, source: Region): StepWindow => ({
  ...window,
  padTop: source.y0 - (out.y0 * window.strideHeight - window.padTop),
  padLeft: source.x0 - (out.x0 * window.strideWidth - window.padLeft),
});

/** The step's own constants for output region `out`, reading its first input from region `source`. */
export function retile(step: Step, out: Region, source: Region): Step {
  switch (step.op) {
    case 'conv2d':
    case 'depthwise_conv2d':
    case 'average_pool2d':
    case 'max_pool2d':
      return { ...step, window: windowAt(step.window, out, source) };
    case 'pad': {
      const [top, left, channels] = step.before;
      return { ...step, before: [source.y0 + top - out.y0, source.x0 + left - out.x0, channels] };
    }
    case 'resize_nearest':
      return {
        ...step,
        rows: step.rows.slice(out.y0, out.y1).map((row) => row - source.y0),
        columns: step.columns.slice(out.x0, out.x1).map((column) => column - source.x0),
      };
    default:
      return step;
  }
}
