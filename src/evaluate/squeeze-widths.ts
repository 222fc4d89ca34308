/**
 * The last of a bound of accuracy: single widths of a plan that keeps it are narrowed, least noise per cost saved
 * first, as long as the plans that come of it keep it too. A bound of cost moves many widths at once and stops short.
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

/**
 * @param trials plans that may be tried
 * @param attempt undefined where the plan does not keep the bound
 * @returns what `attempt` gave for the cheapest plan; undefined where no step keeps it
 */
export async function squeezeWidths<T>(
  problem: SearchProblem,
  start: Assignment,
  trials: number,
  attempt: (assignment: Assignment) => Promise<T | undefined>,
): Promise<T | undefined> {
  let current = start;
  let found: T | undefined;
  /** Variables that broke the bound: narrower plans would break it as well. */
  const refused = new Set<number>();
  for (let i = 0; i < trials; i++) {
    const step = cheapestStep(problem, current, refused);
    if (step === undefined) break;
    const kept = await attempt(step.next);
    if (kept === undefined) refused.add(step.variable);
    else [current, found] = [step.next, kept];
  }
  return found;
}
