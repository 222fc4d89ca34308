/** Which groups of tensors may not overlap in the arena, and by how much their offsets must differ. */
import type { Group, GroupMember } from './lifetimes.js';

/** Group `other` forbids offsets in (its offset − below, its offset + above). */
export interface Conflict {
  readonly other: number;
  readonly below: number;
  readonly above: number;
}

/** For every group, what each group that is ever live together with it forbids. */
export function conflictTable(groups: readonly Group[]): readonly (readonly Conflict[])[] {
  const tables = groups.map(() => new Map<number, { other: number; below: number; above: number }>());
  const forbid = (group: number, own: number, other: number, bytes: number): void => {
    const known = tables[group]!.get(other);
    if (known === undefined) tables[group]!.set(other, { other, below: own, above: bytes });
    else {
      known.below = Math.max(known.below, own);
      known.above = Math.max(known.above, bytes);
    }
  };
  const starts = groups
    .flatMap((group, index) => group.members.map((member) => ({ member, index })))
    .sort((a, b) => a.member.first - b.member.first);
  let live: typeof starts = [];
  for (const entry of starts) {
    live = live.filter(({ member }) => member.last >= entry.member.first);
    for (const { member, index } of live) {
      if (index === entry.index) continue;
      forbid(index, member.bytes, entry.index, entry.member.bytes);
      forbid(entry.index, entry.member.bytes, index, member.bytes);
    }
    live.push(entry);
  }
  return tables.map((table) => [...table.values()].sort((a, b) => a.other - b.other));
}

const liveAt = (member: GroupMember, time: number): boolean => member.first <= time && time <= member.last;

/** Live bytes at the step where they are most: no layout of these groups can be smaller. */
export function lowerBound(groups: readonly Group[], steps: number): { bytes: number; step: number } {
  const live = new Float64Array(steps + 2);
  for (const { members } of groups) {
    if (members.length === 1) {
      const [{ first, last, bytes }] = members as [GroupMember];
      for (let time = first; time <= last; time++) live[time + 1]! += bytes;
      continue;
    }
    const first = Math.min(...members.map((m) => m.first));
    const last = Math.max(...members.map((m) => m.last));
    for (let time = first; time <= last; time++)
      // Members share one offset.
      live[time + 1]! += members.reduce((most, m) => (liveAt(m, time) ? Math.max(most, m.bytes) : most), 0);
  }
  let best = 0;
  live.forEach((bytes, at) => {
    if (bytes > live[best]!) best = at;
  });
  return { bytes: live[best]!, step: Math.min(Math.max(best - 1, 0), Math.max(0, steps - 1)) };
}
