/**
 * Feature maps that a convolution may write as planes of int16 (src/ir/planes-layout.ts) because the next step, a depthwise
 * convolution over planes, alone reads them: what that one would otherwise take apart stands ready.
 */
import type { Conv2dStep, DeployPlan, DepthwiseConv2dStep } from '../../ir/deploy-plan.js';
import type { PlanesLayout } from '../../ir/planes-layout.js';
import { tensorOf } from '../../ops/plan-access.js';
import { planeColumns, planesApply, rowsReachFar } from './depthwise-planes.js';

const LINKS = new WeakMap<DeployPlan, ReadonlyMap<number, PlanesLayout>>();

/** The layout that both steps would agree on, by id of the tensor between them. */
function planesLinks(plan: DeployPlan): ReadonlyMap<number, PlanesLayout> {
  const known = LINKS.get(plan);
  if (known !== undefined) return known;
  const uses = usesOf(plan);
  const links = new Map<number, PlanesLayout>();
  plan.steps.forEach((step, index) => {
    const next = plan.steps[index + 1];
    if (step.op !== 'conv2d' || next?.op !== 'depthwise_conv2d' || next.inputs[0] !== step.output) return;
    // One writes it, one reads it, nothing looks into it.
    if (uses.get(step.output) !== 2 || tensorOf(plan, step.output).view !== undefined) return;
    if (planesApply(next, plan) !== undefined) return;
    const layout = layoutOf(next, plan);
    if (!rowsReachFar(next, 2 * layout.columns)) links.set(step.output, layout);
  });
  LINKS.set(plan, links);
  return links;
}

/** How often steps, ports and views use each tensor. */
function usesOf(plan: DeployPlan): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const add = (id: number): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const { inputs, output } of plan.steps) [...inputs, output].forEach(add);
  for (const { tensor } of [...plan.inputs, ...plan.outputs]) add(tensor);
  for (const { view } of plan.tensors) if (view !== undefined) add(view.of);
  return uses;
}

/** All of the map and all that windows reach. */
function layoutOf(step: DepthwiseConv2dStep, plan: DeployPlan): PlanesLayout {
  const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const { kernelHeight, strideHeight, padTop, padLeft } = step.window;
  const columns = Math.max(planeColumns(step, output), padLeft + input.shape[1]);
  return {
    rows: Math.max((output.shape[0] - 1) * strideHeight + kernelHeight, padTop + input.shape[0]),
    columns: columns + (columns % 2),
    top: padTop,
    left: padLeft,
  };
}

/** Of the map that the convolution writes. */
export const writtenPlanes = (step: Conv2dStep, plan: DeployPlan): PlanesLayout | undefined =>
  planesLinks(plan).get(step.output);

/** Of the map that the depthwise convolution reads. */
export const readPlanes = (step: DepthwiseConv2dStep, plan: DeployPlan): PlanesLayout | undefined =>
  planesLinks(plan).get(step.inputs[0]!);
