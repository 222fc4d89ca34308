/**
 * The arena planner: one allocator for planning, for the search's limit and for the shipped offsets.
 *
 * Tensors that share a buffer form groups; groups that stand where others stand are left out (repeats.ts); the rest
 * are laid out (layout.ts) with every step in place that may be, then, where that misses the lower bound, without
 * single ones of these. The arena's size is exact: the largest offset + size, not rounded.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { stageEnd } from '../ir/step-functions.js';
import { rootOf, tensorBytes } from '../ops/plan-access.js';
import { conflictTable, liveBytes, peakOf } from './conflicts.js';
import { type Block, bestLayout } from './layout.js';
import { type Group, groupTensors, type Lifetimes, type Sharing, type StepMemory } from './lifetimes.js';
import { representatives } from './repeats.js';

export { ARENA_ALIGNMENT } from './layout.js';

export interface PlacedTensor {
  readonly tensor: number;
  readonly offset: number;
  readonly bytes: number;
  /** Step that writes it (−1: a network input) and last step that reads it (steps.length: a network output). */
  readonly first: number;
  readonly last: number;
  readonly shares?: Sharing;
}

export interface PlacedScratch {
  readonly offset: number;
  readonly bytes: number;
}

export interface ArenaPlan {
  readonly arenaBytes: number;
  /** Live bytes, scratch included, at the step where they are most: no allocation can be smaller. */
  readonly lowerBoundBytes: number;
  readonly peakStep: number;
  /** Live bytes without scratch at the step where they are most. */
  readonly tensorBytes: number;
  /** By ascending tensor id. */
  readonly tensors: readonly PlacedTensor[];
  /** One entry per step. */
  readonly scratch: readonly (PlacedScratch | null)[];
}

/**
 * Lays out all tensors and scratch of a plan. `memory` has one entry per step.
 *
 * @param enoughBytes an arena this small is not made smaller: much faster where only a limit is asked about
 */
export function planArena(plan: DeployPlan, memory: readonly StepMemory[], enoughBytes = 0): ArenaPlan {
  const all = layOut(plan, memory, { inPlace: () => true, thorough: true, enoughBytes });
  if (all.layout.bytes <= Math.max(all.bound.bytes * GOOD_ENOUGH, enoughBytes)) return toArenaPlan(plan, all);
  return toArenaPlan(plan, withoutSome(plan, memory, all, enoughBytes));
}

/** A layout so little above its bound is not searched further. */
const GOOD_ENOUGH = 1.002;
/** Layers whose in-place step is given up on trial, the largest first. */
const SEPARATION_TRIES = 12;
/** A quick layout so little above the best one is searched thoroughly. */
const PROMISING = 1.05;

/** Gives up single in-place steps, in all branches alike, as long as the arena shrinks. */
function withoutSome(
  plan: DeployPlan,
  memory: readonly StepMemory[],
  start: Candidate,
  enoughBytes: number,
): Candidate {
  const keyOf = stepKeys(plan);
  const sizes = new Map<number, number>();
  plan.steps.forEach((step, time) => {
    const sharing = start.lifetimes.sharing.get(rootOf(plan, step.output));
    if (sharing?.reason !== 'in_place' || step.op === 'crop') return;
    const bytes = tensorBytes(plan.tensors[rootOf(plan, sharing.with)]!);
    sizes.set(keyOf(time), Math.max(sizes.get(keyOf(time)) ?? 0, bytes));
  });
  const keys = [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)! || a - b);
  const given = new Set<number>();
  const without = (key: number, thorough: boolean): Candidate =>
    layOut(plan, memory, {
      inPlace: (time) => keyOf(time) !== key && !given.has(keyOf(time)),
      ...{ thorough, enoughBytes },
    });
  let best = start;
  for (const key of keys.slice(0, SEPARATION_TRIES)) {
    const quick = without(key, false);
    if (quick.bound.bytes >= best.layout.bytes || quick.layout.bytes > best.layout.bytes * PROMISING)
      continue;
    const candidate = without(key, true);
    if (candidate.layout.bytes >= best.layout.bytes) continue;
    best = candidate;
    given.add(key);
    if (best.layout.bytes <= Math.max(start.bound.bytes, enoughBytes)) break;
  }
  return best;
}

