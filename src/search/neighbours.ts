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

/** Widths that may differ, as long as there are no more neighbours than this. */
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

interface Change {
  readonly variable: number;
  readonly bits: Width;
  readonly noise: number;
}
interface Neighbour {
  readonly assignment: Assignment;
  readonly noise: number;
}

/** Undefined where no neighbour within the limits is left. */
export function quietestNeighbour(
  problem: SearchProblem,
  { from, figures, costLimit, isKnown }: NeighbourRequest,
): Assignment | undefined {
  const changes = singleChanges(figures, from);
  const distance = reach(changes.length);
  const within: Neighbour[] = [];
  const grow = (assignment: Assignment, noise: number, next: number, left: number): void => {
    for (let i = next; i < changes.length; i++) {
      const change = changes[i]!;
      // Changes lie in the order of their variables: one that is changed already has no second width.
      if (assignment[change.variable] !== from[change.variable]) continue;
      const own = {
        assignment: replaceWidth(assignment, change.variable, change.bits),
        noise: noise + change.noise,
      };
      if (problem.cost(own.assignment) <= costLimit) within.push(own);
      if (left > 1) grow(own.assignment, own.noise, i + 1, left - 1);
    }
  };
  grow(from, 0, 0, distance);
  const quietest = within
    .filter(({ assignment }) => !isKnown(assignment))
    .map((neighbour) => ({ ...neighbour, key: assignmentKey(neighbour.assignment) }))
    .sort((a, b) => a.noise - b.noise || (a.key < b.key ? -1 : 1))
    .slice(0, ARENA_BUDGET);
  return quietest.find(({ assignment }) => problem.arenaBytes(assignment) <= problem.sramBytes)?.assignment;
}

function singleChanges(figures: NeighbourRequest['figures'], from: Assignment): Change[] {
  return figures.flatMap((row, variable) => {
    const own = row.find(({ bits }) => bits === from[variable])!.noise;
    return row.flatMap(({ bits, noise }) =>
      bits === from[variable] ? [] : [{ variable, bits, noise: noise - own }],
    );
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
