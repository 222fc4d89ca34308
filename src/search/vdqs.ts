/**
 * VDQS, value-driven quantization search, in two forms of the accuracy term.
 *
 * `entropy` is the paper's: start at the best score S of every variable, then, while the real arena exceeds the
 * memory, lower the width whose S falls least per byte freed. `noise` minimises Σ noise + μ·cost and bisects μ to
 * the cost limit, then frees memory the same way by noise per byte: as training-free, better correlated.
 */
import type { Width } from '../numeric/widths.js';
import { polish } from './polish.js';
import {
  type Assignment,
  Evaluation,
  figuresAt,
  type Merit,
  narrower,
  replaceWidth,
  type SearchGoal,
  type SearchMethod,
  type SearchProblem,
  type SearchResult,
  widestAssignment,
} from './problem.js';
import { type ScoreTable, scoreTable } from './score.js';

/**
 * Lowers widths until the arena fits: each time the one that loses least merit per byte freed at the peak; ties
 * go to the larger tensor. When no single step frees a byte (several tensors share the peak) the cheapest step
 * per element is taken, so that the repair always moves on.
 */
export function repairMemory(evaluation: Evaluation, start: Assignment, merit: Merit): Assignment {
  const { problem } = evaluation;
  let current = start;
  let arena = evaluation.arenaBytes(current);
  while (arena > problem.sramBytes) {
    const moves = peakMoves(problem, current).map(({ variable, bits }) => {
      const next = replaceWidth(current, variable, bits);
      const lost = merit(variable, current[variable]!) - merit(variable, bits);
      const freed = arena - evaluation.arenaBytes(next);
      const { elements } = problem.variables[variable]!;
      return { next, freed, elements, lost };
    });
    if (moves.length === 0) return current;
    const freeing = moves.filter((move) => move.freed > 0);
    const price = (move: (typeof moves)[number]): number =>
      move.lost / (freeing.length > 0 ? move.freed : move.elements);
    const best = (freeing.length > 0 ? freeing : moves).reduce((a, b) => {
      const difference = price(b) - price(a);
      return difference < 0 || (difference === 0 && b.elements > a.elements) ? b : a;
    });
    current = best.next;
    arena -= best.freed;
  }
  return current;
}

/** Steps of the maps at the peak; of any map where none of these can go lower. */
function peakMoves(problem: SearchProblem, current: Assignment): { variable: number; bits: Width }[] {
  const all = activationMoves(problem, current);
  if (problem.peakVariables === undefined) return all;
  const peak = new Set(problem.peakVariables(current));
  const atPeak = all.filter(({ variable }) => peak.has(variable));
  return atPeak.length > 0 ? atPeak : all;
}

function activationMoves(problem: SearchProblem, current: Assignment): { variable: number; bits: Width }[] {
  return current.flatMap((width, variable) => {
    const bits = narrower(problem, variable, width);
    return problem.variables[variable]!.kind === 'activation' && bits !== undefined
      ? [{ variable, bits }]
      : [];
  });
}

const scoreOf =
  (problem: SearchProblem, scores: ScoreTable): Merit =>
  (variable, bits) =>
    scores[variable]![problem.variables[variable]!.candidates.indexOf(bits)]!;

/** argmax_b S per variable; the wider one on a tie. */
const bestScores = (problem: SearchProblem, scores: ScoreTable): Width[] =>
  problem.variables.map(({ candidates }, i) => {
    const row = scores[i]!;
    return candidates[row.indexOf(Math.max(...row))]!;
  });

const finish = (evaluation: Evaluation, assignment: Assignment, goal: SearchGoal): SearchResult => ({
  assignment,
  feasible: evaluation.admits(assignment, goal),
  evaluations: evaluation.count,
});

/** The paper's search with its mixing factor λ. */
export const vdqsEntropy =
  (lambda: number): SearchMethod =>
  (problem, goal) => {
    const evaluation = new Evaluation(problem);
    const scores = scoreTable(problem, lambda);
    const start = bestScores(problem, scores);
    const fitted = repairMemory(evaluation, start, scoreOf(problem, scores));
    const within = repairCost(evaluation, fitted, goal, scoreOf(problem, scores));
    return finish(evaluation, polish(evaluation, within, goal, scoreOf(problem, scores)), goal);
  };

/**
 * The paper's adjacent form: walks neighbouring feature maps in order and, while two neighbours together exceed
 * the memory, lowers the one whose score falls less. Sees pairs only, not the real arena.
 */
