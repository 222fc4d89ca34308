/**
 * Calibrated model + limits → the widths and the plan: figures, stages, method, quantiser, in one call. What it costs
 * against 8 bits, layer by layer and in patches, is part of the answer.
 */
import { measuredCosts } from '../bind/measure.js';
import type { PatchClasses } from '../classify/classify.js';
import { DEFAULT_STACK_BYTES } from '../codegen/emit-project.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { QuantizeOptions } from '../quantize/quantize.js';
import { type Assignment, widestAssignment } from '../search/problem.js';
import { unsupported } from '../support/errors.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type CycleMeter, cycleTable } from './cycle-costs.js';
import { spreadSamples } from './evaluate.js';
import { HeldOutAccuracy, type PlanOptions } from './held-out-accuracy.js';
import { loadIntegerSolver } from './integer-solver.js';
import { checkNoise, type NoiseSource, PlanFigures } from './plan-noise.js';
import { AccuracyPredictor } from './predict-accuracy.js';
import { createFloatEngine, quantizeBranches, quantizeCalibrated } from './quantize-model.js';
import { type RefineRequest, refineFound } from './refine-found.js';
import {
  type ClassedSearch,
  type ClassedStage,
  classedSearch,
  type SearchClasses,
  stagedRequest,
} from './search-classes.js';
import { type FigureOptions, type NetworkFigures, networkFigures } from './search-figures.js';
import {
  bitAssignment,
  freeSites,
  type SearchScope,
  searchProblem,
  type WidthProblem,
} from './search-problem.js';
import {
  buildSkeleton,
  type ChosenStage,
  expandStage,
  type Skeleton,
  type StageChoice,
  StagedSkeleton,
  type StageKind,
} from './search-skeleton.js';
import { NetworkStages } from './search-stages.js';
import { type FoundWidths, searchWidths } from './search-widths.js';
import { type StageOption, stageKinds } from './stage-options.js';
import { besideThreads } from './task-pool.js';

export interface SearchOptions extends FigureOptions, RefineRequest {
  readonly stage: StageOption;
  readonly scope: SearchScope;
  /** Patches in two classes (VDPC): some keep 8 bits, widths of the stage's maps are searched for the others. */
  readonly classes?: SearchClasses;
  /** For arena and stack together. */
  readonly sramBytes: number;
  readonly reconstruction?: QuantizeOptions['reconstruction'];
  /** Where the method's noise figures come from. Default `float`. */
  readonly noise?: NoiseSource;
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
  /** Which patches keep 8 bits; `assignment` is then that of the others. */
  readonly classes?: PatchClasses;
}

/** MACs that predicting an assignment may cost, and the bounds of the images that come of it. */
const PREDICTION_MACS = 2e10;
const PREDICTION_IMAGES = { least: 64, most: 512 };

/** A network with its figures: as many searches as are wanted share them. */
export class ModelSearch {
  private readonly heldOut: HeldOutAccuracy;
  private readonly stages: NetworkStages;
  private readonly classed = new Map<string, ClassedSearch>();
  private readonly figuresByPlans: PlanFigures;
  private last: { readonly key: string; readonly plan: DeployPlan } | undefined;

  private constructor(
    private readonly model: CalibratedModel,
    readonly figures: NetworkFigures,
    private readonly skeleton: Skeleton,
    private readonly predictor: AccuracyPredictor,
    private readonly options: FigureOptions,
  ) {
    this.heldOut = new HeldOutAccuracy(model, options.cache, options.threads);
    this.figuresByPlans = new PlanFigures(figures, this.heldOut, options);
    this.stages = new NetworkStages(figures, skeleton, options.cache);
  }

  static async prepare(model: CalibratedModel, options: FigureOptions): Promise<ModelSearch> {
    const { threads = 1 } = options;
    const figures = await networkFigures(model, createFloatEngine(), options);
    const skeleton = buildSkeleton(model.network, figures.storedAt, figures.weights);
    const macs = new StagedSkeleton(skeleton, skeleton.plan)
      .layerMacs(model.network.layers.length)
      .reduce((sum, layer) => sum + layer, 0);
    const { least, most } = PREDICTION_IMAGES;
    const images = Math.min(most, Math.max(least, Math.floor(PREDICTION_MACS / macs)));
    const predictor = await AccuracyPredictor.create(figures, spreadSamples(model.samples, images), threads);
    return new ModelSearch(model, figures, skeleton, predictor, options);
  }

