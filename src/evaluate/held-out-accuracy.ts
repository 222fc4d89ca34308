/**
 * What a quantised plan does to the answers on images that it was not fitted to: quantised on half of the calibration
 * images and compared with the float network on the other half, and the other way round. On the images that weights
 * were refitted to a plan looks better than it is.
 */
import { createFloatRunner } from '../calibrate/run-float.js';
import { type FloatNetwork, type FloatRunner, type FloatSample, isWeighted } from '../ir/float-network.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { ChannelSource } from '../quantize/channel-factors.js';
import { DEFAULT_QUANTIZE_OPTIONS, type QuantizeOptions, sampleChannels } from '../quantize/quantize.js';
import { weightBits } from '../quantize/quantize-weights.js';
import { applyQuantization, collectScores } from '../quantize/score-noise.js';
import { type Cache, contentKey } from '../support/cache.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type AccuracyPrediction, compareScores } from './predict-accuracy.js';
import { createFloatEngine, quantizeAllCalibrated, quantizeBranches } from './quantize-model.js';
import { type StagedRequest, stageClasses } from './quantize-staged.js';
import type { Scores } from './rounded-scores.js';
import { type ClassedStage, stagedRequest } from './search-classes.js';
import { besideThreads, createPool, type Task, type TaskPool } from './task-pool.js';

export interface PlanOptions {
  readonly seed: number;
  readonly reconstruction?: QuantizeOptions['reconstruction'];
}

const PARTS = 2;

/** The images are dealt out to these. */
const partsOf = (samples: readonly FloatSample[]): number[] =>
  Array.from({ length: Math.min(PARTS, samples.length) }, (_, part) => part);

interface HeldOutRequest {
  readonly assignments: readonly BitAssignment[];
  readonly options: Required<PlanOptions>;
  /** The part that is held out. */
  readonly part: number;
  readonly classed?: ClassedStage;
}

/** By plan, of the samples of one part in their order. */
type PartScores = readonly Scores[];

/** A request is a few plans and a part of the images: what the plans have in common is quantised once. */
export const heldOutTask: Task<CalibratedModel, HeldOutRequest, PartScores> = {
  name: 'held-out accuracy',
  load: (model) => {
    const plans = new HeldOutPlans(model);
    return { run: (request) => plans.scores(request) };
  },
};

/**
 * Eight plans that change one width each share seven eighths of what lies in front of their changes. More would win
 * little, and an interrupted run loses the plans that it was at.
 */
const PLANS_AT_ONCE = 8;

export class HeldOutAccuracy {
  private pool: Promise<TaskPool<HeldOutRequest, PartScores>> | undefined;
  /** Requests that are not answered yet. */
  private running = 0;
  private floatScores: Scores | undefined;

  /** @param threads share the parts of the images, and the plans where there are many; figures are the same */
  constructor(
    private readonly model: CalibratedModel,
    private readonly cache: Cache,
    private readonly threads = 1,
  ) {}

  /**
   * With classes of branches every pixel is rounded as the branch that owns it rounds it: a branch's own copy of its
   * neighbour's pixels is not looked at.
   */
  async measure(
    assignment: BitAssignment,
    options: PlanOptions,
    classed?: ClassedStage,
  ): Promise<AccuracyPrediction> {
    const how = complete(options);
    return this.cache.json(this.keyOf(assignment, how, classed), async () => {
      const [found] = await this.compare([assignment], how, classed);
      return found!;
    });
  }

  /**
   * Each as `measure` has it, in their order. Each is in the cache before it counts as done; of the few that are
   * quantised together none is where one fails.
   * @param onPlans of different plans
   */
  async measureAll(
    assignments: readonly BitAssignment[],
    options: PlanOptions,
    onPlans?: (done: number, total: number) => void,
  ): Promise<readonly AccuracyPrediction[]> {
    const how = complete(options);
    const keys = assignments.map((assignment) => this.keyOf(assignment, how));
    const plans = new Map(keys.map((key, i) => [key, assignments[i]!]));
    const known = new Map<string, AccuracyPrediction>();
    for (const key of plans.keys()) {
      const stored = await this.cache.find<AccuracyPrediction>(key);
      if (stored !== undefined) known.set(key, stored.value);
    }
    const missing = [...plans].filter(([key]) => !known.has(key));
    onPlans?.(known.size, plans.size);
    // A list is as many requests as there are parts.
    const lanes = Math.ceil(this.threads / PARTS);
    const chunks = plansTogether(this.model.network, missing, lanes);
    const goOn = async (): Promise<void> => {
      for (let own = chunks.shift(); own !== undefined; own = chunks.shift()) {
        const some = own.map((key) => plans.get(key)!);
        const found = await this.compare(some, how);
        for (const [i, key] of own.entries()) known.set(key, await this.cache.json(key, () => found[i]!));
        onPlans?.(known.size, plans.size);
      }
    };
    // One more than threads work on, so that none waits; this thread takes one after the other.
    const together = this.threads === 1 ? 1 : lanes + 1;
    try {
      await Promise.all(Array.from({ length: Math.min(together, chunks.length) }, goOn));
    } catch (error) {
      chunks.length = 0;
      await this.end();
      throw error;
    }
    return keys.map((key) => known.get(key)!);
  }

