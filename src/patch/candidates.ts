/**
 * What a plan's first layers can be turned into: cuts × grids × input modes as patches, cuts × rows as line buffers.
 * Cuts and grids that a cheaper one beats in every respect are left out by lower bounds, before anything is expanded.
 */
import type { DeployPlan, InputMode } from '../ir/deploy-plan.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import { stageBound } from './bounds.js';
import {
  gridBranches,
  redundantCost,
  type StageCut,
  type StageMacs,
  type StepCost,
  stageCuts,
  stageMacs,
} from './branches.js';
import { expandPatches } from './expand.js';
import { expandStreaming } from './stream.js';

export interface PatchCandidate {
  readonly kind: 'patches';
  readonly cut: StageCut;
  readonly rows: number;
  readonly columns: number;
  readonly input: InputMode;
  readonly macs: StageMacs;
  /** What halos cost, in the measure that is asked for. */
  readonly redundant: number;
  /** No arena of this candidate can be smaller. */
  readonly boundBytes: number;
}

export interface StreamingCandidate {
  readonly kind: 'streaming';
  readonly cut: StageCut;
  readonly rowsPerStep: number;
  readonly input: InputMode;
  readonly boundBytes: number;
}

export type StageCandidate = PatchCandidate | StreamingCandidate;

/** The plan with its stage expanded. */
export function expandCandidate(plan: DeployPlan, candidate: StageCandidate): DeployPlan {
  const { cut, input } = candidate;
  if (candidate.kind === 'streaming') return expandStreaming(plan, cut, candidate.rowsPerStep, input);
  return expandPatches(plan, cut, gridBranches(plan, cut, candidate.rows, candidate.columns)!, input);
}

/** Restrictions that the user may state; what is left out is tried in all ways. */
export interface StageRequest {
  /** Number of layers. */
  readonly stageLayers?: number;
  /** [rows, columns] */
  readonly grid?: readonly [number, number];
  readonly rowsPerStep?: number;
  readonly input?: InputMode;
}

const MOST_TILES = 8;
/** Rows and columns differ by no more, except in strips. */
const MOST_SKEW = 2;
export const ROWS_PER_STEP = [1, 2, 4] as const;

const inputModes = ({ input }: StageRequest): readonly InputMode[] =>
  input === undefined ? ['resident', 'streamed'] : [input];

function grids({ grid }: StageRequest): readonly (readonly [number, number])[] {
  if (grid !== undefined) return [grid];
  const sizes = Array.from({ length: MOST_TILES }, (_, i) => i + 1);
  return sizes
    .flatMap((rows) => sizes.map((columns) => [rows, columns] as const))
    .filter(([r, c]) => r * c > 1 && (r === 1 || c === 1 || Math.abs(r - c) <= MOST_SKEW));
}

/** A cut with the least memory that the layers after it need. */
export interface RatedCut {
  readonly cut: StageCut;
  readonly tailBytes: number;
}

/** Cuts worth trying: no shallower one leaves as small a tail with as small an output. */
export function usefulCuts(
  plan: DeployPlan,
  liveBytes: readonly number[],
  { stageLayers }: StageRequest,
): readonly RatedCut[] {
  const tails = [...liveBytes];
  for (let at = tails.length - 2; at >= 0; at--) tails[at] = Math.max(tails[at]!, tails[at + 1]!);
  const cuts = stageCuts(plan)
    .filter((cut) => cut.steps < plan.steps.length)
    .map((cut) => ({ cut, tailBytes: tails[cut.steps]! }));
  if (stageLayers !== undefined) return cuts.filter(({ cut }) => cut.steps === stageLayers);
  const outputBytes = ({ cut }: RatedCut): number => tensorBytes(tensorOf(plan, cut.output));
  return cuts.filter((rated, at) =>
    cuts
      .slice(0, at)
      .every((other) => other.tailBytes > rated.tailBytes || outputBytes(other) > outputBytes(rated)),
  );
}

/** Every patch candidate of the useful cuts, with its computation and bound. */
export function patchCandidates(
  plan: DeployPlan,
  cuts: readonly RatedCut[],
  request: StageRequest,
  cost: StepCost,
): PatchCandidate[] {
  return cuts.flatMap(({ cut, tailBytes }) =>
    grids(request).flatMap(([rows, columns]) => {
      const branches = gridBranches(plan, cut, rows, columns);
      if (branches === null) return [];
      const macs = stageMacs(plan, cut, branches);
      const redundant = redundantCost(plan, cut, branches, cost);
      return inputModes(request).map((input): PatchCandidate => {
        const boundBytes = Math.max(tailBytes, stageBound(plan, cut, branches, input));
        return { kind: 'patches', cut, rows, columns, input, macs, redundant, boundBytes };
      });
    }),
  );
}

/** Candidates that no other one beats in both memory and computation; one input mode against itself. */
export const paretoPatches = (candidates: readonly PatchCandidate[]): PatchCandidate[] =>
  candidates.filter((a) => candidates.every((b) => b === a || b.input !== a.input || !beats(b, a)));

/** Not worse in either, better in one; of equals the one with fewer tiles. */
function beats(b: PatchCandidate, a: PatchCandidate): boolean {
  const [moreA, moreB] = [a.redundant, b.redundant];
  if (b.boundBytes > a.boundBytes || moreB > moreA) return false;
  if (b.boundBytes < a.boundBytes || moreB < moreA) return true;
  const order = b.rows * b.columns - a.rows * a.columns || b.cut.steps - a.cut.steps || b.rows - a.rows;
  return order < 0;
}

/**
 * Line buffers of ever deeper cuts, for every number of rows, as long as a deeper cut needs less memory.
 *
 * @param boundOf lower bound of an expanded plan's arena
 */
export function streamingCandidates(
  plan: DeployPlan,
  cuts: readonly RatedCut[],
  request: StageRequest,
  boundOf: (plan: DeployPlan) => number,
): StreamingCandidate[] {
  const rows = request.rowsPerStep === undefined ? ROWS_PER_STEP : [request.rowsPerStep];
  return rows.flatMap((rowsPerStep) =>
    inputModes(request).flatMap((input) => {
      const found: StreamingCandidate[] = [];
      let least = Number.POSITIVE_INFINITY;
      for (const { cut, tailBytes } of cuts) {
        if (tailBytes >= least) continue;
        const candidate = { kind: 'streaming', cut, rowsPerStep, input } as const;
        const boundBytes = boundOf(expandCandidate(plan, { ...candidate, boundBytes: 0 }));
        if (boundBytes >= least && request.stageLayers === undefined) continue;
        least = Math.min(least, boundBytes);
        found.push({ ...candidate, boundBytes });
      }
      return found;
    }),
  );
}
