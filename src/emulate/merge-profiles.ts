/** Several passages' profiles as one: counts by instruction and by call path add up. */
import type { CallNode, InstructionCount, RawProfile } from './builtin-counts.js';

const EMPTY: CallNode = { address: 0, calls: 0, instructions: 0, cycles: 0, children: [] };

export function mergeProfiles(profiles: readonly RawProfile[]): RawProfile {
  const [first] = profiles;
  if (profiles.length === 1) return first!;
  const counts = new Map<number, InstructionCount>();
  for (const count of profiles.flatMap((profile) => profile.counts)) {
    const known = counts.get(count.address);
    counts.set(count.address, {
      address: count.address,
      executions: count.executions + (known?.executions ?? 0),
      cycles: count.cycles + (known?.cycles ?? 0),
    });
  }
  const sum = (of: (profile: RawProfile) => number): number =>
    profiles.reduce((total, profile) => total + of(profile), 0);
  return {
    instructions: sum((profile) => profile.instructions),
    cycles: sum((profile) => profile.cycles),
    counts: [...counts.values()].sort((a, b) => a.address - b.address),
    callTree: first === undefined ? EMPTY : mergeNodes(profiles.map((profile) => profile.callTree)),
  };
}

/** Nodes of one function on one path; their children are matched by address. */
function mergeNodes(nodes: readonly CallNode[]): CallNode {
  const children = new Map<number, CallNode[]>();
  for (const child of nodes.flatMap((node) => node.children)) {
    const same = children.get(child.address);
    if (same === undefined) children.set(child.address, [child]);
    else same.push(child);
  }
  const sum = (of: (node: CallNode) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  return {
    address: nodes[0]!.address,
    calls: sum((node) => node.calls),
    instructions: sum((node) => node.instructions),
    cycles: sum((node) => node.cycles),
    children: [...children.values()].map(mergeNodes),
  };
}
