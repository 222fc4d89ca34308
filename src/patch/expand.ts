/**
 * Rewrites a plan so that its first layers run patch by patch: the same numbers, tile after tile.
 *
 * Every branch repeats the stage's steps on tiles of its own. Halos that leave the image become padding of
 * that branch; where two steps read different parts of one tile they read views of it; the last step writes a
 * view of the stage's output.
 */
import type { DeployPlan, InputMode, PlanTensor, Step, StepWindow } from '../ir/deploy-plan.js';
import { tensorOf } from '../ops/plan-access.js';
import { invariant } from '../support/errors.js';
import type { Branch, StageCut } from './branches.js';
import { inputRegions, type Region, regionHeight, regionWidth, wholeTensor } from './regions.js';

/** The expanded tensors and steps while they are collected. */
interface Draft {
  readonly plan: DeployPlan;
  readonly cut: StageCut;
  readonly tensors: PlanTensor[];
  readonly steps: Step[];
  /** Old tensor id → new id, for tensors that live outside the stage. */
  readonly kept: ReadonlyMap<number, number>;
}

/** Where a tile's pixels stand: its region of the original tensor and the new tensor that holds it. */
interface Tile {
  readonly region: Region;
  readonly tensor: number;
}

/**
 * The plan with its first `cut.steps` steps run branch by branch.
 *
 * @param branches all tiles of a grid of `rows` × `columns`, from `gridBranches`
 */
export function expandPatches(
  plan: DeployPlan,
  cut: StageCut,
  branches: readonly Branch[],
  input: InputMode,
): DeployPlan {
  const draft = startDraft(plan, cut);
  for (const branch of branches) addBranch(draft, branch, input);
  const stepsPerBranch = draft.steps.length / branches.length;
  const last = branches.at(-1);
  invariant(
    last !== undefined && Number.isInteger(stepsPerBranch),
    'patch/branches',
    'branches differ in length',
  );
  const rename = (id: number): number => draft.kept.get(id)!;
  for (const step of plan.steps.slice(cut.steps)) {
    draft.steps.push({ ...step, inputs: step.inputs.map(rename), output: rename(step.output) });
  }
  return {
    ...plan,
    tensors: draft.tensors,
    steps: draft.steps,
    inputs: plan.inputs.map((port) => ({ ...port, tensor: rename(port.tensor) })),
    outputs: plan.outputs.map((port) => ({ ...port, tensor: rename(port.tensor) })),
    patchStage: {
      kind: 'patches',
      firstStep: 0,
      stepsPerBranch,
      rows: last.row + 1,
      columns: last.column + 1,
      input,
    },
  };
}

function startDraft(plan: DeployPlan, cut: StageCut): Draft {
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

function addTensor(draft: Draft, tensor: Omit<PlanTensor, 'id'>): number {
  const id = draft.tensors.length;
  draft.tensors.push({ ...tensor, id });
  return id;
}

const tileShape = (tensor: PlanTensor, region: Region): readonly [number, number, number] => [
  regionHeight(region),
  regionWidth(region),
  tensor.shape[2],
];

/** A view of region `wanted` of what `tile` holds; the tile itself when that is all of it. */
function viewOf(draft: Draft, tile: Tile, wanted: Region, name: string): number {
  const { region } = tile;
  const whole =
    region.y0 === wanted.y0 && region.y1 === wanted.y1 && region.x0 === wanted.x0 && region.x1 === wanted.x1;
  if (whole) return tile.tensor;
  const held = draft.tensors[tile.tensor]!;
  const origin = held.view ?? { of: held.id, y: 0, x: 0 };
  const view = { of: origin.of, y: origin.y + wanted.y0 - region.y0, x: origin.x + wanted.x0 - region.x0 };
  return addTensor(draft, { ...held, name, shape: tileShape(held, wanted), view });
}

function addBranch(draft: Draft, branch: Branch, input: InputMode): void {
  const { plan, cut } = draft;
  const suffix = `[${branch.row},${branch.column}]`;
  const tiles = new Map<number, Tile>([[cut.input, inputTile(draft, branch, input, suffix)]]);
  for (const step of plan.steps.slice(0, cut.steps)) {
    const out = branch.regions.get(step.output)!;
    const wanted = inputRegions(step, out, (id) => tensorOf(plan, id));
    const sources = step.inputs.map((id, position) => {
      const region = wanted[position]!;
      const tensor = tensorOf(plan, id);
      const tile = tiles.get(id)!;
      const needed = region === 'whole' ? wholeTensor(tensor) : intersect(region, tile.region);
      return { id: viewOf(draft, tile, needed, `${tensor.name}${suffix}/${step.name}`), needed };
    });
    const output = outputTile(draft, step.output, out, suffix);
    tiles.set(step.output, { region: out, tensor: output });
    const inputs = sources.map((source) => source.id);
    const moved = retile(step, out, sources[0]!.needed);
    draft.steps.push({ ...moved, name: `${step.name}${suffix}`, inputs, output });
  }
}

const intersect = (a: Region, b: Region): Region => ({
  y0: Math.max(a.y0, b.y0),
  y1: Math.min(a.y1, b.y1),
  x0: Math.max(a.x0, b.x0),
  x1: Math.min(a.x1, b.x1),
});

function inputTile(draft: Draft, branch: Branch, input: InputMode, suffix: string): Tile {
  const { cut, plan } = draft;
  const source = tensorOf(plan, cut.input);
  const region = branch.regions.get(cut.input)!;
  const whole: Tile = { region: wholeTensor(source), tensor: draft.kept.get(cut.input)! };
  const name = `${source.name}${suffix}`;
  if (input === 'resident') return { region, tensor: viewOf(draft, whole, region, name) };
  const tensor = addTensor(draft, { ...source, name, shape: tileShape(source, region) });
  draft.steps.push({
    op: 'crop',
    name: `crop${suffix}`,
    inputs: [whole.tensor],
    output: tensor,
    y: region.y0,
    x: region.x0,
  });
  return { region, tensor };
}

function outputTile(draft: Draft, id: number, region: Region, suffix: string): number {
  const tensor = tensorOf(draft.plan, id);
  const name = `${tensor.name}${suffix}`;
  const shape = tileShape(tensor, region);
  if (id !== draft.cut.output) return addTensor(draft, { ...tensor, name, shape });
  const view = { of: draft.kept.get(id)!, y: region.y0, x: region.x0 };
  return addTensor(draft, { ...tensor, name, shape, view });
}

/** Padding that is left of a window when its output starts at `out` and its input at `source`. */
const windowAt = (window: StepWindow, out: Region, source: Region): StepWindow => ({
  ...window,
  padTop: source.y0 - (out.y0 * window.strideHeight - window.padTop),
  padLeft: source.x0 - (out.x0 * window.strideWidth - window.padLeft),
});

/** The step's own constants for output region `out`, reading its first input from region `source`. */
function retile(step: Step, out: Region, source: Region): Step {
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
