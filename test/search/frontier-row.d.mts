import type { BitAssignment } from '../../src/ir/stage-data.js';

export interface Outcome {
  readonly n: number;
  readonly points: number;
  readonly halfWidth: number;
  readonly agreement: number;
  readonly scoreSqnrDb: number;
  readonly pointsBySeed: readonly number[];
}
type Row = Readonly<Record<string, string>>;

export function widthCells(assignment: Pick<BitAssignment, 'activations' | 'weights'>): Row;
export function assignmentOf(row: Row, names: BitAssignment): BitAssignment;
export function outcomeCells(outcome: Outcome): Readonly<Record<string, string | number>>;
export function outcomeOf(row: Row): Outcome | undefined;
export function meanOutcome(runs: readonly Outcome[]): Outcome;
