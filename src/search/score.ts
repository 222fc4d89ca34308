/**
 * The paper's score of a feature map at a width: S = −λ·Ω + (1 − λ)·Φ, with Ω the entropy lost and Φ the BitOPs
 * saved, both rescaled to [0, 1] over all (feature map, width) pairs before mixing.
 */
import type { Width } from '../numeric/widths.js';
import { type Assignment, bitOps, type SearchProblem, widestAssignment } from './problem.js';

/** Shannon entropy in bits of a histogram; empty bins add nothing. */
export function entropyBits(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total === 0) return 0;
  let entropy = 0;
  for (let i = 0; i < counts.length; i++) {
    const share = counts[i]! / total;
    if (share > 0) entropy -= share * Math.log2(share);
  }
  return entropy;
}

/** Ω = (H_ref − H_b) / H_ref; 0 for a constant map, which loses nothing. */
export const entropyLoss = (reference: number, quantized: number): number =>
  reference === 0 ? 0 : (reference - quantized) / reference;

/** Φ(i, b): BitOPs saved by variable i alone at width b, as a share of the network's BitOPs at the widest. */
export function bitOpsSaved(problem: SearchProblem, variable: number, bits: Width): number {
  const widest = widestAssignment(problem);
  const all = bitOps(problem.layers, widest);
  if (all === 0) return 0;
  const narrowed: Assignment = widest.map((width, i) => (i === variable ? bits : width));
  return (all - bitOps(problem.layers, narrowed)) / all;
}

/** S per variable and candidate, in the problem's order. */
export type ScoreTable = readonly (readonly number[])[];

function rescale(table: readonly (readonly number[])[]): number[][] {
  const values = table.flat();
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return table.map((row) => row.map((value) => (span === 0 ? 0 : (value - low) / span)));
}

export function scoreTable(problem: SearchProblem, lambda: number): ScoreTable {
  const loss = rescale(problem.figures.map((row) => row.map((candidate) => candidate.entropyLoss)));
  const saved = rescale(
    problem.variables.map((variable, i) => variable.candidates.map((bits) => bitOpsSaved(problem, i, bits))),
  );
  return loss.map((row, i) => row.map((omega, j) => -lambda * omega + (1 - lambda) * saved[i]![j]!));
}

/** ΣS of an assignment. */
export const totalScore = (problem: SearchProblem, scores: ScoreTable, assignment: Assignment): number =>
  assignment.reduce<number>(
    (sum, bits, i) => sum + scores[i]![problem.variables[i]!.candidates.indexOf(bits)]!,
    0,
  );
