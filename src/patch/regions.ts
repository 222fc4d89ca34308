/**
 * Receptive fields on DeployPlan steps: which spatial region of each input a region of the output needs. Regions
 * are unclipped at first; `clipRegion` cuts them to what exists.
 */
import type { PlanTensor, Step, StepOf, StepOp, StepWindow } from '../ir/deploy-plan.js';
import type { Region } from '../ir/region.js';

export type { Region } from '../ir/region.js';

export const regionHeight = (r: Region): number => r.y1 - r.y0;
export const regionWidth = (r: Region): number => r.x1 - r.x0;

export const wholeTensor = (tensor: PlanTensor): Region => ({
  y0: 0,
  y1: tensor.shape[0],
  x0: 0,
  x1: tensor.shape[1],
});

export const clipRegion = (r: Region, tensor: PlanTensor): Region => ({
  y0: Math.max(0, r.y0),
  y1: Math.min(tensor.shape[0], r.y1),
  x0: Math.max(0, r.x0),
  x1: Math.min(tensor.shape[1], r.x1),
});

export const intersectRegions = (a: Region, b: Region): Region => ({
  y0: Math.max(a.y0, b.y0),
  y1: Math.min(a.y1, b.y1),
  x0: Math.max(a.x0, b.x0),
  x1: Math.min(a.x1, b.x1),
});

/** Bounding box: what a tensor must hold when several steps read it. */
export const uniteRegions = (a: Region | undefined, b: Region): Region =>
  a === undefined
    ? b
    : {
        y0: Math.min(a.y0, b.y0),
        y1: Math.max(a.y1, b.y1),
        x0: Math.min(a.x0, b.x0),
        x1: Math.max(a.x1, b.x1),
      };

/**
 * Region of every input that output region `out` needs, unclipped; `whole` where the operand is a broadcast
 * constant that every tile needs entirely.
 */
type RegionRule<K extends StepOp> = (
  step: StepOf<K>,
  out: Region,
  tensors: (id: number) => PlanTensor,
) => readonly (Region | 'whole')[];

const windowRegion = (w: StepWindow, out: Region): Region => ({
  y0: out.y0 * w.strideHeight - w.padTop,
  y1: (out.y1 - 1) * w.strideHeight - w.padTop + (w.kernelHeight - 1) * w.dilationHeight + 1,
  x0: out.x0 * w.strideWidth - w.padLeft,
  x1: (out.x1 - 1) * w.strideWidth - w.padLeft + (w.kernelWidth - 1) * w.dilationWidth + 1,
});

const throughWindow = (step: { readonly window: StepWindow }, out: Region): readonly Region[] => [
  windowRegion(step.window, out),
];

const pointwise = (
  step: Step,
  out: Region,
  tensors: (id: number) => PlanTensor,
): readonly (Region | 'whole')[] => {
  const [height, width] = tensors(step.output).shape;
  return step.inputs.map((id) => {
    const shape = tensors(id).shape;
    return shape[0] === height && shape[1] === width ? out : 'whole';
  });
};

const between = (indices: readonly number[], from: number, to: number): [number, number] => {
  const used = indices.slice(Math.max(0, from), Math.max(1, Math.min(indices.length, to)));
  return [Math.min(...used), Math.max(...used) + 1];
};

const resized = (step: StepOf<'resize_nearest'>, out: Region): readonly Region[] => {
  const [y0, y1] = between(step.rows, out.y0, out.y1);
  const [x0, x1] = between(step.columns, out.x0, out.x1);
  return [{ y0, y1, x0, x1 }];
};

const padded = (step: StepOf<'pad'>, out: Region): readonly Region[] => [
  {
    y0: out.y0 - step.before[0],
    y1: out.y1 - step.before[0],
    x0: out.x0 - step.before[1],
    x1: out.x1 - step.before[1],
  },
];

/** Per operator its rule; null marks operators that see the whole plane and so end a patch stage. */
export const REGION_RULES: { readonly [K in StepOp]: RegionRule<K> | null } = {
  conv2d: throughWindow,
  depthwise_conv2d: throughWindow,
  average_pool2d: throughWindow,
  max_pool2d: throughWindow,
  add: pointwise,
  mul: pointwise,
  lookup: pointwise,
  requantize: pointwise,
  softmax: pointwise,
  concatenation: (step, out, tensors) =>
    step.axis === 2 ? pointwise(step, out, tensors) : step.inputs.map(() => 'whole'),
  pad: padded,
  resize_nearest: resized,
  crop: null,
  fully_connected: null,
  mean: null,
  reshape: null,
  transpose: null,
};

/** True when the step can run tile by tile. */
export const isPatchable = (step: Step): boolean =>
  REGION_RULES[step.op] !== null && !(step.op === 'concatenation' && step.axis !== 2);

/** Input regions of a patchable step, unclipped. */
export function inputRegions(
  step: Step,
  out: Region,
  tensors: (id: number) => PlanTensor,
): readonly (Region | 'whole')[] {
  const rule = REGION_RULES[step.op] as RegionRule<StepOp> | null;
  if (rule === null) throw new RangeError(`${step.op} cannot run tile by tile`);
  return rule(step as StepOf<StepOp>, out, tensors);
}
