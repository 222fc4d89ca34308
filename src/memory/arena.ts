/**
 * The arena planner: one allocator for planning, for the search's limit and for the shipped offsets.
 *
 * Offsets are assigned first-fit, group by group; several orders are tried, then the best one is improved by
 * seeded random changes until it meets the lower bound (live bytes at the worst step) or the tries run out.
 * The arena's size is exact: the largest offset + size, not rounded.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { createRandom } from '../support/random.js';
import {
  type Group,
  type GroupMember,
  groupTensors,
  type Lifetimes,
  type Sharing,
  type StepMemory,
} from './lifetimes.js';

/** Every offset is a multiple of this: kernels read whole words. */
export const ARENA_ALIGNMENT = 4;
const IMPROVEMENT_TRIES = 300;

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

/** Lays out all tensors and scratch of a plan. `memory` has one entry per step. */
export function planArena(plan: DeployPlan, memory: readonly StepMemory[]): ArenaPlan {
  const candidates = [true, false].map((inPlace) => {
    const lifetimes = groupTensors(plan, memory, { inPlace });
    const bound = lowerBound(lifetimes.groups, plan.steps.length);
    return { lifetimes, bound, layout: bestLayout(lifetimes.groups, bound.bytes) };
  });
  const best = candidates.reduce((a, b) => (b.layout.bytes < a.layout.bytes ? b : a));
  return toArenaPlan(plan, best.lifetimes, best.layout, best.bound);
}

interface Layout {
  readonly bytes: number;
  /** Offset per group, in the groups' order. */
  readonly offsets: readonly number[];
}

function toArenaPlan(
  plan: DeployPlan,
  { groups, sharing }: Lifetimes,
  layout: Layout,
  bound: { bytes: number; step: number },
): ArenaPlan {
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
    tensorBytes: lowerBound(stored, plan.steps.length).bytes,
    tensors,
    scratch,
  };
}

const liveAt = (member: GroupMember, time: number): boolean => member.first <= time && time <= member.last;

/** Bytes that a group occupies at a time: its members share one offset. */
const groupBytesAt = (group: Group, time: number): number =>
  group.members.reduce((most, m) => (liveAt(m, time) ? Math.max(most, m.bytes) : most), 0);

function lowerBound(groups: readonly Group[], steps: number): { bytes: number; step: number } {
  let best = { bytes: 0, step: 0 };
  for (let time = -1; time <= steps; time++) {
    const bytes = groups.reduce((sum, group) => sum + groupBytesAt(group, time), 0);
    if (bytes > best.bytes) best = { bytes, step: Math.min(Math.max(time, 0), Math.max(0, steps - 1)) };
  }
  return best;
}

interface Extent {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const extentOf = ({ members }: Group): Extent => ({
  bytes: Math.max(...members.map((m) => m.bytes)),
  first: Math.min(...members.map((m) => m.first)),
  last: Math.max(...members.map((m) => m.last)),
});

/** Orders in which first-fit does well: large first, long-lived first, area first, by time. */
const ORDERS: readonly ((a: Extent, b: Extent) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1),
  (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
  (a, b) => b.last - a.last || b.bytes - a.bytes,
];

function bestLayout(groups: readonly Group[], bound: number): Layout {
  const extents = groups.map(extentOf);
  const conflicts = conflictTable(groups, extents);
  const indices = groups.map((_, i) => i);
  let best: Layout | undefined;
  let bestOrder: readonly number[] = indices;
  for (const compare of ORDERS) {
    const order = [...indices].sort((a, b) => compare(extents[a]!, extents[b]!) || a - b);
    const layout = place(groups, conflicts, order);
    if (best === undefined || layout.bytes < best.bytes) [best, bestOrder] = [layout, order];
    if (best.bytes <= bound) return best;
  }
  return improve(groups, conflicts, bestOrder, best ?? { bytes: 0, offsets: [] }, bound);
}

/** Moves a random group earlier in the order and keeps what is not worse. */
function improve(
  groups: readonly Group[],
  conflicts: readonly (readonly Conflict[])[],
  start: readonly number[],
  layout: Layout,
  bound: number,
): Layout {
  const random = createRandom(1);
  let [order, best] = [start, layout];
  for (let attempt = 0; attempt < IMPROVEMENT_TRIES && best.bytes > bound && order.length > 1; attempt++) {
    const from = random.integer(1, order.length - 1);
    const to = random.integer(0, from - 1);
    const changed = [...order];
    changed.splice(to, 0, ...changed.splice(from, 1));
    const candidate = place(groups, conflicts, changed);
    if (candidate.bytes <= best.bytes) [order, best] = [changed, candidate];
  }
  return best;
}

/** Group `other` forbids offsets in (its offset − below, its offset + above). */
interface Conflict {
  readonly other: number;
  readonly below: number;
  readonly above: number;
}

/** For every group, what each group that is live at the same time forbids; one entry per pair of members. */
function conflictTable(groups: readonly Group[], extents: readonly Extent[]): Conflict[][] {
  return groups.map((group, i) => {
    const list: Conflict[] = [];
    groups.forEach((rival, other) => {
      const [a, b] = [extents[i]!, extents[other]!];
      if (other === i || a.first > b.last || b.first > a.last) return;
      for (const m of group.members) {
        for (const r of rival.members) {
          if (m.first <= r.last && r.first <= m.last) list.push({ other, below: m.bytes, above: r.bytes });
        }
      }
    });
    return list;
  });
}

const alignUp = (value: number): number => Math.ceil(value / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;

/** First fit in the given order. */
function place(
  groups: readonly Group[],
  conflicts: readonly (readonly Conflict[])[],
  order: readonly number[],
): Layout {
  const offsets: number[] = groups.map(() => -1);
  let bytes = 0;
  for (const index of order) {
    const forbidden = conflicts[index]!.filter(({ other }) => offsets[other]! >= 0)
      .map(({ other, below, above }) => ({ from: offsets[other]! - below, to: offsets[other]! + above }))
      .sort((a, b) => a.from - b.from);
    let offset = 0;
    for (const { from, to } of forbidden) if (offset > from && offset < to) offset = alignUp(to);
    offsets[index] = offset;
    for (const member of groups[index]!.members) bytes = Math.max(bytes, offset + member.bytes);
  }
  return { bytes, offsets };
}