  /** Errors: `search/stage` where the stage asked for does not exist; those of `checkNoise`. */
  async search(given: SearchOptions): Promise<SearchedPlan> {
    checkNoise(given);
    const options =
      given.method === 'integer-program' ? { ...given, integerSolver: await loadIntegerSolver() } : given;
    if (options.cycles !== undefined && options.method === 'integer-program')
      throw unsupported('search/cost', 'the integer program knows BitOPs alone', {
        found: '--cost cycles',
        expected: '--cost bitops, or another method',
      });
    const budget = options.sramBytes - DEFAULT_STACK_BYTES;
    const kinds = stageKinds(options);
    // Stages take this thread seconds, while others have nothing to do.
    const [, stages] = await besideThreads(this.predictor.floatScores(), () =>
      this.stages.asked(kinds, budget, options),
    );
    const candidates: StageCandidate[] = [];
    for (const stage of stages) candidates.push(await this.searchStage(stage, budget, options));
    return this.bestThatFits(candidates, budget, options);
  }

  /** The kernels of the real plan may need more scratch than the skeleton's: then room is left for it. */
  private async bestThatFits(
    found: readonly StageCandidate[],
    budget: number,
    options: SearchOptions,
  ): Promise<SearchedPlan> {
    let candidates = found;
    let limit = budget;
    // By plans that turned out too large.
    let spent = 0;
    for (let attempt = 0; ; attempt++) {
      const best = candidates.reduce((a, b) => (isBetter(b, a, options) ? b : a));
      options.onWidths?.(best.found);
      const searched = await this.finish(best, budget, options);
      const over = searched.arenaBytes - budget;
      if (over <= 0 || !best.found.withinLimits || attempt >= RETRIES)
        return {
          ...searched,
          found: { ...searched.found, evaluations: spent + searched.found.evaluations },
        };
      limit -= over;
      spent += searched.found.evaluations;
      const tighter = await this.searchStage(best.stage, limit, options);
      candidates = candidates.map((candidate) => (candidate === best ? tighter : candidate));
    }
  }

  /** A plan at 8 bits, for its memory and cycles; undefined where no stage of the kind fits. */
  int8Plan(kind: StageKind, sramBytes: number): Promise<DeployPlan | undefined> {
    return this.stages.int8Plan(kind, sramBytes);
  }

  private async searchStage(
    stage: ChosenStage,
    budget: number,
    options: SearchOptions,
  ): Promise<StageCandidate> {
    const { choice } = stage;
    const { cycles: meter, onProgress } = options;
    const stageLayers = choice.kind === 'layers' ? 0 : choice.stageLayers;
    const classed = await this.classify(stage, options);
    const own = { figures: await this.figuresOf(stageLayers, options), predictor: this.predictor };
    const { figures, predictor } = classed ?? own;
    const { skeleton } = classed ?? stage;
    const readsKept = (step: number): boolean => skeleton.readsKept(step);
    const cycles =
      meter === undefined ? undefined : await cycleTable(figures, choice, meter, onProgress, readsKept);
    const problem = searchProblem(figures, skeleton, {
      scope: options.scope,
      weights: options.weights,
      stageLayers,
      arenaBytes: budget,
      ...(cycles === undefined ? {} : { cycles }),
    });
    const costShare = boundOfCost(problem, options);
    const found = await searchWidths(problem, predictor, { ...options, costShare });
    return { stage, problem, costShare, found, ...(classed === undefined ? {} : { classed: classed.stage }) };
  }

  private async figuresOf(stageLayers: number, options: SearchOptions): Promise<NetworkFigures> {
    if (options.noise !== 'plans') return this.figures;
    const isFree = freeSites(this.figures, { ...options, stageLayers });
    return this.figuresByPlans.of(this.planOptions(options), isFree);
  }

