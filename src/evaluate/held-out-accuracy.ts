/**
 * What a quantised plan does to the answers on images that it was not fitted to: quantised on half of the calibration
 * images and compared with the float network on the other half, and the other way round. On the images that weights
 * were refitted to a plan looks better than it is.
 */
import { type FloatNetwork, type FloatSample, isWeighted } from '../ir/float-network.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { ChannelSource } from '../quantize/channel-factors.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  type QuantizeResult,
  sampleChannels,
} from '../quantize/quantize.js';
import { weightBits } from '../quantize/quantize-weights.js';
import { applyQuantization, collectScores } from '../quantize/score-noise.js';
import { type Cache, contentKey } from '../support/cache.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type AccuracyPrediction, compareScores } from './predict-accuracy.js';
import { createFloatEngine, quantizeAllCalibrated, quantizeBranches } from './quantize-model.js';
import { type StagedRequest, stageClasses } from './quantize-staged.js';
import { type ClassedStage, stagedRequest } from './search-classes.js';
import { createPool, type Task } from './task-pool.js';

export interface PlanOptions {
  readonly seed: number;
  readonly reconstruction?: QuantizeOptions['reconstruction'];
}

const PARTS = 2;

interface HeldOutRequest {
  readonly assignments: readonly BitAssignment[];
  readonly options: Required<PlanOptions>;
}

type Compare = (request: HeldOutRequest) => Promise<readonly AccuracyPrediction[]>;

/** A request is a few plans: what they have in common is quantised once. */
export const heldOutTask: Task<CalibratedModel, HeldOutRequest, readonly AccuracyPrediction[]> = {
  name: 'held-out accuracy',
  load: (model) => {
    const plans = new HeldOutPlans(model);
    return { run: ({ assignments, options }) => plans.compareAll(assignments, options) };
  },
};

/**
 * Eight plans that change one width each share seven eighths of what lies in front of their changes. More would win
 * little, and an interrupted run loses the plans that it was at.
 */
const PLANS_AT_ONCE = 8;

export class HeldOutAccuracy {
  private readonly plans: HeldOutPlans;

  constructor(
    private readonly model: CalibratedModel,
    private readonly cache: Cache,
  ) {
    this.plans = new HeldOutPlans(model);
  }

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
    return this.cache.json(this.keyOf(assignment, how, classed), () =>
      this.plans.compare(assignment, how, classed),
    );
  }

  /**
   * Each as `measure` has it, in their order; threads share the plans. Each is in the cache before it counts as done; of
   * the few that are quantised together none is where one fails.
   * @param onPlans of different plans
   */
  async measureAll(
    assignments: readonly BitAssignment[],
    options: PlanOptions,
    threads: number,
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
    const chunks = plansTogether(this.model.network, missing, threads);
    await this.shareOut(chunks, threads, async (own, compare) => {
      const found = await compare({ assignments: own.map((key) => plans.get(key)!), options: how });
      for (const [i, key] of own.entries()) known.set(key, await this.cache.json(key, () => found[i]!));
      onPlans?.(known.size, plans.size);
    });
    return keys.map((key) => known.get(key)!);
  }

  /** Every thread goes on until no chunk is left. */
  private async shareOut(
    chunks: (readonly string[])[],
    threads: number,
    measure: (own: readonly string[], compare: Compare) => Promise<void>,
  ): Promise<void> {
    const goOn = async (compare: Compare): Promise<void> => {
      for (let own = chunks.shift(); own !== undefined; own = chunks.shift()) await measure(own, compare);
    };
    const count = Math.min(threads, chunks.length);
    if (count <= 1) {
      await goOn(async ({ assignments, options }) => this.plans.compareAll(assignments, options));
      return;
    }
    const pool = await createPool(heldOutTask, this.model, count);
    try {
      await Promise.all(Array.from({ length: count }, () => goOn((request) => pool.run(request))));
    } finally {
      await pool.close();
    }
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

/** Quantises plans and holds them against the float network, on this thread. */
class HeldOutPlans {
  private readonly engine = createFloatEngine();
  private floatScores: Float32Array[][] | undefined;
  /** By the seed and the classes that they were sampled for. */
  private readonly sampled = new Map<string, ChannelSource>();

  constructor(private readonly model: CalibratedModel) {}

  compareAll(
    assignments: readonly BitAssignment[],
    options: Required<PlanOptions>,
  ): readonly AccuracyPrediction[] {
    return this.compareWith(options, undefined, '', (model, how) =>
      quantizeAllCalibrated(model, assignments, how),
    );
  }

  compare(
    assignment: BitAssignment,
    options: Required<PlanOptions>,
    classed: ClassedStage | undefined,
  ): AccuracyPrediction {
    if (classed === undefined) return this.compareAll([assignment], options)[0]!;
    const stage = stagedRequest(this.model.network, classed, assignment);
    return this.compareWith(options, stage, classed.key, (model, how) => [
      quantizeBranches(model, stage, how),
    ])[0]!;
  }

  /** Every sample's scores are those of the plan that it was held out of. */
  private compareWith(
    options: Required<PlanOptions>,
    stage: StagedRequest | undefined,
    classes: string,
    quantize: (model: CalibratedModel, how: Partial<QuantizeOptions>) => readonly QuantizeResult[],
  ): readonly AccuracyPrediction[] {
    const { network, samples } = this.model;
    const parts = Array.from({ length: Math.min(PARTS, samples.length) }, (_, part) => part);
    const runner = this.engine.createRunner(network);
    const byPart = parts.map((part) => {
      const isHeldOut = (_: FloatSample, s: number): boolean => s % parts.length === part;
      const heldOut = samples.filter(isHeldOut);
      const fitted = parts.length > 1 ? samples.filter((x, s) => !isHeldOut(x, s)) : samples;
      const how = { ...options, channels: this.channels(options.seed, stage, classes) };
      return quantize({ ...this.model, samples: fitted }, how).map(({ stored, weights }) => {
        applyQuantization(runner, stored, weights);
        return collectScores(runner, heldOut);
      });
    });
    return byPart[0]!.map((_, plan) => {
      const scores = samples.map((_, s) => byPart[s % parts.length]![plan]![Math.floor(s / parts.length)]!);
      return compareScores(this.reference(), scores);
    });
  }

  private reference(): readonly Float32Array[][] {
    const { network, samples } = this.model;
    this.floatScores ??= collectScores(this.engine.createRunner(network), samples);
    return this.floatScores;
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
 * Plans (keys and assignments) in lists of up to eight that have much in common from the first layer on, equally many
 * lists for every thread.
 */
export function plansTogether(
  network: FloatNetwork,
  plans: readonly (readonly [string, BitAssignment])[],
  threads: number,
): (readonly string[])[] {
  const widths = new Map(plans.map(([key, assignment]) => [key, widthsByLayer(network, assignment)]));
  const keys = [...widths.keys()].sort((a, b) => compareText(widths.get(a)!, widths.get(b)!));
  const lanes = Math.max(1, Math.min(threads, keys.length));
  const lists = lanes * Math.ceil(keys.length / (lanes * PLANS_AT_ONCE));
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
