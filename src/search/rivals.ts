/**
 * What VDQS is compared with: uniform widths, the memory-driven rule of Rusci et al. (MLSys 2020), greedy descent
 * by measured sensitivity, random and evolutionary sampling, and exhaustive search for small problems.
 */
import type { Width } from '../numeric/widths.js';
import { createRandom, type Random } from '../support/random.js';
import {
  type Assignment,
  Evaluation,
  figuresAt,
  narrower,
  narrowestAssignment,
  replaceWidth,
  type SearchGoal,
  type SearchMethod,
  type SearchProblem,
  type SearchResult,
  totalNoise,
  widestAssignment,
} from './problem.js';

const result = (evaluation: Evaluation, assignment: Assignment, goal: SearchGoal): SearchResult => ({
  assignment,
  feasible: evaluation.admits(assignment, goal),
  evaluations: evaluation.count,
});

/** One width for all feature maps and one for all weights: the nearest candidate that is not wider. */
export const uniform =
  (activationBits: Width, weightBits: Width): SearchMethod =>
  (problem, goal) => {
    const assignment = problem.variables.map(({ kind, candidates }) => {
      const wanted = kind === 'activation' ? activationBits : weightBits;
      return candidates.find((bits) => bits <= wanted) ?? candidates.at(-1)!;
    });
    return result(new Evaluation(problem), assignment, goal);
  };

/**
 * Rusci et al.: cut the most memory-demanding feature maps first, one step at a time, until the arena fits (and,
 * where a cost limit stands, the most expensive weights and maps until it holds). Blind to accuracy.
 */
export const memoryDriven: SearchMethod = (problem, goal) => {
  const evaluation = new Evaluation(problem);
  let current: Assignment = widestAssignment(problem);
  const cut = (weigh: (variable: number, width: Width) => number, kinds: readonly string[]): boolean => {
    const options = current.flatMap((width, variable) =>
      kinds.includes(problem.variables[variable]!.kind) && narrower(problem, variable, width) !== undefined
        ? [{ variable, width, weight: weigh(variable, width) }]
        : [],
    );
    if (options.length === 0) return false;
    const { variable, width } = options.reduce((a, b) => (b.weight > a.weight ? b : a));
    current = replaceWidth(current, variable, narrower(problem, variable, width)!);
    return true;
  };
  const bytes = (variable: number, width: Width): number => problem.variables[variable]!.elements * width;
  while (!evaluation.fits(current) && cut(bytes, ['activation']));
  while (problem.cost(current) > goal.costLimit && cut(bytes, ['activation', 'weights']));
  return result(evaluation, current, goal);
};

/** Greedy: the step with the least measured noise per cost saved, until memory and cost hold. */
export const greedy: SearchMethod = (problem, goal) => {
  const evaluation = new Evaluation(problem);
  let current: Assignment = widestAssignment(problem);
  while (!evaluation.admits(current, goal)) {
    const cost = problem.cost(current);
    const tooLarge = !evaluation.fits(current);
    const arena = evaluation.arenaBytes(current);
    const moves = current.flatMap((width, variable) => {
      const bits = narrower(problem, variable, width);
      if (bits === undefined) return [];
      const next = replaceWidth(current, variable, bits);
      const added = figuresAt(problem, variable, bits).noise - figuresAt(problem, variable, width).noise;
      const saved = tooLarge ? arena - evaluation.arenaBytes(next) : cost - problem.cost(next);
      return [{ next, price: added / Math.max(saved, 1e-9) }];
    });
    if (moves.length === 0) break;
    current = moves.reduce((a, b) => (b.price < a.price ? b : a)).next;
  }
  return result(evaluation, current, goal);
};

const randomAssignment = (problem: SearchProblem, random: Random): Width[] =>
  problem.variables.map((variable) => random.pick(variable.candidates));

