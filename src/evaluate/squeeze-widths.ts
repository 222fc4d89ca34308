/**
 * The last of a bound of accuracy: widths of a plan that keeps it are narrowed, least noise per cost saved first, as
 * long as the plans that come of it keep it too. A bound of cost moves many widths at once and stops short.
 */
import {
  type Assignment,
  assignmentKey,
  figuresAt,
  narrower,
  replaceWidth,
  type SearchProblem,
} from '../search/problem.js';

interface Step {
  /** Narrowed together (`groupKey`). */
  readonly group: string;
  readonly next: Assignment;
  /** Noise added per cost saved. */
  readonly price: number;
}

const groupKey = (variables: readonly number[]): string => variables.join(' ');

/** Every variable of the group one width narrower; undefined where one of them is at its narrowest. */
function narrowTogether(
  problem: SearchProblem,
  current: Assignment,
  variables: readonly number[],
): Assignment | undefined {
  let next = current;
  for (const variable of variables) {
    const bits = narrower(problem, variable, current[variable]!);
    if (bits === undefined) return undefined;
    next = replaceWidth(next, variable, bits);
  }
  return next;
}

function cheapestStep(
  problem: SearchProblem,
  current: Assignment,
  refused: ReadonlySet<string>,
): Step | undefined {
  const cost = problem.cost(current);
  const groups = [...current.map((_, variable) => [variable]), ...(problem.coupled ?? [])];
  const steps = groups.flatMap((variables): Step[] => {
    const group = groupKey(variables);
    const next = refused.has(group) ? undefined : narrowTogether(problem, current, variables);
    if (next === undefined) return [];
    const saved = cost - problem.cost(next);
    if (saved <= 0) return [];
    const noise = (assignment: Assignment): number =>
      variables.reduce((sum, i) => sum + figuresAt(problem, i, assignment[i]!).noise, 0);
    return [{ group, next, price: (noise(next) - noise(current)) / saved }];
  });
  // Laying out an arena is the dear part: it is asked for no more steps than needed.
  return steps
    .sort((a, b) => a.price - b.price)
    .find(({ next }) => problem.arenaBytes(next) <= problem.sramBytes);
}

/** `count` steps, each the cheapest after those before it. */
function cheapestSteps(
  problem: SearchProblem,
  start: Assignment,
  refused: ReadonlySet<string>,
  count: number,
): Step[] {
  const steps: Step[] = [];
  for (let current = start; steps.length < count; current = steps.at(-1)!.next) {
    const step = cheapestStep(problem, current, refused);
    if (step === undefined) break;
    steps.push(step);
  }
  return steps;
}

export interface SqueezeRequest {
  readonly start: Assignment;
  /** Plans that may be tried. */
  readonly trials: number;
  /** Assignments that are known to break the bound (`assignmentKey`); they are not tried again. */
  readonly lost?: ReadonlySet<string>;
}

/**
 * Twice as many steps at once as long as the bound is kept, half as many when it is lost; a single step that loses it
 * is not taken again.
 * @param attempt undefined where the plan does not keep the bound
 * @returns what `attempt` gave for the cheapest plan; undefined where no step keeps it
 */
export async function squeezeWidths<T>(
  problem: SearchProblem,
  { start, trials, lost: known = new Set() }: SqueezeRequest,
  attempt: (assignment: Assignment) => Promise<T | undefined>,
): Promise<T | undefined> {
  let current = start;
  let found: T | undefined;
  const lost = new Set(known);
  /** Groups of variables that broke the bound: narrower plans would break it as well. */
  const refused = new Set<string>();
  let stride = 1;
  for (let left = trials; ; ) {
    const steps = cheapestSteps(problem, current, refused, stride);
    if (steps.length === 0) return found;
    const { next } = steps.at(-1)!;
    const isLost = lost.has(assignmentKey(next));
    if (!isLost && left-- <= 0) return found;
    const kept = isLost ? undefined : await attempt(next);
    if (kept === undefined) {
      lost.add(assignmentKey(next));
      if (steps.length === 1) refused.add(steps[0]!.group);
      stride = Math.max(1, steps.length >> 1);
    } else {
      [current, found] = [next, kept];
      stride = 2 * steps.length;
    }
  }
}
