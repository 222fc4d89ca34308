/**
 * The last of a bound of accuracy: widths of a plan that keeps it are narrowed, least noise per cost saved first, as
 * long as the plans that come of it keep it too. A bound of cost moves many widths at once and stops short.
 */
import { type Assignment, figuresAt, narrower, replaceWidth, type SearchProblem } from '../search/problem.js';

interface Step {
  readonly variable: number;
  readonly next: Assignment;
  /** Noise added per cost saved. */
  readonly price: number;
}

function cheapestStep(
  problem: SearchProblem,
  current: Assignment,
  refused: ReadonlySet<number>,
): Step | undefined {
  const cost = problem.cost(current);
  const steps = current.flatMap((width, variable): Step[] => {
    const bits = narrower(problem, variable, width);
    if (bits === undefined || refused.has(variable)) return [];
    const next = replaceWidth(current, variable, bits);
    const saved = cost - problem.cost(next);
    if (saved <= 0 || problem.arenaBytes(next) > problem.sramBytes) return [];
    const added = figuresAt(problem, variable, bits).noise - figuresAt(problem, variable, width).noise;
    return [{ variable, next, price: added / saved }];
  });
  return steps.length === 0 ? undefined : steps.reduce((a, b) => (b.price < a.price ? b : a));
}

/** `count` steps, each the cheapest after those before it. */
function cheapestSteps(
  problem: SearchProblem,
  start: Assignment,
  refused: ReadonlySet<number>,
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

export const assignmentKey = (assignment: Assignment): string => assignment.join(' ');

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
  /** Variables that broke the bound: narrower plans would break it as well. */
  const refused = new Set<number>();
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
      if (steps.length === 1) refused.add(steps[0]!.variable);
      stride = Math.max(1, steps.length >> 1);
    } else {
      [current, found] = [next, kept];
      stride = 2 * steps.length;
    }
  }
}