/** Steps that repeat one another in the branches of a patch stage have the same key. */
function stepKeys({ patchStage: stage }: DeployPlan): (time: number) => number {
  if (stage?.kind !== 'patches') return (time) => time;
  const { firstStep, stepsPerBranch } = stage;
  const end = stageEnd(stage);
  return (time) =>
    time < firstStep || time >= end ? time : firstStep + ((time - firstStep) % stepsPerBranch);
}

interface Candidate {
  readonly lifetimes: Lifetimes;
  readonly bound: { readonly bytes: number; readonly step: number };
  /** Offset per group. */
  readonly layout: { readonly bytes: number; readonly offsets: readonly number[] };
}

function blockOf({ members }: Group, live: Float64Array): Block {
  const first = Math.min(...members.map((m) => m.first));
  const last = Math.max(...members.map((m) => m.last));
  const pressure = live.subarray(first + 1, last + 2).reduce((most, bytes) => Math.max(most, bytes), 0);
  return { bytes: Math.max(...members.map((m) => m.bytes)), first, last, pressure };
}

interface LayoutEffort {
  readonly inPlace: (step: number) => boolean;
  readonly thorough: boolean;
  readonly enoughBytes: number;
}

function layOut(
  plan: DeployPlan,
  memory: readonly StepMemory[],
  { inPlace, thorough, enoughBytes }: LayoutEffort,
): Candidate {
  const lifetimes = groupTensors(plan, memory, { inPlace });
  const { groups } = lifetimes;
  const live = liveBytes(groups, plan.steps.length);
  const bound = peakOf(live);
  const conflicts = conflictTable(groups);
  const like = representatives(plan, groups, conflicts);
  const planned = groups.flatMap((_, index) => (like[index] === index ? [index] : []));
  const position = new Map(planned.map((index, at) => [index, at]));
  const problem = {
    blocks: planned.map((index) => blockOf(groups[index]!, live)),
    conflicts: planned.map((index) =>
      conflicts[index]!.flatMap((conflict) => {
        const other = position.get(conflict.other);
        return other === undefined ? [] : [{ ...conflict, other }];
      }),
    ),
    bound: Math.max(bound.bytes, enoughBytes),
  };
  const layout = bestLayout(problem, thorough);
  const offsets = groups.map((_, index) => layout.offsets[position.get(like[index]!)!]!);
  return { lifetimes, bound, layout: { bytes: layout.bytes, offsets } };
}

function toArenaPlan(plan: DeployPlan, { lifetimes, bound, layout }: Candidate): ArenaPlan {
  const { groups, sharing } = lifetimes;
  const scratch: (PlacedScratch | null)[] = plan.steps.map(() => null);
  const tensors: PlacedTensor[] = [];
  groups.forEach((group, index) => {
    const offset = layout.offsets[index]!;
    if (group.scratchStep !== undefined) {
      scratch[group.scratchStep] = { offset, bytes: group.members[0]!.bytes };
      return;
    }
    for (const { tensor, bytes, first, last } of group.members) {
      const shares = sharing.get(tensor);
      tensors.push({ tensor, offset, bytes, first, last, ...(shares === undefined ? {} : { shares }) });
    }
  });
  tensors.sort((a, b) => a.tensor - b.tensor);
  const stored = groups.filter((group) => group.scratchStep === undefined);
  return {
    arenaBytes: layout.bytes,
    lowerBoundBytes: bound.bytes,
    peakStep: bound.step,
    tensorBytes: peakOf(liveBytes(stored, plan.steps.length)).bytes,
    tensors,
    scratch,
  };
}
