/**
 * The width search as data: which widths are free, what they cost, what they lose. Every method solves this one
 * problem, so that they can be compared; `pipeline` fills in the figures (arena, noise) from the real stages.
 *
 * A variable is the width of one feature map (of one branch, in a patched network) or of one layer's weights.
 */
import type { Width } from '../numeric/widths.js';

export interface SearchVariable {
  readonly name: string;
  readonly kind: 'activation' | 'weights';
  /** Descending: the first is the widest. */
  readonly candidates: readonly Width[];
  /** Elements of the feature map or weight tensor. */
  readonly elements: number;
}

/** One multiply-accumulate layer: MACs and whose widths multiply; a number is a width that is not searched. */
export interface SearchLayer {
  readonly name: string;
  readonly macs: number;
  /** Index of the input's variable, or −1 with `inputBits`. */
  readonly input: number;
  readonly inputBits: Width;
  readonly weights: number;
  readonly weightBits: Width;
}

/** A width per variable, in the variables' order. */
export type Assignment = readonly Width[];

/** What is known of one variable at one of its candidate widths. */
export interface CandidateFigures {
  readonly bits: Width;
  /** The paper's Ω: relative entropy lost against the widest. */
  readonly entropyLoss: number;
  /** Logit noise-to-signal ratio when only this variable has this width; additive over variables. */
  readonly noise: number;
}

export interface SearchProblem {
  readonly variables: readonly SearchVariable[];
  readonly layers: readonly SearchLayer[];
  /** Per variable, in the order of its candidates. */
  readonly figures: readonly (readonly CandidateFigures[])[];
  /**
   * Real arena of an assignment, by the planner that lays out the shipped firmware. Above `sramBytes` a lower bound
   * will do, below it any layout that fits.
   */
  readonly arenaBytes: (assignment: Assignment) => number;
  /** Variables that are live where memory peaks: the only ones whose width can lower the peak. All when left out. */
  readonly peakVariables?: (assignment: Assignment) => readonly number[];
  readonly sramBytes: number;
  /** Cost of an assignment: BitOPs, or cycles where a cost table is given. */
  readonly cost: (assignment: Assignment) => number;
  /**
   * Variables whose widths pay together only, as those of a layer's input and weights in cycles: one of them alone may
   * cost more than none. They are changed one by one when left out.
   */
  readonly coupled?: readonly (readonly number[])[];
  /** Noise that remains at the widest widths; 0 when left out. */
  readonly baseNoise?: number;
}

/** What a method is asked for: the cheapest widths within a noise bound, or the least noise within a cost. */
export interface SearchGoal {
  /** Upper bound of the cost; Infinity when only memory binds. */
  readonly costLimit: number;
  readonly seed: number;
  /** Most evaluations of a candidate assignment a sampling method may use. */
  readonly evaluations: number;
}

export interface SearchResult {
  readonly assignment: Assignment;
  /** False when no assignment that the method can reach fits memory and cost. */
  readonly feasible: boolean;
  /** Assignments whose arena or cost was computed. */
  readonly evaluations: number;
}

/** Solves a problem; pure and deterministic under `goal.seed`. */
export type SearchMethod = (problem: SearchProblem, goal: SearchGoal) => SearchResult;

/** Σ MACs · weight bits · input bits (design: "BitOPs"). */
export function bitOps(layers: readonly SearchLayer[], assignment: Assignment): number {
  return layers.reduce((sum, layer) => {
    const a = layer.input < 0 ? layer.inputBits : assignment[layer.input]!;
    const w = layer.weights < 0 ? layer.weightBits : assignment[layer.weights]!;
    return sum + layer.macs * a * w;
  }, 0);
}

export const widestAssignment = (problem: Pick<SearchProblem, 'variables'>): Width[] =>
  problem.variables.map((variable) => variable.candidates[0]!);

export const narrowestAssignment = (problem: Pick<SearchProblem, 'variables'>): Width[] =>
  problem.variables.map((variable) => variable.candidates.at(-1)!);

export const replaceWidth = (assignment: Assignment, variable: number, bits: Width): Width[] =>
  assignment.map((width, i) => (i === variable ? bits : width));

/** The next narrower candidate of a variable, if there is one. */
export function narrower(problem: SearchProblem, variable: number, bits: Width): Width | undefined {
  const { candidates } = problem.variables[variable]!;
  return candidates[candidates.indexOf(bits) + 1];
}

export function figuresAt(problem: SearchProblem, variable: number, bits: Width): CandidateFigures {
  return problem.figures[variable]!.find((candidate) => candidate.bits === bits)!;
}

/** Σ noise: predicts the plan's logit noise-to-signal ratio. */
export const totalNoise = (problem: SearchProblem, assignment: Assignment): number =>
  assignment.reduce<number>((sum, bits, i) => sum + figuresAt(problem, i, bits).noise, 0);

/** Predicted logit signal-to-quantisation-noise ratio in dB; ≥ 15 dB is safe, ≥ 12 dB aggressive (measured). */
export const predictedSqnrDb = (problem: SearchProblem, assignment: Assignment): number =>
  -10 * Math.log10(Math.max((problem.baseNoise ?? 0) + totalNoise(problem, assignment), 1e-12));

/** Equal for equal assignments of one problem alone. */
export const assignmentKey = (assignment: Assignment): string => assignment.join('');

/** Merit of a variable at a width; Σ over the variables is what a method maximises. */
export type Merit = (variable: number, bits: Width) => number;

/** Counts what a method evaluates; memoises the arena, which is the dear part. */
export class Evaluation {
  private readonly arenas = new Map<string, number>();
  count = 0;

  constructor(readonly problem: SearchProblem) {}

  arenaBytes(assignment: Assignment): number {
    const key = assignmentKey(assignment);
    const known = this.arenas.get(key);
    if (known !== undefined) return known;
    const bytes = this.problem.arenaBytes(assignment);
    this.arenas.set(key, bytes);
    this.count++;
    return bytes;
  }

  fits(assignment: Assignment): boolean {
    return this.arenaBytes(assignment) <= this.problem.sramBytes;
  }

  /** Within memory and cost. */
  admits(assignment: Assignment, goal: SearchGoal): boolean {
    return this.problem.cost(assignment) <= goal.costLimit && this.fits(assignment);
  }
}
