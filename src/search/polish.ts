/**
 * Local improvement of an admissible assignment: changes of one width, then exchanges between two variables, as
 * long as the merit grows and the limits hold. Bounded by the number of arenas that it may lay out.
 */
import type { Width } from '../numeric/widths.js';
import { type Assignment, type Evaluation, type Merit, replaceWidth, type SearchGoal } from './problem.js';

/** Arenas that the polish of one assignment may lay out. */
const ARENA_BUDGET = 1500;
/** Merit below this is rounding. */
const LEAST_GAIN = 1e-12;

interface Change {
  readonly variable: number;
  readonly bits: Width;
  readonly gain: number;
}

function changes(evaluation: Evaluation, current: Assignment, merit: Merit): Change[] {
  return current.flatMap((width, variable) =>
    evaluation.problem.variables[variable]!.candidates.flatMap((bits) =>
      bits === width ? [] : [{ variable, bits, gain: merit(variable, bits) - merit(variable, width) }],
    ),
  );
}

const apply = (current: Assignment, change: Change): Assignment =>
  replaceWidth(current, change.variable, change.bits);

/** The best admissible single change that gains, if any. */
function singleStep(
  evaluation: Evaluation,
  current: Assignment,
  goal: SearchGoal,
  options: readonly Change[],
): Assignment | undefined {
  const gaining = options.filter((change) => change.gain > LEAST_GAIN).sort((a, b) => b.gain - a.gain);
  return gaining.map((change) => apply(current, change)).find((next) => evaluation.admits(next, goal));
}

/** The best admissible exchange: one variable gains more than another loses. */
function exchange(
  evaluation: Evaluation,
  current: Assignment,
  goal: SearchGoal,
  options: readonly Change[],
  budget: number,
): Assignment | undefined {
  const pairs = options
    .filter((change) => change.gain > LEAST_GAIN)
    .flatMap((up) =>
      options.flatMap((down) =>
        down.variable !== up.variable && down.gain <= LEAST_GAIN && up.gain + down.gain > LEAST_GAIN
          ? [{ up, down, gain: up.gain + down.gain }]
          : [],
      ),
    )
    .sort((a, b) => b.gain - a.gain);
  for (const { up, down } of pairs) {
    if (evaluation.count > budget) return undefined;
    const next = apply(apply(current, down), up);
    if (evaluation.admits(next, goal)) return next;
  }
  return undefined;
}

/** `start` improved; `start` itself when it breaks a limit or nothing helps. */
export function polish(
  evaluation: Evaluation,
  start: Assignment,
  goal: SearchGoal,
  merit: Merit,
): Assignment {
  if (!evaluation.admits(start, goal)) return start;
  const budget = evaluation.count + ARENA_BUDGET;
  let current = start;
  while (evaluation.count <= budget) {
    const options = changes(evaluation, current, merit);
    const next =
      singleStep(evaluation, current, goal, options) ?? exchange(evaluation, current, goal, options, budget);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}
