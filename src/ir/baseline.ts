/**
 * A baseline of costs, plain data: what is measured, with which compiler, what came out, and how much each cost may grow;
 * and how later measurements compare with it.
 */

export const BASELINE_FORMAT = 'quantmcu-baseline';
export const BASELINE_VERSION = 1;

/** Costs in the order of the table; a subject has some of them. */
export const COSTS = [
  'cycles',
  'stackBytes',
  'arenaBytes',
  'flashBytes',
  'scratchBytes',
  'codeBytes',
] as const;
export type Cost = (typeof COSTS)[number];
export type Costs = Partial<Readonly<Record<Cost, number>>>;

/** A network or a kernel, as measured. */
export interface Measured {
  readonly name: string;
  /** SHA-256 of every byte that it computes. */
  readonly outputs: string;
  readonly costs: Costs;
}

export interface PlanSubject {
  /** A model or stored plan, from the folder that the command runs in. */
  readonly model: string;
  readonly target: string;
  readonly mode: string;
  readonly seed: number;
}

export interface KernelSubject {
  readonly cores: readonly string[];
  readonly modes: readonly string[];
  /** `a8w8`; `a8` for operators without weights. */
  readonly widths: readonly string[];
  /** Layers whose name contains it. */
  readonly shape: string;
  readonly seed: number;
}

export interface Subjects {
  readonly plans: readonly PlanSubject[];
  readonly kernels: readonly KernelSubject[];
}

export interface Measurements {
  /** With its version. */
  readonly compiler: string;
  readonly measured: readonly Measured[];
}

export interface Baseline extends Measurements {
  /** The compiler that gates. */
  readonly toolchain: string;
  /** Per cent by which a cost may grow; 0 where nothing is said. */
  readonly bounds: Costs;
  readonly subjects: Subjects;
  /** The same by a compiler that only informs. */
  readonly informs?: Measurements;
}

/** A subject as measured now, with whether its bytes are those that the simulation computes. */
export interface Observed extends Measured {
  readonly correct: boolean;
}

export interface CostChange {
  readonly cost: Cost;
  readonly before: number;
  readonly after: number;
  /** It grew by more than its bound. */
  readonly isOver: boolean;
}

/**
 * `wrong`: the firmware's bytes are not the simulation's; `different`: other bytes than in the baseline; `worse`: some cost
 * grew beyond its bound; `gone`: not measured any more; `new`: not in the baseline.
 */
export type Verdict = 'same' | 'better' | 'within bounds' | 'worse' | 'different' | 'wrong' | 'gone' | 'new';

const RED: readonly Verdict[] = ['worse', 'different', 'wrong', 'gone'];
export const isRed = (verdict: Verdict): boolean => RED.includes(verdict);

export interface SubjectChange {
  readonly name: string;
  readonly verdict: Verdict;
  /** Every cost that either side knows. */
  readonly costs: readonly CostChange[];
}
