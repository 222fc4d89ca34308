/**
 * Widths of less noise at the same cost. After the method's own plan and some by rules of their own, the method is asked
 * again under figures that the plans measured so far have corrected (src/search/noise-belief.ts), sampled, so that plans
 * differ; the plan with least noise is kept.
 */
import { NoiseBelief } from '../search/noise-belief.js';
import { type Assignment, assignmentKey, type SearchProblem, type SearchResult } from '../search/problem.js';
import type { Random } from '../support/random.js';

/** Samples of the figures that are drawn for a plan that was not tried yet. */
const SAMPLES = 8;

export interface WidthTrial {
  readonly assignment: Assignment;
  /** Otherwise it corrects the figures, and is not kept. */
  readonly isWithinLimits: boolean;
}

export interface QuieterRequest<T> {
  readonly start: Assignment;
  /** Tried after the first, in this order, before the method is asked again. */
  readonly anchors: readonly WidthTrial[];
  /** Plans that may be tried besides the first, anchors among them. */
  readonly trials: number;
  readonly random: Random;
  /** The method under other figures, within the same limits. */
  readonly solve: (figures: SearchProblem['figures']) => SearchResult;
  readonly measure: (assignment: Assignment) => Promise<T>;
}

/** A noise-to-signal ratio of the scores comes with what is measured of a plan. */
export async function quieterWidths<T extends { readonly noise: number }>(
  problem: SearchProblem,
  { start, anchors, trials, random, solve, measure }: QuieterRequest<T>,
): Promise<T> {
  const belief = new NoiseBelief(problem);
  const known = new Set<string>();
  const attempt = async (assignment: Assignment): Promise<T> => {
    known.add(assignmentKey(assignment));
    const measured = await measure(assignment);
    belief.observe(assignment, measured.noise);
    return measured;
  };
  const propose = (): Assignment | undefined => {
    for (let i = 0; i < SAMPLES; i++) {
      const { feasible, assignment } = solve(belief.sample(random));
      if (feasible && !known.has(assignmentKey(assignment))) return assignment;
    }
    return undefined;
  };
  let best = await attempt(start);
  const next = (): WidthTrial | undefined => {
    const anchor = anchors.find(({ assignment }) => !known.has(assignmentKey(assignment)));
    if (anchor !== undefined) return anchor;
    const assignment = propose();
    return assignment && { assignment, isWithinLimits: true };
  };
  for (let i = 0; i < trials; i++) {
    const tried = next();
    if (tried === undefined) break;
    const measured = await attempt(tried.assignment);
    if (tried.isWithinLimits && measured.noise < best.noise) best = measured;
  }
  return best;
}
