/**
 * Calibrated model + limits → the widths and the plan: figures, stages, method, quantiser, in one call. What it costs
 * against 8 bits, layer by layer and in patches, is part of the answer.
 */
import { measuredCosts } from '../bind/measure.js';
import { DEFAULT_STACK_BYTES } from '../codegen/emit-project.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { QuantizeOptions } from '../quantize/quantize.js';
import { type Assignment, predictedSqnrDb, widestAssignment } from '../search/problem.js';
import { type Cache, contentKey } from '../support/cache.js';
import { unsupported } from '../support/errors.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type CycleMeter, cycleTable } from './cycle-costs.js';
import { spreadSamples } from './evaluate.js';
import { HeldOutAccuracy, type PlanOptions } from './held-out-accuracy.js';
import { loadIntegerSolver } from './integer-solver.js';
import { AccuracyPredictor } from './predict-accuracy.js';
import { createFloatEngine, quantizeCalibrated } from './quantize-model.js';
import { refineShare, type Trial } from './refine-widths.js';
import { type FigureOptions, type NetworkFigures, networkFigures } from './search-figures.js';
import { bitAssignment, type SearchScope, searchProblem, type WidthProblem } from './search-problem.js';
import {
  buildSkeleton,
  type ChosenStage,
  chooseStage,
  expandStage,
  numberedPlan,
  type Skeleton,
  type StageChoice,
  StagedSkeleton,
  type StageKind,
} from './search-skeleton.js';
import { type FoundWidths, reaches, searchWidths, type WidthRequest, widthSolver } from './search-widths.js';
import { squeezeWidths } from './squeeze-widths.js';

/** `auto` takes the best of the others. */
export const STAGE_OPTIONS = ['none', 'patches', 'streaming', 'auto'] as const;
export type StageOption = (typeof STAGE_OPTIONS)[number];

export interface SearchOptions extends FigureOptions, WidthRequest {
  readonly stage: StageOption;
  readonly scope: SearchScope;
  /** For arena and stack together. */
  readonly sramBytes: number;
  /** Plans that are quantised and measured on held-out calibration images to meet the bound of accuracy. Default 0. */
  readonly refinements?: number;
  /** Further such plans, each with one width narrower than the last that kept the bound. Default 0. */
  readonly squeeze?: number;
  readonly reconstruction?: QuantizeOptions['reconstruction'];
  /** The cost is cycles on this core instead of BitOPs. */
  readonly cycles?: CycleMeter;
  /** Most cycles that the plan may take, by the table; with `cycles`. */
  readonly cycleLimit?: number;
  /** Told of the widths before anything is quantised. */
  readonly onWidths?: (found: FoundWidths) => void;
}

export interface SearchedPlan {
  readonly plan: DeployPlan;
  readonly stage: StageChoice;
  readonly found: FoundWidths;
  readonly assignment: BitAssignment;
  readonly bitops: number;
  /** At 8 bits layer by layer. */
  readonly bitopsInt8: number;
  /** At 8 bits in the cheapest patches that fit; null where no patches fit. */
  readonly bitopsInt8Patched: number | null;
  /** Of the plan, laid out as it ships. */
  readonly arenaBytes: number;
  readonly fits: boolean;
}

const KINDS: Readonly<Record<StageOption, readonly StageKind[]>> = {
  none: ['layers'],
  patches: ['patches'],
  streaming: ['streaming'],
  auto: ['layers', 'patches', 'streaming'],
};

/** MACs that predicting an assignment may cost, and the bounds of the images that come of it. */
const PREDICTION_MACS = 2e10;
const PREDICTION_IMAGES = { least: 64, most: 512 };

/** A network with its figures: as many searches as are wanted share them. */
export class ModelSearch {
  private readonly heldOut: HeldOutAccuracy;
  private last: { readonly key: string; readonly plan: DeployPlan } | undefined;

  private constructor(
    private readonly model: CalibratedModel,
    readonly figures: NetworkFigures,
    private readonly skeleton: Skeleton,
    private readonly predictor: AccuracyPredictor,
    private readonly cache: Cache,
  ) {
    this.heldOut = new HeldOutAccuracy(model, cache);
  }

  static async prepare(model: CalibratedModel, options: FigureOptions): Promise<ModelSearch> {
    const { threads = 1, cache } = options;
    const figures = await networkFigures(model, createFloatEngine(), options);
    const skeleton = buildSkeleton(model.network, figures.storedAt, figures.weights);
    const macs = new StagedSkeleton(skeleton, skeleton.plan)
      .layerMacs(model.network.layers.length)
      .reduce((sum, layer) => sum + layer, 0);
    const { least, most } = PREDICTION_IMAGES;
    const images = Math.min(most, Math.max(least, Math.floor(PREDICTION_MACS / macs)));
    const predictor = await AccuracyPredictor.create(figures, spreadSamples(model.samples, images), threads);
    return new ModelSearch(model, figures, skeleton, predictor, cache);
  }

