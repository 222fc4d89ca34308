/**
 * One method on one problem under one goal: the widths, and what is predicted of them before anything is quantised.
 * A bound of accuracy is turned into a bound of cost by bisection on calibration images.
 */

import type { IntegerSolver } from '../search/integer-program.js';
import { type MethodInfo, SEARCH_METHODS, type SearchMethodName } from '../search/methods.js';
import { type Assignment, predictedSqnrDb, type SearchResult, widestAssignment } from '../search/problem.js';
import { leastCost } from '../search/vdqs.js';
import { bug } from '../support/errors.js';
import type { AccuracyPrediction, AccuracyPredictor } from './predict-accuracy.js';
import type { WidthProblem } from './search-problem.js';

export type AccuracyGoal =
  /** Most points of top-1 that may be lost. */
  | { readonly kind: 'drop'; readonly points: number }
  /** Least share of unchanged answers, in percent. */
  | { readonly kind: 'agreement'; readonly percent: number };

export interface WidthRequest {
  readonly method: SearchMethodName;
  readonly lambda: number;
  /** Needed by `integer-program` alone (integer-solver.ts). */
  readonly integerSolver?: IntegerSolver;
  readonly seed: number;
  /** Candidates that a sampling method may look at, per bound of cost. */
  readonly evaluations: number;
  readonly accuracy?: AccuracyGoal;
  /** Share of the cost of 8 bits everywhere that must not be exceeded. */
  readonly costShare?: number;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

/** A method with everything but the bound of cost, a share of the cost of 8 bits everywhere. */
export type WidthSolver = (costShare: number) => SearchResult;

export function widthSolver(
  problem: WidthProblem,
  { method: name, lambda, integerSolver = noSolver, seed, evaluations }: WidthRequest,
): WidthSolver {
  const method = (SEARCH_METHODS[name] as MethodInfo).create({ lambda, integerSolver });
  const widest = problem.cost(widestAssignment(problem));
  return (share) => method(problem, { costLimit: share * widest, seed, evaluations });
}

const noSolver: IntegerSolver = () => {
  throw bug('search/solver', 'no solver of integer programs was loaded');
};

export interface FoundWidths {
  readonly assignment: Assignment;
  /** Within memory, cost and the bound of accuracy, as predicted or measured. */
  readonly feasible: boolean;
  /** Within memory and cost. */
  readonly withinLimits: boolean;
  readonly evaluations: number;
  /** From the sum of single noises. */
  readonly predictedSqnrDb: number;
  /** From the float engine on calibration images; of a refined plan, on images held out of it. */
  readonly prediction: AccuracyPrediction;
  /** `prediction` is of the plan, on images held out of it. */
  readonly isMeasured?: true;
}

/** Bounds of cost that are tried for a bound of accuracy. */
const BISECTIONS = 8;

export async function searchWidths(
  problem: WidthProblem,
  predictor: AccuracyPredictor,
  request: WidthRequest,
): Promise<FoundWidths> {
  const { accuracy, costShare = 1, onProgress } = request;
  const solver = widthSolver(problem, request);
  const widest = problem.cost(widestAssignment(problem));
  let evaluations = 0;
  const solve = (share: number): SearchResult => {
    const result = solver(share);
    evaluations += result.evaluations;
    return result;
  };
  const finish = async (result: SearchResult, keeps: boolean): Promise<FoundWidths> => ({
    assignment: result.assignment,
    feasible: result.feasible && keeps,
    withinLimits: result.feasible,
    evaluations,
    predictedSqnrDb: predictedSqnrDb(problem, result.assignment),
    prediction: await predictor.predict(result.assignment),
  });
  if (accuracy === undefined) return finish(solve(costShare), true);
  const keeps = ({ assignment }: SearchResult): Promise<boolean> =>
    predictor.keeps(assignment, (prediction) => reaches(prediction, accuracy));
  let best = solve(costShare);
  // Without a free hand in memory nothing is more accurate than this: cheaper is only worse.
  if (!best.feasible || !(await keeps(best))) return finish(best, false);
  let [low, high] = [leastCost(problem) / widest, costShare];
  for (let i = 0; i < BISECTIONS && high / low > 1.005; i++) {
    onProgress?.('bisecting the cost', i, BISECTIONS);
    const middle = Math.sqrt(low * high);
    const found = solve(middle);
    if (found.feasible && (await keeps(found))) {
      best = found;
      high = Math.min(middle, problem.cost(found.assignment) / widest);
    } else low = middle;
  }
  return finish(best, true);
}

export const reaches = ({ drop, agreement }: AccuracyPrediction, goal: AccuracyGoal): boolean =>
  goal.kind === 'drop' ? drop <= goal.points : agreement >= goal.percent;
