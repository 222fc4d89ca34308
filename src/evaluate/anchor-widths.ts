/**
 * Widths that a search for less noise measures beside its own, by rules that do not depend on the sum of single figures
 * being right: where nearly everything is narrow that sum misleads, and plain widths may be quieter than any that it
 * singles out.
 */
import type { SearchMethodName } from '../search/methods.js';
import { assignmentKey, type SearchResult, widestAssignment } from '../search/problem.js';
import type { WidthTrial } from './quieter-widths.js';
import type { WidthProblem } from './search-problem.js';
import { type FoundWidths, type WidthRequest, widthSolver } from './search-widths.js';

const UNIFORM = [
  'uniform-a4w4',
  'uniform-a8w4',
  'uniform-a4w8',
] as const satisfies readonly SearchMethodName[];
/** Uniform widths of so many times the cost of what was found, or a part as small, say little of the plans at hand. */
const RANGE = 2;
/** Of the further plans, that may be dearer than the bound and are measured for what they say of the figures alone. */
const DEARER_SHARE = 1 / 4;

export interface AnchorWidths {
  /** Those within the limits first, greedy's before uniform ones. */
  readonly anchors: readonly WidthTrial[];
  readonly evaluations: number;
}

/**
 * @param found what the method asked for gave under the same limits
 * @param trials plans that may be measured besides it
 */
export function anchorWidths(
  problem: WidthProblem,
  found: Pick<FoundWidths, 'assignment'>,
  trials: number,
  request: WidthRequest,
): AnchorWidths {
  if (trials === 0) return { anchors: [], evaluations: 0 };
  const { costShare = 1 } = request;
  const solve = (method: SearchMethodName): SearchResult =>
    widthSolver(problem, { ...request, method })(costShare);
  const greedy = solve('greedy');
  const uniform = UNIFORM.map(solve);
  // Not of the bound: where memory binds, what was found is far below it.
  const cost = problem.cost(found.assignment);
  const widest = assignmentKey(widestAssignment(problem));
  const isOfUse = ({ assignment }: SearchResult): boolean => {
    const ratio = problem.cost(assignment) / cost;
    const isNear = ratio >= 1 / RANGE && ratio <= RANGE;
    // All at 8 bits, as a8w4 is where no weights are searched, has no figure to correct.
    const hasFigures = assignmentKey(assignment) !== widest;
    return isNear && hasFigures && problem.arenaBytes(assignment) <= problem.sramBytes;
  };
  const near = uniform.filter(isOfUse);
  const within = [greedy, ...near].filter(({ feasible }) => feasible);
  const dearer = near.filter(({ feasible }) => !feasible).slice(0, Math.floor(trials * DEARER_SHARE));
  return {
    anchors: [...within, ...dearer].map((result) => ({
      assignment: result.assignment,
      isWithinLimits: result.feasible,
    })),
    evaluations: [greedy, ...uniform].reduce((sum, { evaluations }) => sum + evaluations, 0),
  };
}