  /**
   * Ends the threads, and with them what plans took of memory, where nobody else is measuring; the next measurement starts
   * others. What is done on this thread is kept.
   */
  async rest(): Promise<void> {
    if (this.threads > 1 && this.running === 0) await this.end();
  }

  private async end(): Promise<void> {
    const pool = this.pool;
    this.pool = undefined;
    await (await pool)?.close();
  }

  /** Every sample's scores are those of the plan that it was held out of. */
  private async compare(
    assignments: readonly BitAssignment[],
    options: Required<PlanOptions>,
    classed?: ClassedStage,
  ): Promise<readonly AccuracyPrediction[]> {
    const { model, threads } = this;
    const { samples } = model;
    const parts = partsOf(samples);
    this.pool ??= createPool(heldOutTask, model, threads);
    this.running++;
    const request = { assignments, options, ...(classed === undefined ? {} : { classed }) };
    const all = this.pool.then((pool) => Promise.all(parts.map((part) => pool.run({ ...request, part }))));
    const [byPart, reference] = await besideThreads(all, () => this.reference()).finally(() => {
      this.running--;
    });
    return assignments.map((_, plan) => {
      const scores = samples.map((_, s) => byPart[s % parts.length]![plan]![Math.floor(s / parts.length)]!);
      return compareScores(reference, scores);
    });
  }

  private reference(): Scores {
    const { network, samples } = this.model;
    this.floatScores ??= collectScores(createFloatRunner(network), samples);
    return this.floatScores;
  }

  private keyOf(
    assignment: BitAssignment,
    { seed, reconstruction }: Required<PlanOptions>,
    classed?: ClassedStage,
  ): string {
    const { ranges, samples } = this.model;
    const how = JSON.stringify([assignment, seed, reconstruction, samples.length, PARTS]);
    const key = ['held-out accuracy 2', ranges.key, how, ...(classed === undefined ? [] : [classed.key])];
    return contentKey(key);
  }
}

const complete = ({
  seed,
  reconstruction = DEFAULT_QUANTIZE_OPTIONS.reconstruction,
}: PlanOptions): Required<PlanOptions> => ({ seed, reconstruction });

/** Quantises plans on all parts of the images but one and scores that, on this thread. */
class HeldOutPlans {
  private readonly engine = createFloatEngine();
  private readonly runner: FloatRunner;
  /** By the seed and the classes that they were sampled for. */
  private readonly sampled = new Map<string, ChannelSource>();

  constructor(private readonly model: CalibratedModel) {
    this.runner = this.engine.createRunner(model.network);
  }

  scores({ assignments, options, part, classed }: HeldOutRequest): PartScores {
    const { model, runner } = this;
    const { network, samples } = model;
    const parts = partsOf(samples);
    const isHeldOut = (_: FloatSample, s: number): boolean => s % parts.length === part;
    const heldOut = samples.filter(isHeldOut);
    const fitted = parts.length > 1 ? samples.filter((x, s) => !isHeldOut(x, s)) : samples;
    const stages = assignments.map((own) => classed && stagedRequest(network, classed, own));
    const how = { ...options, channels: this.channels(options.seed, stages[0], classed?.key ?? '') };
    const some = { ...model, samples: fitted };
    const results =
      classed === undefined
        ? quantizeAllCalibrated(some, assignments, how)
        : stages.map((stage) => quantizeBranches(some, stage!, how));
    return results.map(({ stored, weights }) => {
      applyQuantization(runner, stored, weights);
      return collectScores(runner, heldOut);
    });
  }

  private channels(seed: number, stage: StagedRequest | undefined, classes: string): ChannelSource {
    const { network, samples } = this.model;
    const key = `${seed}/${classes}`;
    const known = this.sampled.get(key);
    if (known !== undefined) return known;
    const made = sampleChannels(network, samples, this.engine, seed, stage && stageClasses(stage));
    this.sampled.set(key, made);
    return made;
  }
}

/**
 * Plans (keys and assignments) in lists of up to eight that have much in common from the first layer on; `lanes` lists
 * are measured at a time, and there are as many for each.
 */
export function plansTogether(
  network: FloatNetwork,
  plans: readonly (readonly [string, BitAssignment])[],
  lanes: number,
): (readonly string[])[] {
  const widths = new Map(plans.map(([key, assignment]) => [key, widthsByLayer(network, assignment)]));
  const keys = [...widths.keys()].sort((a, b) => compareText(widths.get(a)!, widths.get(b)!));
  const useful = Math.max(1, Math.min(lanes, keys.length));
  const lists = useful * Math.ceil(keys.length / (useful * PLANS_AT_ONCE));
  const start = (list: number): number => Math.ceil((list * keys.length) / lists);
  return Array.from({ length: lists }, (_, list) => keys.slice(start(list), start(list + 1)));
}

/** In the order of these texts neighbours begin alike. */
const widthsByLayer = (network: FloatNetwork, assignment: BitAssignment): string =>
  network.layers
    .map((layer) => {
      const { name } = network.tensors[layer.output]!;
      const weights = isWeighted(layer) ? weightBits(layer, assignment) : '';
      const map = Object.hasOwn(assignment.activations, name)
        ? assignment.activations[name]!
        : assignment.defaultActivationBits;
      return `${weights}${map}`;
    })
    .join(' ');

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