  /** Errors: `search/stage` where the stage asked for does not exist. */
  async search(given: SearchOptions): Promise<SearchedPlan> {
    const options =
      given.method === 'integer-program' ? { ...given, integerSolver: await loadIntegerSolver() } : given;
    if (options.cycles !== undefined && options.method === 'integer-program')
      throw unsupported('search/cost', 'the integer program knows BitOPs alone', {
        found: '--cost cycles',
        expected: '--cost bitops, or another method',
      });
    const budget = options.sramBytes - DEFAULT_STACK_BYTES;
    const stages = await this.stages(KINDS[options.stage], budget);
    if (stages.length === 0)
      throw unsupported('search/stage', 'the network has no such stage', {
        where: this.model.network.name,
        found: `--stage ${options.stage}`,
        fix: 'quantmcu plan shows what there is; --stage none always exists.',
      });
    let candidates: StageCandidate[] = [];
    for (const stage of stages) candidates.push(await this.searchStage(stage, budget, options));
    for (let attempt = 0; ; attempt++) {
      const best = candidates.reduce((a, b) => (isBetter(b, a, options) ? b : a));
      options.onWidths?.(best.found);
      const searched = await this.finish(best, budget, options);
      const over = searched.arenaBytes - budget;
      // The kernels of the real plan may need more scratch than the skeleton's: leave room for it.
      if (over <= 0 || !best.found.withinLimits || attempt >= RETRIES) return searched;
      const tighter = await this.searchStage(best.stage, budget - over, options);
      candidates = candidates.map((candidate) => (candidate === best ? tighter : candidate));
    }
  }

  /** A plan at 8 bits, for its memory and cycles; undefined where no stage of the kind fits. */
  async int8Plan(kind: StageKind, sramBytes: number): Promise<DeployPlan | undefined> {
    const stage = await this.stage(kind, sramBytes - DEFAULT_STACK_BYTES);
    if (stage === undefined || !(stage.fits || kind === 'layers')) return undefined;
    const { network, stored, weights } = this.figures;
    return expandStage(numberedPlan(network, stored, weights.get(8)!), stage.choice);
  }

  private async stages(kinds: readonly StageKind[], budget: number): Promise<ChosenStage[]> {
    const found: ChosenStage[] = [];
    for (const kind of kinds) {
      const stage = await this.stage(kind, budget);
      if (stage !== undefined) found.push(stage);
    }
    return found;
  }

  /** Planning a stage takes seconds: what was chosen is kept, and only expanded again. */
  private async stage(kind: StageKind, budget: number): Promise<ChosenStage | undefined> {
    const { weights, ...shape } = this.skeleton.plan;
    const key = contentKey(['stage 1', JSON.stringify(shape), kind, String(budget)]);
    const known = await this.cache.json(key, () => {
      const { skeleton: _, ...chosen } = chooseStage(this.skeleton, kind, budget) ?? NO_STAGE;
      return chosen;
    });
    if (known.choice === undefined) return undefined;
    return {
      ...known,
      choice: known.choice,
      skeleton: new StagedSkeleton(this.skeleton, expandStage(this.skeleton.plan, known.choice)),
    };
  }

  private async searchStage(
    stage: ChosenStage,
    budget: number,
    options: SearchOptions,
  ): Promise<StageCandidate> {
    const { choice, skeleton } = stage;
    const { cycles: meter, onProgress } = options;
    const cycles =
      meter === undefined ? undefined : await cycleTable(this.figures, choice, meter, onProgress);
    const problem = searchProblem(this.figures, skeleton, {
      scope: options.scope,
      weights: options.weights,
      stageLayers: choice.kind === 'layers' ? 0 : choice.stageLayers,
      arenaBytes: budget,
      ...(cycles === undefined ? {} : { cycles }),
    });
    const share = options.cycleLimit === undefined ? {} : shareOfLimit(problem, options.cycleLimit);
    const found = await searchWidths(problem, this.predictor, { ...options, ...share });
    return { stage, problem, found };
  }

  private planOptions({ seed, reconstruction }: SearchOptions): PlanOptions {
    return { seed, ...(reconstruction === undefined ? {} : { reconstruction }) };
  }

