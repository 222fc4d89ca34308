/**
 * Where a patch stage may be cut, and what every branch of a grid computes: a region per feature map, with the
 * halo clipped at the borders and, for comparison with the literature, unclipped.
 */
import type { DeployPlan, PlanTensor, Step } from '../ir/deploy-plan.js';
import { stepMacs } from '../ops/index.js';
import { tensorOf } from '../ops/plan-access.js';
import {
  clipRegion,
  inputRegions,
  isPatchable,
  type Region,
  regionHeight,
  regionWidth,
  uniteRegions,
  wholeTensor,
} from './regions.js';

/** The first `steps` steps of a plan; `output` is the only tensor that later steps, or the user, read of them. */
export interface StageCut {
  readonly steps: number;
  readonly input: number;
  readonly output: number;
}

/** Every cut of a plan with one input: all steps before it are patchable and one tensor crosses. */
export function stageCuts(plan: DeployPlan): StageCut[] {
  if (plan.inputs.length !== 1) return [];
  const input = plan.inputs[0]!.tensor;
  const cuts: StageCut[] = [];
  for (let steps = 1; steps <= plan.steps.length && isPatchable(plan.steps[steps - 1]!); steps++) {
    const crossing = crossingTensors(plan, steps);
    const [output] = crossing;
    if (crossing.size === 1 && output !== undefined && output !== input) cuts.push({ steps, input, output });
  }
  return cuts;
}

/** Tensors known after the first `count` steps that the rest of the network or the user still reads. */
function crossingTensors(plan: DeployPlan, count: number): Set<number> {
  const known = new Set(plan.inputs.map((port) => port.tensor));
  for (const step of plan.steps.slice(0, count)) known.add(step.output);
  const read = [
    ...plan.steps.slice(count).flatMap((step) => step.inputs),
    ...plan.outputs.map((p) => p.tensor),
  ];
  return new Set(read.filter((id) => known.has(id)));
}

/** One tile of the stage's output and the region of every feature map that its branch computes. */
export interface Branch {
  readonly row: number;
  readonly column: number;
  readonly tile: Region;
  /** By tensor id; the input's region is the input patch. */
  readonly regions: ReadonlyMap<number, Region>;
}

/** Boundaries of `count` tiles over `size` pixels, as even as whole pixels allow. */
export const tileBounds = (size: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, i) => Math.floor((i * size) / count));

/** The output tile of every patch of a grid, row by row. */
export function outputTiles(output: PlanTensor, rows: number, columns: number): Region[] {
  const ys = tileBounds(output.shape[0], rows);
  const xs = tileBounds(output.shape[1], columns);
  return Array.from({ length: rows * columns }, (_, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    return { y0: ys[r]!, y1: ys[r + 1]!, x0: xs[c]!, x1: xs[c + 1]! };
  });
}

const identity = (region: Region): Region => region;

/** Region of every tensor that a tile needs; `clip` cuts halos at the borders. Null when a region is empty. */
export function branchRegions(
  plan: DeployPlan,
  cut: StageCut,
  tile: Region,
  clip: boolean,
): ReadonlyMap<number, Region> | null {
  const regions = new Map<number, Region>([[cut.output, tile]]);
  const tensors = (id: number): PlanTensor => tensorOf(plan, id);
  for (const step of plan.steps.slice(0, cut.steps).reverse()) {
    const out = regions.get(step.output);
    if (out === undefined) return null;
    for (const [position, wanted] of inputRegions(step, out, tensors).entries()) {
      const id = step.inputs[position]!;
      const limit = clip ? (r: Region): Region => clipRegion(r, tensors(id)) : identity;
      const needed = wanted === 'whole' ? wholeTensor(tensors(id)) : limit(wanted);
      if (regionHeight(needed) < 1 || regionWidth(needed) < 1) return null;
      regions.set(id, uniteRegions(regions.get(id), needed));
    }
  }
  return regions.has(cut.input) ? regions : null;
}

/** All branches of a grid, or null when the grid does not suit the stage (an empty tile or patch). */
export function gridBranches(
  plan: DeployPlan,
  cut: StageCut,
  rows: number,
  columns: number,
): Branch[] | null {
  const output = tensorOf(plan, cut.output);
  if (rows < 1 || columns < 1 || rows > output.shape[0] || columns > output.shape[1]) return null;
  const branches: Branch[] = [];
  for (const [index, tile] of outputTiles(output, rows, columns).entries()) {
    const regions = branchRegions(plan, cut, tile, true);
    if (regions === null) return null;
    branches.push({ row: Math.floor(index / columns), column: index % columns, tile, regions });
  }
  return branches;
}

/** What a step computes by some measure: MACs or BitOPs. */
export type StepCost = (step: Step, plan: DeployPlan) => number;

/** Cost of a step when only `region` of its output is computed. */
function costOfRegion(cost: StepCost, step: Step, plan: DeployPlan, region: Region): number {
  const [height, width] = tensorOf(plan, step.output).shape;
  return (cost(step, plan) / (height * width)) * regionHeight(region) * regionWidth(region);
}

export interface StageMacs {
  /** The stage run whole. */
  readonly whole: number;
  /** All branches, halos clipped at the image's borders: what is really computed. */
  readonly clipped: number;
  /** The literature's figure: halos as if the image went on, every branch alike. */
  readonly unclipped: number;
  /** Largest input patch without clipping: [height, width]. */
  readonly patch: readonly [number, number];
}

/** Computation of a patch stage against the same layers run whole. */
export function stageMacs(plan: DeployPlan, cut: StageCut, branches: readonly Branch[]): StageMacs {
  const steps = plan.steps.slice(0, cut.steps);
  const total = (regions: ReadonlyMap<number, Region>): number =>
    steps.reduce((sum, step) => sum + costOfRegion(stepMacs, step, plan, regions.get(step.output)!), 0);
  let [clipped, unclipped, patchHeight, patchWidth] = [0, 0, 0, 0];
  for (const branch of branches) {
    const loose = branchRegions(plan, cut, branch.tile, false);
    clipped += total(branch.regions);
    if (loose === null) continue;
    unclipped += total(loose);
    const patch = loose.get(cut.input)!;
    patchHeight = Math.max(patchHeight, regionHeight(patch));
    patchWidth = Math.max(patchWidth, regionWidth(patch));
  }
  const whole = steps.reduce((sum, step) => sum + stepMacs(step, plan), 0);
  return { whole, clipped, unclipped, patch: [patchHeight, patchWidth] };
}

/** What the halos cost: all branches, clipped, less the same layers run whole. */
export function redundantCost(
  plan: DeployPlan,
  cut: StageCut,
  branches: readonly Branch[],
  cost: StepCost,
): number {
  const steps = plan.steps.slice(0, cut.steps);
  const whole = steps.reduce((sum, step) => sum + cost(step, plan), 0);
  const ofBranch = ({ regions }: Branch): number =>
    steps.reduce((sum, step) => sum + costOfRegion(cost, step, plan, regions.get(step.output)!), 0);
  return branches.reduce((sum, branch) => sum + ofBranch(branch), 0) - whole;
}
