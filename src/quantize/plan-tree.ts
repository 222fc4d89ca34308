/**
 * Several plans of one network walked layer by layer: what plans have in common from the first layer on is done once,
 * and each has what it would have by itself.
 */

export interface PlanWalk<State, Result> {
  readonly plans: number;
  readonly layers: number;
  /** Plans whose keys have been alike so far share the state in front of a layer. */
  keyOf(plan: number, layer: number): string;
  start(): State;
  fork(state: State): State;
  /** Moves the state past the layer. */
  step(state: State, plan: number, layer: number): Result;
}

/**
 * By plan, the result of every layer. Where plans part, the most go on together once the others have run to their ends as
 * forks: at no time are there more states than 1 + log₂ of the plans, and two where each leaves the others alone.
 */
export function walkPlans<State, Result>(walk: PlanWalk<State, Result>): readonly (readonly Result[])[] {
  const results: (readonly Result[])[] = [];
  const go = (plans: readonly number[], from: number, state: State, before: readonly Result[]): void => {
    const own = [...before];
    let together = plans;
    for (let layer = from; layer < walk.layers; layer++) {
      const groups = groupBy(together, (plan) => walk.keyOf(plan, layer));
      const most = groups.reduce((a, b) => (b.length > a.length ? b : a));
      for (const other of groups) if (other !== most) go(other, layer, walk.fork(state), own);
      together = most;
      own.push(walk.step(state, together[0]!, layer));
    }
    for (const plan of together) results[plan] = own;
  };
  const all = Array.from({ length: walk.plans }, (_, plan) => plan);
  if (all.length > 0) go(all, 0, walk.start(), []);
  return results;
}

function groupBy(plans: readonly number[], keyOf: (plan: number) => string): readonly number[][] {
  const groups = new Map<string, number[]>();
  for (const plan of plans) {
    const key = keyOf(plan);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  return [...groups.values()];
}
