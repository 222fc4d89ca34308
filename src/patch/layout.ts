/**
 * A patch stage as geometry: cut, grid and branches, and the division of every feature map among the branches.
 * Halos overlap, so every border is drawn in the middle of the overlap.
 */
import type { DeployPlan, InputMode } from '../ir/deploy-plan.js';
import { tensorOf } from '../ops/plan-access.js';
import { badInput } from '../support/errors.js';
import { type Branch, gridBranches, type StageCut } from './branches.js';
import type { Region } from './regions.js';

export interface StageGrid {
  readonly cut: StageCut;
  readonly rows: number;
  readonly columns: number;
  readonly input: InputMode;
}

export interface StageLayout extends StageGrid {
  /** Row by row. */
  readonly branches: readonly Branch[];
  /** By branch and tensor of the stage, its part: all parts cover the map, none overlap. */
  readonly owned: readonly ReadonlyMap<number, Region>[];
}

/** Errors: `patch/grid` for a grid that the stage cannot be divided into. */
export function layOutStage(plan: DeployPlan, { cut, rows, columns, input }: StageGrid): StageLayout {
  const branches = gridBranches(plan, cut, rows, columns);
  if (branches === null)
    throw badInput('patch/grid', 'the stage cannot be divided into such a grid', {
      where: plan.name,
      found: `${rows}×${columns} over ${tensorOf(plan, cut.output).name}`,
    });
  const owned = branches.map(() => new Map<number, Region>());
  for (const id of branches[0]!.regions.keys())
    divideMap(branches, id, tensorOf(plan, id).shape).forEach((region, at) => {
      owned[at]!.set(id, region);
    });
  return { cut, rows, columns, input, branches, owned };
}

/** By branch its part of tensor `id`. Rows of the grid share rows of every map, columns its columns. */
function divideMap(
  branches: readonly Branch[],
  id: number,
  [height, width]: readonly [number, number, number],
): Region[] {
  const regionsWhere = (choose: (branch: Branch) => boolean): Region[] =>
    branches.filter(choose).map((branch) => branch.regions.get(id)!);
  const ys = borders(
    regionsWhere(({ column }) => column === 0).map(({ y0, y1 }) => [y0, y1]),
    height,
  );
  const xs = borders(
    regionsWhere(({ row }) => row === 0).map(({ x0, x1 }) => [x0, x1]),
    width,
  );
  return branches.map(({ row, column }) => ({
    y0: ys[row]!,
    y1: ys[row + 1]!,
    x0: xs[column]!,
    x1: xs[column + 1]!,
  }));
}

const borders = (spans: readonly (readonly [number, number])[], size: number): number[] => [
  0,
  ...spans.slice(1).map(([from], i) => Math.floor((spans[i]![1] + from) / 2)),
  size,
];
