/**
 * Rewrites a plan so that its first layers run patch by patch: the same numbers, tile after tile, or numbers of each
 * branch's own class.
 *
 * Every branch repeats the stage's steps on tiles of its own. Halos that leave the image become padding of
 * that branch; where two steps read different parts of one tile they read views of it; the last step writes a
 * view of the stage's output.
 */
import type { BranchChoice, DeployPlan, InputMode } from '../ir/deploy-plan.js';
import { tensorOf } from '../ops/plan-access.js';
import { invariant } from '../support/errors.js';
import type { Branch, StageCut } from './branches.js';
import { addTensor, type Draft, finishDraft, retile, startDraft, tileShape } from './draft.js';
import { inputRegions, intersectRegions, type Region, wholeTensor } from './regions.js';

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
export const expandPatches = (
  plan: DeployPlan,
  cut: StageCut,
  branches: readonly Branch[],
  input: InputMode,
): DeployPlan =>
  expandClasses(
    [plan],
    branches.map(() => 0),
    cut,
    branches,
    input,
  );

/**
 * `expandPatches` with branches of several classes: each takes widths, scales and constants inside the stage from
 * the plan of its class. The plans differ only there and share weights.
 *
 * @param classOf by branch the index of its plan
 */
export function expandClasses(
  plans: readonly DeployPlan[],
  classOf: readonly number[],
  cut: StageCut,
  branches: readonly Branch[],
  input: InputMode,
): DeployPlan {
  const draft = startDraft(plans[0]!, cut);
  branches.forEach((branch, at) => {
    addSteps({ ...draft, plan: plans[classOf[at]!]! }, branch, inputTile(draft, branch, input), '');
  });
  return finish(draft, branches, input);
}

/** When a branch is protected: more than `mostOf(n)` of the n values that it reads lie outside [low, high]. */
export interface BranchTest extends Pick<BranchChoice, 'low' | 'high'> {
  readonly mostOf: (values: number) => number;
}

/**
 * `expandPatches` with every branch in two alternatives, of which the input chooses one at run time: the plans differ
 * inside the stage only and share weights.
 */
export function expandChoice(
  [wide, plain]: readonly [DeployPlan, DeployPlan],
  test: BranchTest,
  cut: StageCut,
  branches: readonly Branch[],
  input: InputMode,
): DeployPlan {
  const draft = startDraft(wide, cut);
  const most = branches.map((branch) => {
    const first = draft.steps.length;
    const tile = inputTile(draft, branch, input);
    addSteps(draft, branch, tile, '');
    addSteps({ ...draft, plan: plain }, branch, tile, PLAIN_MARK);
    const read = draft.steps[first]!;
    const { shape } = draft.tensors[read.op === 'crop' ? read.output : read.inputs[0]!]!;
    return test.mostOf(shape[0] * shape[1] * shape[2]);
  });
  const common = input === 'streamed' ? 1 : 0;
  const { low, high } = test;
  return finish(draft, branches, input, { common, steps: cut.steps, low, high, most });
}

/** Stands in the names of what belongs to the plain alternative. */
const PLAIN_MARK = '/plain';

function finish(
  draft: Draft,
  branches: readonly Branch[],
  input: InputMode,
  choice?: BranchChoice,
): DeployPlan {
  const stepsPerBranch = draft.steps.length / branches.length;
  const last = branches.at(-1);
  invariant(
    last !== undefined && Number.isInteger(stepsPerBranch),
    'patch/branches',
    'branches differ in length',
  );
  return finishDraft(draft, {
    kind: 'patches',
    firstStep: 0,
    stepsPerBranch,
    rows: last.row + 1,
    columns: last.column + 1,
    input,
    ...(choice === undefined ? {} : { choice }),
  });
}

const positionOf = ({ row, column }: Branch): string => `[${row},${column}]`;

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

/** The stage's steps on one branch. `mark` tells apart what stands twice. */
function addSteps(draft: Draft, branch: Branch, inputTile: Tile, mark: string): void {
  const { plan, cut } = draft;
  const suffix = `${mark}${positionOf(branch)}`;
  const tiles = new Map<number, Tile>([[cut.input, inputTile]]);
  for (const step of plan.steps.slice(0, cut.steps)) {
    const out = branch.regions.get(step.output)!;
    const wanted = inputRegions(step, out, (id) => tensorOf(plan, id));
    const sources = step.inputs.map((id, position) => {
      const region = wanted[position]!;
      const tensor = tensorOf(plan, id);
      const tile = tiles.get(id)!;
      const needed = region === 'whole' ? wholeTensor(tensor) : intersectRegions(region, tile.region);
      return { id: viewOf(draft, tile, needed, `${tensor.name}${suffix}/${step.name}`), needed };
    });
    const output = outputTile(draft, step.output, out, suffix);
    tiles.set(step.output, { region: out, tensor: output });
    const inputs = sources.map((source) => source.id);
    const moved = retile(step, out, sources[0]!.needed);
    draft.steps.push({ ...moved, name: `${step.name}${suffix}`, inputs, output });
  }
}

function inputTile(draft: Draft, branch: Branch, input: InputMode): Tile {
  const { cut, plan } = draft;
  const suffix = positionOf(branch);
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
