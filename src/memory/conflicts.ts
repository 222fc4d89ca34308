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

/** Live bytes at every time from −1 on; no layout of these groups can be smaller than the most of them. */
export function liveBytes(groups: readonly Group[], steps: number): Float64Array {
  const live = new Float64Array(steps + 2);
  for (const { members } of groups) {
    const [{ first, last, bytes }] = members as readonly [GroupMember];
    if (members.length === 1) {
      for (let time = first; time <= last; time++) live[time + 1]! += bytes;
      continue;
    }
    // Members share one offset: at each time the largest that is live counts.
    const start = Math.min(...members.map((m) => m.first));
    const most = new Float64Array(Math.max(...members.map((m) => m.last)) - start + 1);
    for (const m of members)
      for (let at = m.first - start; at <= m.last - start; at++) most[at] = Math.max(most[at]!, m.bytes);
    for (let at = 0; at < most.length; at++) live[start + at + 1]! += most[at]!;
  }
  return live;
}

/** The most of `live`, and the step at which it is. */
export function peakOf(live: Float64Array): { bytes: number; step: number } {
  let best = 0;
  for (let at = 1; at < live.length; at++) if (live[at]! > live[best]!) best = at;
  return { bytes: live[best]!, step: Math.min(Math.max(best - 1, 0), Math.max(0, live.length - 3)) };
}
