/** Plans as points of cost and accuracy: stored ones, and those that a sweep of methods and shares of the cost finds. */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork } from '../ir/float-network.js';
import { planBitops } from '../ops/plan-bitops.js';
import { onFront } from '../search/pareto.js';
import { compareAccuracy, type LabelledSample } from './compare-accuracy.js';
import { SIMULATION_ENGINES } from './engines.js';
import { planMemory } from './plan-memory.js';
import type { ModelSearch, SearchedPlan, SearchOptions } from './search-model.js';

/** Where a plan came from. */
export interface PlanOrigin {
  readonly name: string;
  /** Null for a stored plan. */
  readonly method: string | null;
  readonly costShare: number | null;
  readonly stage: string | null;
  readonly predictedSqnrDb: number | null;
}

export interface PlanCandidate extends PlanOrigin {
  readonly plan: DeployPlan;
}

export interface PlanPoint extends PlanOrigin {
  readonly bitops: number;
  /** On the target's core without flash stalls; null when nothing was emulated. */
  readonly cycles: number | null;
  readonly arenaBytes: number;
  readonly n: number;
  /** Same best class as the float network, in percent. */
  readonly agreement: number;
  /** In percent; null without labels. */
  readonly top1: number | null;
  readonly scoreSqnrDb: number;
}

/** The axes of cost, and whether a plan stands on the front of each. */
export type Fronts = Readonly<Record<CostAxis, boolean>>;
export type CostAxis = 'bitops' | 'cycles' | 'arenaBytes';

export interface SweepRequest extends Omit<SearchOptions, 'method' | 'costShare' | 'accuracy'> {
  readonly methods: readonly SearchOptions['method'][];
  /** Bounds of the cost as shares of the cost at 8 bits. */
  readonly costShares: readonly number[];
}

/** Methods × shares, each plan once: methods that ignore the bound give the same one again. */
export async function sweepPlans(search: ModelSearch, request: SweepRequest): Promise<PlanCandidate[]> {
  const { methods, costShares, ...options } = request;
  const total = methods.length * costShares.length;
  const found = new Map<string, PlanCandidate>();
  let done = 0;
  for (const method of methods)
    for (const costShare of costShares) {
      options.onProgress?.(`searching by ${method}`, done++, total);
      const searched = await search.search({ ...options, method, costShare });
      const key = widthsOf(searched);
      if (!found.has(key)) found.set(key, candidate(searched, method, costShare));
    }
  return [...found.values()];
}

const widthsOf = ({ stage, assignment }: SearchedPlan): string => JSON.stringify([stage, assignment]);

const candidate = (
  { plan, stage, found }: SearchedPlan,
  method: string,
  costShare: number,
): PlanCandidate => ({
  ...{ name: `${method} at ${costShare}`, method, costShare, stage: stage.kind, plan },
  predictedSqnrDb: found.predictedSqnrDb,
});

export interface PointOptions {
  /** Cycles of a plan on the target; left out when nothing is emulated. */
  readonly cycles?: (plan: DeployPlan) => Promise<number>;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

export async function measurePoint(
  network: FloatNetwork,
  { plan, ...origin }: PlanCandidate,
  samples: readonly LabelledSample[],
  { cycles, onProgress }: PointOptions = {},
): Promise<PlanPoint> {
  const { n, agreement, top1, scoreSqnrDb } = await compareAccuracy(network, plan, samples, {
    ...{ engine: SIMULATION_ENGINES.wasm(), mapSamples: 0 },
    onProgress: (done, total) => onProgress?.(`measuring ${origin.name}`, done, total),
  });
  onProgress?.(`emulating ${origin.name}`);
  return {
    ...origin,
    bitops: planBitops(plan),
    cycles: (await cycles?.(plan)) ?? null,
    arenaBytes: planMemory(plan).arenaBytes,
    ...{ n, agreement, top1: top1?.second ?? null, scoreSqnrDb },
  };
}

/** Worth is top-1 where all have it, else agreement. */
export const worthOf = (points: readonly PlanPoint[]): 'top1' | 'agreement' =>
  points.every(({ top1 }) => top1 !== null) ? 'top1' : 'agreement';

/** By point the fronts it stands on. */
export function frontsOf(points: readonly PlanPoint[]): Fronts[] {
  const worth = worthOf(points);
  const along = (axis: CostAxis): boolean[] =>
    onFront(points.map((point) => ({ cost: point[axis] ?? Number.NaN, worth: point[worth] ?? Number.NaN })));
  const [bitops, cycles, arenaBytes] = [along('bitops'), along('cycles'), along('arenaBytes')];
  return points.map((_, i) => ({ bitops: bitops[i]!, cycles: cycles[i]!, arenaBytes: arenaBytes[i]! }));
}
