/**
 * The widths as an integer program: least Σ noise, one width per variable, cost below its limit. Where the widths of a
 * layer's input and weights multiply, a variable stands for every pair of them. Memory enters by cuts: as long as the
 * real arena of the solution is too large, the maps at its peak are told to give up the excess.
 */
import type { Width } from '../numeric/widths.js';
import {
  type Assignment,
  Evaluation,
  figuresAt,
  narrowestAssignment,
  type SearchGoal,
  type SearchLayer,
  type SearchMethod,
  type SearchProblem,
  widestAssignment,
} from './problem.js';

/** Solves a program in CPLEX's LP format; undefined when it has no solution. */
export type IntegerSolver = (program: string) => ReadonlyMap<string, number> | undefined;

/** Σ bytes of some maps may not exceed a bound. */
interface MemoryCut {
  readonly variables: readonly number[];
  readonly bytes: number;
}

const MOST_CUTS = 60;

export const integerProgram =
  (solve: IntegerSolver): SearchMethod =>
  (problem, goal) => {
    const evaluation = new Evaluation(problem);
    const cuts: MemoryCut[] = [];
    let best: Assignment = narrowestAssignment(problem);
    for (let i = 0; i < MOST_CUTS; i++) {
      const solution = solve(programText(problem, goal, cuts));
      if (solution === undefined) break;
      const found = readAssignment(problem, solution);
      const excess = evaluation.arenaBytes(found) - problem.sramBytes;
      if (excess <= 0) {
        best = found;
        break;
      }
      cuts.push(peakCut(problem, found, excess));
    }
    return { assignment: best, feasible: evaluation.admits(best, goal), evaluations: evaluation.count };
  };

const mapBytes = (problem: SearchProblem, variable: number, bits: Width): number =>
  (problem.variables[variable]!.elements * bits) / 8;

function peakCut(problem: SearchProblem, found: Assignment, excess: number): MemoryCut {
  const maps = problem.variables.flatMap(({ kind }, i) => (kind === 'activation' ? [i] : []));
  const variables = (problem.peakVariables?.(found) ?? maps).filter(
    (i) => problem.variables[i]!.candidates.length > 1,
  );
  const now = variables.reduce((sum, i) => sum + mapBytes(problem, i, found[i]!), 0);
  return { variables, bytes: now - excess };
}

const choice = (variable: number, bits: Width): string => `x${variable}_${bits}`;

function readAssignment(problem: SearchProblem, solution: ReadonlyMap<string, number>): Width[] {
  return problem.variables.map(({ candidates }, i) =>
    candidates.reduce((a, b) =>
      (solution.get(choice(i, b)) ?? 0) > (solution.get(choice(i, a)) ?? 0) ? b : a,
    ),
  );
}

interface Term {
  readonly factor: number;
  readonly name: string;
}

/** LP lines may not be long. */
const TERMS_PER_LINE = 8;

function sum(terms: readonly Term[]): string {
  const parts = terms.map(({ factor, name }) => `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`);
  const lines = parts.flatMap((_, i) =>
    i % TERMS_PER_LINE === 0 ? [parts.slice(i, i + TERMS_PER_LINE).join(' ')] : [],
  );
  return lines.join('\n ');
}

/** The program; its objective and cost are scaled to the order of 1. */
export function programText(problem: SearchProblem, goal: SearchGoal, cuts: readonly MemoryCut[]): string {
  const { variables, layers } = problem;
  const choices = variables.flatMap(({ candidates }, i) => candidates.map((bits) => ({ i, bits })));
  const noiseOf = ({ i, bits }: (typeof choices)[number]): number => figuresAt(problem, i, bits).noise;
  const scale = Math.max(1e-12, ...choices.map(noiseOf));
  const objective = choices.map((c) => ({ factor: noiseOf(c) / scale, name: choice(c.i, c.bits) }));
  const rows = variables.map(
    ({ candidates }, i) => `${sum(candidates.map((bits) => ({ factor: 1, name: choice(i, bits) })))} = 1`,
  );
  const products = layers.flatMap((layer, l) => productRows(problem, layer, l));
  const memory = cuts.map(({ variables: maps, bytes }) => {
    const terms = maps.flatMap((i) =>
      variables[i]!.candidates.map((bits) => ({
        factor: mapBytes(problem, i, bits) / problem.sramBytes,
        name: choice(i, bits),
      })),
    );
    return `${sum(terms)} <= ${bytes / problem.sramBytes}`;
  });
  const constraints = [...rows, ...products, ...costRow(problem, goal), ...memory];
  return [
    `Minimize\n obj: ${sum(objective)}`,
    'Subject To',
    ...constraints.map((row, i) => ` c${i}: ${row}`),
    `Binary\n ${choices.map((c) => choice(c.i, c.bits)).join('\n ')}`,
    'End\n',
  ].join('\n');
}

const pair = (layer: number, a: Width, w: Width): string => `y${layer}_${a}_${w}`;

/** Pairs of widths of a layer whose input and weights are both free. */
function pairsOf({ variables }: SearchProblem, { input, weights }: SearchLayer): readonly [Width, Width][] {
  if (input < 0 || weights < 0) return [];
  return variables[input]!.candidates.flatMap((a) =>
    variables[weights]!.candidates.map((w): [Width, Width] => [a, w]),
  );
}

/** Every width is shared out among its pairs. */
function productRows(problem: SearchProblem, layer: SearchLayer, l: number): string[] {
  const pairs = pairsOf(problem, layer);
  if (pairs.length === 0) return [];
  const row = (variable: number, at: 0 | 1): string[] =>
    problem.variables[variable]!.candidates.map((bits) => {
      const own = pairs.filter((p) => p[at] === bits).map(([a, w]) => ({ factor: 1, name: pair(l, a, w) }));
      return `${sum([...own, { factor: -1, name: choice(variable, bits) }])} = 0`;
    });
  return [...row(layer.input, 0), ...row(layer.weights, 1)];
}

function costRow(problem: SearchProblem, { costLimit }: SearchGoal): string[] {
  if (costLimit === Number.POSITIVE_INFINITY) return [];
  const all = problem.cost(widestAssignment(problem));
  let fixed = 0;
  const terms = problem.layers.flatMap((layer, l): Term[] => {
    const { macs, input, weights, inputBits, weightBits } = layer;
    const share = macs / all;
    if (input < 0 && weights < 0) {
      fixed += share * inputBits * weightBits;
      return [];
    }
    const pairs = pairsOf(problem, layer);
    if (pairs.length > 0) return pairs.map(([a, w]) => ({ factor: share * a * w, name: pair(l, a, w) }));
    const [variable, other] = input < 0 ? [weights, inputBits] : [input, weightBits];
    return problem.variables[variable]!.candidates.map((bits) => ({
      factor: share * bits * other,
      name: choice(variable, bits),
    }));
  });
  return terms.length === 0 ? [] : [`${sum(terms)} <= ${costLimit / all - fixed}`];
}
