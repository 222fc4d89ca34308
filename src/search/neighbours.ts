/**
 * Assignments near a known one: of those that differ in a few widths, keep the limits and were not seen, the one that
 * is expected to be the quietest. What figures say of a few changes is truer than what they say of a whole assignment.
 */
import type { Width } from '../numeric/widths.js';
import {
  type Assignment,
  assignmentKey,
  type CandidateFigures,
  replaceWidth,
  type SearchProblem,
} from './problem.js';

/** Widths that may differ, as long as so many changes at once make no more neighbours than this. */
const [MOST_CHANGES, MOST_NEIGHBOURS] = [3, 50_000];
/** Neighbours whose arena is laid out, the quietest first. */
const ARENA_BUDGET = 200;

export interface NeighbourRequest {
  readonly from: Assignment;
  /** In place of the problem's own. */
  readonly figures: readonly (readonly CandidateFigures[])[];
  readonly costLimit: number;
  readonly isKnown: (assignment: Assignment) => boolean;
}

export interface FoundNeighbour {
  /** Undefined where none within the limits was found. */
  readonly assignment: Assignment | undefined;
  /** Arenas that were laid out. */
  readonly evaluations: number;
}

interface Change {
  readonly variable: number;
  readonly bits: Width;
  readonly noise: number;
  readonly widens: boolean;
  /** Needs more memory than there is, unless something else at the peak is narrowed. */
  readonly overflows: boolean;
  /** Narrows what is live where memory peaks. */
  readonly relieves: boolean;
}
interface Neighbour {
  readonly assignment: Assignment;
  readonly noise: number;
}

/** At least one width is wider than before: less noise is not to be had by narrow ones alone. */
export function quietestNeighbour(
  problem: SearchProblem,
  { from, figures, costLimit, isKnown }: NeighbourRequest,
): FoundNeighbour {
  const changes = singleChanges(problem, figures, from);
  const within: Neighbour[] = [];
  const grow = (own: Neighbour, made: readonly Change[], next: number, left: number): void => {
    for (let i = next; i < changes.length; i++) {
      const change = changes[i]!;
      // Changes lie in the order of their variables: one that is changed already has no second width.
      if (made.at(-1)?.variable === change.variable) continue;
      const grown = {
        assignment: replaceWidth(own.assignment, change.variable, change.bits),
        noise: own.noise + change.noise,
      };
      const all = [...made, change];
      if (isPromising(all) && problem.cost(grown.assignment) <= costLimit) within.push(grown);
      if (left > 1) grow(grown, all, i + 1, left - 1);
    }
  };
  grow({ assignment: from, noise: 0 }, [], 0, reach(changes.length));
  const quietest = within
    .filter(({ assignment }) => !isKnown(assignment))
    .sort((a, b) => a.noise - b.noise || (assignmentKey(a.assignment) < assignmentKey(b.assignment) ? -1 : 1))
    .slice(0, ARENA_BUDGET);
  const at = quietest.findIndex(({ assignment }) => problem.arenaBytes(assignment) <= problem.sramBytes);
  const singles = changes.filter(({ widens }) => widens).length;
  return {
    assignment: quietest[at]?.assignment,
    evaluations: singles + (at < 0 ? quietest.length : at + 1),
  };
}

const isPromising = (changes: readonly Change[]): boolean =>
  changes.some(({ widens }) => widens) &&
  (!changes.some(({ overflows }) => overflows) || changes.some(({ relieves }) => relieves));

function singleChanges(
  problem: SearchProblem,
  figures: NeighbourRequest['figures'],
  from: Assignment,
): Change[] {
  const atPeak = new Set(problem.peakVariables?.(from) ?? from.keys());
  return figures.flatMap((row, variable) => {
    const own = row.find(({ bits }) => bits === from[variable])!;
    return row.flatMap(({ bits, noise }): Change[] => {
      if (bits === own.bits) return [];
      const widens = bits > own.bits;
      const overflows = widens && problem.arenaBytes(replaceWidth(from, variable, bits)) > problem.sramBytes;
      const relieves = !widens && atPeak.has(variable);
      return [{ variable, bits, noise: noise - own.noise, widens, overflows, relieves }];
    });
  });
}

/** The most changes at once that do not make too many neighbours, at least one. */
function reach(changes: number): number {
  let neighbours = changes;
  for (let distance = 1; ; distance++) {
    neighbours *= (changes - distance) / (distance + 1);
    if (distance === MOST_CHANGES || neighbours > MOST_NEIGHBOURS) return distance;
  }
}