  /**
   * The widths that keep the bound of accuracy on images held out, starting from those that were predicted to; without
   * a bound only what is said of the widths is measured.
   */
  private async refine({ problem, found }: StageCandidate, options: SearchOptions): Promise<FoundWidths> {
    const { accuracy, refinements = 0, squeeze = 0, costShare = 1, onProgress } = options;
    if (refinements === 0 || !found.withinLimits) return found;
    const measured = (assignment: Assignment) =>
      this.heldOut.measure(bitAssignment(problem, assignment), this.planOptions(options));
    if (accuracy === undefined) return { ...found, prediction: await measured(found.assignment) };
    const solve = widthSolver(problem, options);
    const widest = problem.cost(widestAssignment(problem));
    let { evaluations } = found;
    let done = 0;
    const trial = async (share: number, assignment: Assignment): Promise<RefinedWidths> => {
      onProgress?.('refining', done++, 1 + refinements + squeeze);
      const prediction = await measured(assignment);
      const keeps = reaches(prediction, accuracy);
      return {
        ...{ share, keeps, assignment, evaluations, prediction },
        ...{ feasible: keeps, withinLimits: true },
        predictedSqnrDb: predictedSqnrDb(problem, assignment),
      };
    };
    const start = problem.cost(found.assignment) / widest;
    const refined = await refineShare(start, 1 + refinements, async (share) => {
      const result = solve(Math.min(share, costShare));
      evaluations += result.evaluations;
      return result.feasible ? trial(share, result.assignment) : undefined;
    });
    if (refined?.keeps !== true) return refined ?? found;
    const squeezed = await squeezeWidths(problem, refined.assignment, squeeze, async (assignment) => {
      evaluations++;
      const narrowed = await trial(problem.cost(assignment) / widest, assignment);
      return narrowed.keeps ? narrowed : undefined;
    });
    return squeezed ?? refined;
  }

  /** Searches in a row often end at the same widths. */
  private quantize(assignment: BitAssignment, options: SearchOptions): DeployPlan {
    const { onProgress } = options;
    const how = this.planOptions(options);
    const key = JSON.stringify([assignment, how]);
    if (this.last?.key !== key) {
      const progress = onProgress === undefined ? {} : { onProgress };
      const { plan } = quantizeCalibrated(this.model, assignment, { ...how, ...progress });
      this.last = { key, plan };
    }
    return this.last.plan;
  }

  private async finish(
    candidate: StageCandidate,
    budget: number,
    options: SearchOptions,
  ): Promise<SearchedPlan> {
    const { stage, problem } = candidate;
    const found = await this.refine(candidate, options);
    const assignment = bitAssignment(problem, found.assignment);
    const plan = expandStage(this.quantize(assignment, options), stage.choice);
    const { arenaBytes } = measuredCosts.memory(plan);
    return {
      ...{ plan, stage: stage.choice, found, assignment, arenaBytes },
      bitops: problem.bitops(found.assignment),
      ...(await this.baselines(budget)),
      fits: arenaBytes <= budget,
    };
  }

  private async baselines(budget: number) {
    const bitopsOf = ({ skeleton }: ChosenStage): number => {
      const unlimited = { scope: 'all', stageLayers: 0, arenaBytes: Number.POSITIVE_INFINITY } as const;
      const problem = searchProblem(this.figures, skeleton, unlimited);
      return problem.bitops(widestAssignment(problem));
    };
    const layers = (await this.stage('layers', budget))!;
    const patches = await this.stage('patches', budget);
    return {
      bitopsInt8: bitopsOf(layers),
      bitopsInt8Patched: patches?.fits === true ? bitopsOf(patches) : null,
    };
  }
}

const NO_STAGE = { choice: undefined, skeleton: undefined, arenaBytes: 0, fits: false };

/** Searches again under a smaller budget when the plan turns out larger than its skeleton. */
const RETRIES = 3;

const shareOfLimit = (problem: WidthProblem, limit: number): { readonly costShare: number } => ({
  costShare: limit / problem.cost(widestAssignment(problem)),
});

type RefinedWidths = FoundWidths & Trial;

interface StageCandidate {
  readonly stage: ChosenStage;
  readonly problem: WidthProblem;
  readonly found: FoundWidths;
}

/** Feasible first; then the cheaper one when accuracy is bounded, else the more accurate one. */
function isBetter(b: StageCandidate, a: StageCandidate, { accuracy }: SearchOptions): boolean {
  if (a.found.feasible !== b.found.feasible) return b.found.feasible;
  const cost = ({ problem, found }: StageCandidate): number => problem.cost(found.assignment);
  if (accuracy !== undefined) return cost(b) < cost(a);
  return b.found.predictedSqnrDb > a.found.predictedSqnrDb;
}
