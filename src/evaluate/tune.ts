/**
 * Sweeps of the paper's free parameters on a calibration split: widths and classes come from one part of the samples,
 * what they keep of the answers is read on the other.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { planBitops } from '../ops/plan-bitops.js';
import { pickCheapest } from '../search/pick.js';
import { QuantmcuError } from '../support/errors.js';
import type { CalibratedModel } from './calibrate-model.js';
import { classifyModel, type PatchRequest, quantizeClassified } from './classify-model.js';
import { DEFAULT_CLASSIFY_OPTIONS } from './classify-patches.js';
import { compareAccuracy } from './compare-accuracy.js';
import { SIMULATION_ENGINES } from './engines.js';
import type { ModelSearch, SearchOptions } from './search-model.js';
import type { TunedClasses } from './tuned-file.js';

export interface SampleSplit {
  readonly fit: readonly FloatSample[];
  readonly heldOut: readonly FloatSample[];
}

/** Every n-th sample is held out. */
export const splitSamples = (samples: readonly FloatSample[], every: number): SampleSplit => ({
  fit: samples.filter((_, i) => i % every !== every - 1),
  heldOut: samples.filter((_, i) => i % every === every - 1),
});

/** BitOPs, or cycles of a core. */
export type PlanCost = (plan: DeployPlan) => Promise<number>;
export const bitopsCost: PlanCost = async (plan) => planBitops(plan);

/** What a setting costs and keeps, on the held-out samples. */
export interface TunePoint {
  readonly cost: number;
  /** Share of the cost of the same stage at 8 bits. */
  readonly saved: number;
  readonly agreement: number;
  /** Of the samples. */
  readonly changed: number;
  readonly scoreSqnrDb: number;
}

export interface LambdaPoint extends TunePoint {
  readonly lambda: number;
  readonly widths: readonly Width[];
}

export interface ClassPoint extends TunePoint {
  readonly flaggedShare: number;
  readonly tau: number;
  /** Positions that keep 8 bits. */
  readonly protected: number;
}

/** A rule that protects all positions or none is no choice. */
export interface RefusedClasses extends Pick<ClassPoint, 'flaggedShare' | 'tau'> {
  readonly refused: true;
}

export interface TuneContext {
  readonly network: FloatNetwork;
  readonly heldOut: readonly FloatSample[];
  readonly cost: PlanCost;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

async function measure(
  plan: DeployPlan,
  base: number,
  { network, heldOut, cost }: TuneContext,
): Promise<TunePoint> {
  const samples = heldOut.map((values) => ({ values }));
  const { n, agreement, scoreSqnrDb } = await compareAccuracy(network, plan, samples, {
    ...{ engine: SIMULATION_ENGINES.wasm(), mapSamples: 0 },
  });
  const own = await cost(plan);
  return {
    ...{ cost: own, saved: 1 - own / base, agreement, scoreSqnrDb },
    changed: Math.round((n * (100 - agreement)) / 100),
  };
}

export type LambdaRequest = Omit<SearchOptions, 'method' | 'lambda' | 'accuracy' | 'costShare'>;

/** The paper's search at every λ, with no bound but memory. `search` was prepared on the fitting part. */
export async function sweepLambda(
  search: ModelSearch,
  lambdas: readonly number[],
  request: LambdaRequest,
  context: TuneContext,
): Promise<LambdaPoint[]> {
  const known = new Map<string, TunePoint>();
  const points: LambdaPoint[] = [];
  for (const lambda of lambdas) {
    context.onProgress?.(`λ ${lambda}`, points.length, lambdas.length);
    const options = { ...request, reconstruction: { kind: 'none' } as const };
    const found = await search.search({ ...options, method: 'vdqs-entropy', lambda });
    const key = JSON.stringify([found.stage, found.assignment]);
    const int8 = await search.int8Plan(found.stage.kind, request.sramBytes);
    const base = int8 === undefined ? found.bitopsInt8 : await context.cost(int8);
    const point = known.get(key) ?? (await measure(found.plan, base, context));
    known.set(key, point);
    points.push({ ...point, lambda, widths: found.found.assignment });
  }
  return points;
}

export interface ClassSweep {
  readonly stage: PatchRequest;
  readonly rule: Pick<TunedClasses, 'rule' | 'at' | 'imageShare'>;
  readonly flaggedShares: readonly number[];
  readonly taus: readonly number[];
  readonly plainBits: Width;
  readonly seed: number;
}

/** Classes at every flagged share and τ; `model` is calibrated on the fitting part. */
export async function sweepClasses(
  model: CalibratedModel,
  { stage, rule, flaggedShares, taus, plainBits, seed }: ClassSweep,
  context: TuneContext,
): Promise<(ClassPoint | RefusedClasses)[]> {
  const quantizing = { seed, reconstruction: { kind: 'none' } as const };
  const points: (ClassPoint | RefusedClasses)[] = [];
  const known = new Map<string, TunePoint>();
  let base: number | undefined;
  for (const flaggedShare of flaggedShares)
    for (const tau of taus) {
      context.onProgress?.(
        `share ${flaggedShare}, τ ${tau}`,
        points.length,
        flaggedShares.length * taus.length,
      );
      const options = { ...DEFAULT_CLASSIFY_OPTIONS, ...rule, flaggedShare, tau, runTime: false };
      const found = splitOrNothing(() => classifyModel(model, stage, options));
      if (found === undefined) {
        points.push({ flaggedShare, tau, refused: true });
        continue;
      }
      const planAt = (bits: Width): DeployPlan =>
        quantizeClassified(model, found, { plainBits: bits, weightBits: 8 }, quantizing).plan;
      base ??= await context.cost(planAt(8));
      const key = found.classes!.join();
      const point = known.get(key) ?? (await measure(planAt(plainBits), base, context));
      known.set(key, point);
      const kept = found.classes!.filter((name) => name === 'protected').length;
      points.push({ ...point, flaggedShare, tau, protected: kept });
    }
  return points;
}

function splitOrNothing<T>(classify: () => T): T | undefined {
  try {
    return classify();
  } catch (error) {
    if (error instanceof QuantmcuError && error.code === 'classify/no-split') return undefined;
    throw error;
  }
}

/** Least accuracy lost per cost saved (src/search/pick.ts). */
export function pickTuned<P extends TunePoint>(points: readonly P[]): P | undefined {
  const index = pickCheapest(
    points.map(({ saved, changed, scoreSqnrDb }) => ({ saved, changed, noise: 10 ** (-scoreSqnrDb / 10) })),
  );
  return index === undefined ? undefined : points[index];
}
