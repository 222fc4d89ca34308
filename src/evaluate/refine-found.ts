/**
 * The widths that keep a bound of accuracy on images held out, starting from those that were predicted to: first other
 * bounds of cost, then single widths. Without such a bound, the widths that lose least.
 */
import { SEARCH_METHODS } from '../search/methods.js';
import {
  type Assignment,
  assignmentKey,
  predictedSqnrDb,
  totalNoise,
  widestAssignment,
} from '../search/problem.js';
import { leastCost } from '../search/vdqs.js';
import { createRandom } from '../support/random.js';
import { anchorWidths } from './anchor-widths.js';
import { type AccuracyPrediction, meanPrediction, noiseOf } from './predict-accuracy.js';
import { quieterWidths } from './quieter-widths.js';
import { refineShare, ShareGrid, scanBelow, type Trial } from './refine-widths.js';
import type { WidthProblem } from './search-problem.js';
import { type FoundWidths, reaches, type WidthRequest, widthSolver } from './search-widths.js';
import { squeezeWidths } from './squeeze-widths.js';

export interface RefineRequest extends WidthRequest {
  /**
   * Plans besides the first that are quantised and measured on held-out calibration images: to meet the bound of
   * accuracy or, where there is none, for less noise within the bound of cost, those of anchor-widths.ts first and the
   * best more than once. Default 0.
   */
  readonly refinements?: number;
  /** Further such plans, cheaper than the last that kept the bound: other bounds of cost, then widths narrowed. Default 0. */
  readonly squeeze?: number;
}

type RefinedWidths = FoundWidths & Trial;

interface Start {
  readonly problem: WidthProblem;
  readonly found: FoundWidths;
}
/** @param draw with another seed for each */
type Measure = (assignment: Assignment, draw: number) => Promise<AccuracyPrediction>;

/** The next bound of cost that noise is compared at. */
const CHEAPER = 2 ** (-1 / 4);

/** How fast the least noise, by the figures, falls as the bound of cost grows; 0 where nothing cheaper exists. */
function noisePerCost(
  problem: WidthProblem,
  { assignment }: FoundWidths,
  options: RefineRequest,
): { readonly value: number; readonly evaluations: number } {
  const cheaper = widthSolver(problem, options)(CHEAPER * (options.costShare ?? 1));
  const { evaluations } = cheaper;
  const costs = Math.log(problem.cost(assignment) / problem.cost(cheaper.assignment));
  const noise = (widths: Assignment): number => (problem.baseNoise ?? 0) + totalNoise(problem, widths);
  const rise = Math.log(noise(cheaper.assignment) / noise(assignment));
  const isKnown = cheaper.feasible && costs > 0 && rise > 0;
  return { value: isKnown ? rise / costs : 0, evaluations };
}

/** Without a bound of accuracy: the widths of least noise that were measured within the other limits. */
async function leastNoise(
  { problem, found }: Start,
  options: RefineRequest,
  measured: Measure,
): Promise<FoundWidths> {
  const { refinements = 0, costShare = 1, seed, onProgress } = options;
  // A method that does not read the figures would only be asked the same again.
  const trials = SEARCH_METHODS[options.method].readsNoise ? refinements : 0;
  const { anchors, evaluations: spent } = anchorWidths(problem, found, trials, options);
  const slope = noisePerCost(problem, found, options);
  let evaluations = found.evaluations + spent + slope.evaluations;
  let done = 0;
  const quiet = await quieterWidths(problem, {
    start: found.assignment,
    anchors,
    trials,
    random: createRandom(seed),
    costLimit: costShare * problem.cost(widestAssignment(problem)),
    noisePerCost: slope.value,
    solve: (figures) => {
      const result = widthSolver({ ...problem, figures }, options)(costShare);
      evaluations += result.evaluations;
      return result;
    },
    measure: async (widths, draw) => {
      onProgress?.('refining', done++, 1 + trials);
      const prediction = await measured(widths, draw);
      return { prediction, noise: noiseOf(prediction) };
    },
  });
  const { assignment, draws } = quiet;
  // Plans were told apart by their first draws: what is said of the best comes from the others.
  const unbiased = draws.length > 1 ? draws.slice(1) : draws;
  return {
    ...{ ...found, assignment, isMeasured: true },
    evaluations: evaluations + quiet.evaluations,
    prediction: meanPrediction(unbiased.map(({ prediction }) => prediction)),
    predictedSqnrDb: predictedSqnrDb(problem, assignment),
  };
}

export async function refineFound(
  { problem, found }: Start,
  options: RefineRequest,
  measured: Measure,
): Promise<FoundWidths> {
  const { accuracy, refinements = 0, squeeze = 0, costShare = 1, onProgress } = options;
  if (refinements === 0 || !found.withinLimits) return found;
  if (accuracy === undefined) return leastNoise({ problem, found }, options, measured);
  const solve = widthSolver(problem, options);
  const widest = problem.cost(widestAssignment(problem));
  let { evaluations } = found;
  let done = 0;
  const lost = new Set<string>();
  const trial = async (share: number, assignment: Assignment): Promise<RefinedWidths> => {
    onProgress?.('refining', done++, 1 + refinements + squeeze);
    const prediction = await measured(assignment, 0);
    const keeps = reaches(prediction, accuracy);
    if (!keeps) lost.add(assignmentKey(assignment));
    return {
      ...{ share, keeps, assignment, evaluations, prediction },
      ...{ feasible: keeps, withinLimits: true, isMeasured: true as const },
      predictedSqnrDb: predictedSqnrDb(problem, assignment),
    };
  };
  const start = problem.cost(found.assignment) / widest;
  const grid = new ShareGrid<RefinedWidths>(leastCost(problem) / widest, async (share) => {
    const result = solve(Math.min(share, costShare));
    evaluations += result.evaluations;
    return result.feasible ? trial(share, result.assignment) : undefined;
  });
  const refined = await refineShare(grid, start, 1 + refinements);
  if (refined?.trial.keeps !== true) return { ...(refined?.trial ?? found), evaluations };
  const before = grid.tried;
  const base = (await scanBelow(grid, refined.step, squeeze)) ?? refined.trial;
  const request = { start: base.assignment, trials: squeeze - (grid.tried - before), lost };
  const squeezed = await squeezeWidths(problem, request, async (assignment) => {
    evaluations++;
    const narrowed = await trial(problem.cost(assignment) / widest, assignment);
    return narrowed.keeps ? narrowed : undefined;
  });
  return { ...(squeezed ?? base), evaluations };
}
