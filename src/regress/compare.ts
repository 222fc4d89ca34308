/** Measurements against a baseline: what changed, and whether that is more than the bounds allow. */
import {
  COSTS,
  type CostChange,
  type Costs,
  type Measured,
  type Observed,
  type SubjectChange,
  type Verdict,
} from '../ir/baseline.js';

/** In the order of the measurements, what is gone last. */
export function compareWith(
  before: readonly Measured[],
  after: readonly Observed[],
  bounds: Costs,
): readonly SubjectChange[] {
  const known = new Map(before.map((measured) => [measured.name, measured]));
  const changes = after.map((observed) => changeOf(known.get(observed.name), observed, bounds));
  const found = new Set(after.map(({ name }) => name));
  const gone = before
    .filter(({ name }) => !found.has(name))
    .map(({ name }): SubjectChange => ({ name, verdict: 'gone', costs: [] }));
  return [...changes, ...gone];
}

function changeOf(before: Measured | undefined, after: Observed, bounds: Costs): SubjectChange {
  const costs = COSTS.flatMap((cost): CostChange[] => {
    const now = after.costs[cost];
    if (now === undefined) return [];
    const then = before?.costs[cost] ?? now;
    return [{ cost, before: then, after: now, isOver: now > then * (1 + (bounds[cost] ?? 0) / 100) }];
  });
  return { name: after.name, verdict: verdictOf(before, after, costs), costs };
}

function verdictOf(before: Measured | undefined, after: Observed, costs: readonly CostChange[]): Verdict {
  if (!after.correct) return 'wrong';
  if (before === undefined) return 'new';
  if (before.outputs !== after.outputs) return 'different';
  if (costs.some(({ isOver }) => isOver)) return 'worse';
  if (costs.some((cost) => cost.after > cost.before)) return 'within bounds';
  return costs.some((cost) => cost.after < cost.before) ? 'better' : 'same';
}