export const vdqsAdjacent =
  (lambda: number): SearchMethod =>
  (problem, goal) => {
    const evaluation = new Evaluation(problem);
    const scores = scoreTable(problem, lambda);
    const merit = scoreOf(problem, scores);
    const maps = problem.variables.flatMap((variable, i) => (variable.kind === 'activation' ? [i] : []));
    const bytes = (i: number, bits: Width): number => Math.ceil((problem.variables[i]!.elements * bits) / 8);
    const current: Width[] = bestScores(problem, scores);
    for (const [position, first] of maps.slice(0, -1).entries()) {
      const second = maps[position + 1]!;
      while (bytes(first, current[first]!) + bytes(second, current[second]!) > problem.sramBytes) {
        const moves = [first, second].flatMap((i) => {
          const bits = narrower(problem, i, current[i]!);
          return bits === undefined ? [] : [{ i, bits, lost: merit(i, current[i]!) - merit(i, bits) }];
        });
        if (moves.length === 0) break;
        const best = moves.reduce((a, b) => (b.lost < a.lost ? b : a));
        current[best.i] = best.bits;
      }
    }
    return finish(evaluation, current, goal);
  };

/** Lowers widths by merit lost per cost saved until the cost limit holds. */
function repairCost(evaluation: Evaluation, start: Assignment, goal: SearchGoal, merit: Merit): Assignment {
  const { problem } = evaluation;
  let current = start;
  while (problem.cost(current) > goal.costLimit) {
    const before = problem.cost(current);
    const moves = current.flatMap((width, variable) => {
      const bits = narrower(problem, variable, width);
      if (bits === undefined) return [];
      const next = replaceWidth(current, variable, bits);
      const saved = before - problem.cost(next);
      return saved > 0 ? [{ next, price: (merit(variable, width) - merit(variable, bits)) / saved }] : [];
    });
    if (moves.length === 0) return current;
    current = moves.reduce((a, b) => (b.price < a.price ? b : a)).next;
  }
  return current;
}

const BISECTIONS = 48;

/**
 * Widths that minimise Σ noise + μ·cost, by coordinate descent from `start` (cost couples widths of one layer), then by
 * changes of coupled variables at once.
 */
function minimiseLagrangian(problem: SearchProblem, mu: number, start: Assignment): Assignment {
  const singles = problem.variables.map((_, variable) => [variable]);
  let current = start;
  for (let improved = true; improved; ) {
    const descended = descend(problem, mu, current, singles);
    const joined = descend(problem, mu, descended, problem.coupled ?? []);
    improved = joined !== current;
    current = joined;
  }
  return current;
}

/** One pass over groups of variables, each given its best widths; `start` itself when nothing is better. */
function descend(
  problem: SearchProblem,
  mu: number,
  start: Assignment,
  groups: readonly (readonly number[])[],
): Assignment {
  let current = start;
  for (const group of groups) {
    const noiseAt = (assignment: Assignment): number =>
      group.reduce((sum, variable) => sum + figuresAt(problem, variable, assignment[variable]!).noise, 0);
    const price = (assignment: Assignment): number => noiseAt(assignment) + mu * problem.cost(assignment);
    const ways = group.reduce<Assignment[]>(
      (known, variable) =>
        known.flatMap((assignment) =>
          problem.variables[variable]!.candidates.map((bits) => replaceWidth(assignment, variable, bits)),
        ),
      [current],
    );
    let least = price(current);
    for (const way of ways) {
      const cost = price(way);
      if (cost < least - 1e-18) [current, least] = [way, cost];
    }
  }
  return current;
}

/** Noise counts for nothing beside this. */
const COST_ALONE = 1e6;

/**
 * The least cost that widths are known to give, whatever memory they need. BitOPs are fewest at the narrowest widths;
 * in cycles narrow widths may be slower than wide ones.
 */
export const leastCost = (problem: SearchProblem): number =>
  problem.cost(minimiseLagrangian(problem, COST_ALONE, widestAssignment(problem)));

/** Least Σ noise within cost and memory. */
export const vdqsNoise: SearchMethod = (problem, goal) => {
  const evaluation = new Evaluation(problem);
  const widest = widestAssignment(problem);
  const merit: Merit = (variable, bits) => -figuresAt(problem, variable, bits).noise;
  const attempt = (mu: number): Assignment =>
    repairMemory(evaluation, minimiseLagrangian(problem, mu, widest), merit);
  let best = attempt(0);
  if (problem.cost(best) > goal.costLimit) {
    let [low, high] = [1e-30, 1e6];
    best = attempt(high);
    for (let i = 0; i < BISECTIONS; i++) {
      const middle = Math.sqrt(low * high);
      const found = attempt(middle);
      if (problem.cost(found) <= goal.costLimit) [high, best] = [middle, found];
      else low = middle;
    }
  }
  return finish(evaluation, polish(evaluation, best, goal, merit), goal);
};