/** Fitness that sampling methods climb: within the limits least noise; outside, how far outside. */
function fitness(evaluation: Evaluation, assignment: Assignment, goal: SearchGoal): number {
  const { problem } = evaluation;
  const overMemory = Math.max(0, evaluation.arenaBytes(assignment) / problem.sramBytes - 1);
  const overCost = Math.max(0, problem.cost(assignment) / goal.costLimit - 1);
  const outside = overMemory + overCost;
  return outside > 0 ? -1e6 * (1 + outside) : -totalNoise(problem, assignment);
}

export const randomSearch: SearchMethod = (problem, goal) => {
  const evaluation = new Evaluation(problem);
  const random = createRandom(goal.seed);
  let best: Assignment = narrowestAssignment(problem);
  let bestFitness = fitness(evaluation, best, goal);
  for (let i = 0; i < goal.evaluations; i++) {
    const candidate = randomAssignment(problem, random);
    const value = fitness(evaluation, candidate, goal);
    if (value > bestFitness) [best, bestFitness] = [candidate, value];
  }
  return { ...result(evaluation, best, goal), evaluations: goal.evaluations };
};

const POPULATION = 32;
const TOURNAMENT = 3;

/** A plain genetic search: tournament selection, uniform crossover, one mutation in each child on average. */
export const evolutionary: SearchMethod = (problem, goal) => {
  const evaluation = new Evaluation(problem);
  const random = createRandom(goal.seed);
  const rate = (assignment: Assignment) => ({ assignment, value: fitness(evaluation, assignment, goal) });
  let population = [
    rate(widestAssignment(problem)),
    rate(narrowestAssignment(problem)),
    ...Array.from({ length: POPULATION - 2 }, () => rate(randomAssignment(problem, random))),
  ];
  const select = (): Assignment =>
    Array.from({ length: TOURNAMENT }, () => random.pick(population)).reduce((a, b) =>
      b.value > a.value ? b : a,
    ).assignment;
  for (let spent = POPULATION; spent < goal.evaluations; spent += POPULATION) {
    const children = Array.from({ length: POPULATION }, () => {
      const [mother, father] = [select(), select()];
      const child = mother.map((bits, i) => {
        if (random.next() * mother.length < 1) return random.pick(problem.variables[i]!.candidates);
        return random.next() < 0.5 ? bits : father[i]!;
      });
      return rate(child);
    });
    population = [...population, ...children].sort((a, b) => b.value - a.value).slice(0, POPULATION);
  }
  const best = population.reduce((a, b) => (b.value > a.value ? b : a));
  return { ...result(evaluation, best.assignment, goal), evaluations: goal.evaluations };
};

/** Largest number of assignments that exhaustive search goes through. */
export const EXHAUSTIVE_LIMIT = 2_000_000;

export const assignmentCount = (problem: SearchProblem): number =>
  problem.variables.reduce((product, variable) => product * variable.candidates.length, 1);

/** Every assignment in turn, last variable fastest. */
export function* allAssignments(problem: SearchProblem): Generator<Assignment> {
  const indices = problem.variables.map(() => 0);
  for (;;) {
    yield indices.map((at, i) => problem.variables[i]!.candidates[at]!);
    let position = indices.length - 1;
    while (position >= 0 && ++indices[position]! >= problem.variables[position]!.candidates.length) {
      indices[position--] = 0;
    }
    if (position < 0) return;
  }
}

/** The best admissible assignment by `merit`; by default the one with least noise. */
export const exhaustive =
  (merit?: (problem: SearchProblem, assignment: Assignment) => number): SearchMethod =>
  (problem, goal) => {
    const evaluation = new Evaluation(problem);
    const value = merit ?? ((p: SearchProblem, a: Assignment): number => -totalNoise(p, a));
    let best: Assignment = narrowestAssignment(problem);
    let bestValue = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (const assignment of allAssignments(problem)) {
      count++;
      const found = value(problem, assignment);
      if (found > bestValue && evaluation.admits(assignment, goal)) [best, bestValue] = [assignment, found];
    }
    return { ...result(evaluation, best, goal), evaluations: count };
  };
