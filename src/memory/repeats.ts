/**
 * Groups of tensors that may simply stand where another one stands: what the branches of a patch stage, and the
 * rows of a streamed one, have many of. Planning one of each kind is exact as long as the largest is planned.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { Conflict } from './conflicts.js';
import type { Group } from './lifetimes.js';

/** By group the group whose offset it takes; itself when it is planned. */
export function representatives(
  plan: DeployPlan,
  groups: readonly Group[],
  conflicts: readonly (readonly Conflict[])[],
): Int32Array {
  const like = Int32Array.from(groups, (_, i) => i);
  repeatBranches(plan, groups, conflicts, like);
  repeatNeighbourhoods(groups, conflicts, like);
  return like.map((index) => like[index]!);
}

const bytesOf = (group: Group): number => Math.max(...group.members.map((m) => m.bytes));

/** Groups that live inside one branch, in an order that is the same in branches of the same structure. */
interface BranchGroups {
  readonly groups: readonly number[];
  readonly structure: string;
  readonly bytes: number;
}

function repeatBranches(
  plan: DeployPlan,
  groups: readonly Group[],
  conflicts: readonly (readonly Conflict[])[],
  like: Int32Array,
): void {
  const stage = plan.patchStage;
  if (stage?.kind !== 'patches') return;
  const { firstStep, stepsPerBranch } = stage;
  const branchOf = groups.map(({ members }) => {
    const branches = members.flatMap(({ first, last }) =>
      [first, last].map((time) => Math.floor((time - firstStep) / stepsPerBranch)),
    );
    const [branch] = branches as [number];
    const inside = branch >= 0 && branch < stage.rows * stage.columns && branches.every((b) => b === branch);
    return inside ? branch : -1;
  });
  const local = (index: number): boolean => branchOf[index]! >= 0;
  const branches = Array.from({ length: stage.rows * stage.columns }, (_, branch): BranchGroups => {
    const own = groups.flatMap((_, index) => (branchOf[index] === branch ? [index] : []));
    const start = firstStep + branch * stepsPerBranch;
    const described = own
      .map((index) => {
        const members = groups[index]!.members.map((m) => [m.first - start, m.last - start, m.tensor < 0]);
        const outside = conflicts[index]!.filter(({ other }) => !local(other));
        return { index, text: JSON.stringify([members, outside.map((c) => [c.other, c.above])]) };
      })
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.index - b.index));
    return {
      groups: described.map(({ index }) => index),
      structure: described.map(({ text }) => text).join(),
      bytes: own.reduce((sum, index) => sum + bytesOf(groups[index]!), 0),
    };
  }).sort((a, b) => b.bytes - a.bytes);
  const planned: BranchGroups[] = [];
  for (const branch of branches) {
    const model = planned.find((candidate) => covers(groups, candidate, branch));
    if (model === undefined) planned.push(branch);
    else
      branch.groups.forEach((index, at) => {
        like[index] = model.groups[at]!;
      });
  }
}

/** Every group of `branch` fits where its counterpart of `model` stands. */
const covers = (groups: readonly Group[], model: BranchGroups, branch: BranchGroups): boolean =>
  model.structure === branch.structure &&
  model.groups.every((index, at) =>
    groups[index]!.members.every((m, k) => m.bytes >= groups[branch.groups[at]!]!.members[k]!.bytes),
  );

/** Scratch of steps in which the very same bytes are live: the largest stands for all. */
function repeatNeighbourhoods(
  groups: readonly Group[],
  conflicts: readonly (readonly Conflict[])[],
  like: Int32Array,
): void {
  const models = new Map<string, number>();
  const order = groups
    .map((group, index) => ({ index, bytes: bytesOf(group), scratch: group.scratchStep !== undefined }))
    .filter(({ index, scratch }) => scratch && like[index] === index)
    .sort((a, b) => b.bytes - a.bytes || a.index - b.index);
  for (const { index } of order) {
    const key = conflicts[index]!.map(({ other, above }) => `${other}:${above}`).join();
    const model = models.get(key);
    if (model === undefined) models.set(key, index);
    else like[index] = model;
  }
}