  /** What classes of patches change in a search; undefined where all are alike. */
  private async classify(
    { choice, skeleton }: ChosenStage,
    { classes }: SearchOptions,
  ): Promise<ClassedSearch | undefined> {
    if (classes === undefined || choice.kind !== 'patches') return undefined;
    const key = JSON.stringify([choice, classes]);
    const known = this.classed.get(key);
    if (known !== undefined) return known;
    const start = { model: this.model, figures: this.figures, predictor: this.predictor };
    const made = await classedSearch(start, this.skeleton, { choice, skeleton }, classes, this.options);
    this.classed.set(key, made);
    return made;
  }

  private planOptions({ seed, reconstruction }: SearchOptions): PlanOptions {
    return { seed, ...(reconstruction === undefined ? {} : { reconstruction }) };
  }

  /** Searches in a row often end at the same widths. With classes the plan has its stage already. */
  private async quantize(
    assignment: BitAssignment,
    classed: ClassedStage | undefined,
    options: SearchOptions,
  ): Promise<DeployPlan> {
    const { model } = this;
    const { onProgress } = options;
    const how = this.planOptions(options);
    const key = JSON.stringify([assignment, how, classed?.key]);
    if (this.last?.key !== key) {
      // It needs the memory that measured plans took.
      await this.heldOut.rest();
      const more = { ...how, ...(onProgress === undefined ? {} : { onProgress }) };
      const { plan } =
        classed === undefined
          ? quantizeCalibrated(model, assignment, more)
          : quantizeBranches(model, stagedRequest(model.network, classed, assignment), more);
      this.last = { key, plan };
    }
    return this.last.plan;
  }

  private async finish(
    candidate: StageCandidate,
    budget: number,
    options: SearchOptions,
  ): Promise<SearchedPlan> {
    const { stage, problem, costShare, classed } = candidate;
    const how = this.planOptions(options);
    const measure = (widths: Assignment, draw: number) =>
      this.heldOut.measure(bitAssignment(problem, widths), { ...how, seed: how.seed + draw }, classed);
    const found = await refineFound(candidate, { ...options, costShare }, measure);
    const assignment = bitAssignment(problem, found.assignment);
    const quantized = await this.quantize(assignment, classed, options);
    const plan = classed === undefined ? expandStage(quantized, stage.choice) : quantized;
    const { arenaBytes } = measuredCosts.memory(plan);
    return {
      ...{ plan, stage: stage.choice, found, assignment, arenaBytes },
      bitops: problem.bitops(found.assignment),
      ...(await this.stages.baselines(budget)),
      fits: arenaBytes <= budget,
      ...(classed === undefined ? {} : { classes: classed.found }),
    };
  }
}

/** Searches again under a smaller budget when the plan turns out larger than its skeleton. */
const RETRIES = 3;

/** Share of the cost of 8 bits that may be taken. A limit alone may be above it: narrow widths can be slower. */
function boundOfCost(problem: WidthProblem, { costShare = 1, cycleLimit }: SearchOptions): number {
  if (cycleLimit === undefined) return costShare;
  const limit = cycleLimit / problem.cost(widestAssignment(problem));
  return costShare < 1 ? Math.min(costShare, limit) : limit;
}

interface StageCandidate {
  readonly stage: ChosenStage;
  readonly problem: WidthProblem;
  readonly costShare: number;
  readonly found: FoundWidths;
  readonly classed?: ClassedStage;
}

/** Feasible first; then the cheaper one when accuracy is bounded, else the more accurate one. */
function isBetter(b: StageCandidate, a: StageCandidate, { accuracy }: SearchOptions): boolean {
  if (a.found.feasible !== b.found.feasible) return b.found.feasible;
  const cost = ({ problem, found }: StageCandidate): number => problem.cost(found.assignment);
  if (accuracy !== undefined) return cost(b) < cost(a);
  return b.found.predictedSqnrDb > a.found.predictedSqnrDb;
}
