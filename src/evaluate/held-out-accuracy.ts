/**
 * What a quantised plan does to the answers on images that it was not fitted to: quantised on half of the calibration
 * images and compared with the float network on the other half, and the other way round. On the images that weights
 * were refitted to a plan looks better than it is.
 */
import type { FloatSample } from '../ir/float-network.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { ChannelSource } from '../quantize/channel-factors.js';
import { DEFAULT_QUANTIZE_OPTIONS, type QuantizeOptions, sampleChannels } from '../quantize/quantize.js';
import { applyQuantization, collectScores } from '../quantize/score-noise.js';
import { type Cache, contentKey } from '../support/cache.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type AccuracyPrediction, compareScores } from './predict-accuracy.js';
import { createFloatEngine, quantizeBranches, quantizeCalibrated } from './quantize-model.js';
import { type StagedRequest, stageClasses } from './quantize-staged.js';
import { type ClassedStage, stagedRequest } from './search-classes.js';
import { createPool, type Task } from './task-pool.js';

export interface PlanOptions {
  readonly seed: number;
  readonly reconstruction?: QuantizeOptions['reconstruction'];
}

const PARTS = 2;

interface HeldOutRequest {
  readonly assignment: BitAssignment;
  readonly options: Required<PlanOptions>;
}

/** A request is one plan. */
export const heldOutTask: Task<CalibratedModel, HeldOutRequest, AccuracyPrediction> = {
  name: 'held-out accuracy',
  load: (model) => {
    const plans = new HeldOutPlans(model);
    return { run: ({ assignment, options }) => plans.compare(assignment, options) };
  },
};

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

  /** Each as `measure` has it, in their order; threads share the plans. Each is in the cache once it is done. */
  async measureAll(
    assignments: readonly BitAssignment[],
    options: PlanOptions,
    threads: number,
    onPlan?: (done: number, total: number) => void,
  ): Promise<readonly AccuracyPrediction[]> {
    const how = complete(options);
    let done = 0;
    const count = (prediction: AccuracyPrediction): AccuracyPrediction => {
      onPlan?.(++done, assignments.length);
      return prediction;
    };
    if (threads <= 1) {
      // One by one: all at once, nothing could be stored before the last was done.
      const predictions: AccuracyPrediction[] = [];
      for (const assignment of assignments) predictions.push(count(await this.measure(assignment, how)));
      return predictions;
    }
    const pool = await createPool(heldOutTask, this.model, Math.min(threads, assignments.length));
    const measure = async (assignment: BitAssignment): Promise<AccuracyPrediction> => {
      const key = this.keyOf(assignment, how);
      return count(await this.cache.json(key, () => pool.run({ assignment, options: how })));
    };
    try {
      return await Promise.all(assignments.map(measure));
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
    const key = ['held-out accuracy 1', ranges.key, how, ...(classed === undefined ? [] : [classed.key])];
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

  compare(
    assignment: BitAssignment,
    options: Required<PlanOptions>,
    classed?: ClassedStage,
  ): AccuracyPrediction {
    return compareScores(this.reference(), this.heldOutScores(assignment, options, classed));
  }

  private reference(): readonly Float32Array[][] {
    const { network, samples } = this.model;
    this.floatScores ??= collectScores(this.engine.createRunner(network), samples);
    return this.floatScores;
  }

  /** Of every sample by the plan that it was held out of, in the order of the samples. */
  private heldOutScores(
    assignment: BitAssignment,
    options: Required<PlanOptions>,
    classed?: ClassedStage,
  ): Float32Array[][] {
    const { network, samples } = this.model;
    const stage = classed && stagedRequest(network, classed, assignment);
    const parts = Array.from({ length: Math.min(PARTS, samples.length) }, (_, part) => part);
    const byPart = parts.map((part) => {
      const isHeldOut = (_: FloatSample, s: number): boolean => s % parts.length === part;
      const heldOut = samples.filter(isHeldOut);
      const fitted = parts.length > 1 ? samples.filter((x, s) => !isHeldOut(x, s)) : samples;
      const model = { ...this.model, samples: fitted };
      const how = { ...options, channels: this.channels(options.seed, stage, classed?.key) };
      const { stored, weights } =
        stage === undefined
          ? quantizeCalibrated(model, assignment, how)
          : quantizeBranches(model, stage, how);
      const runner = this.engine.createRunner(network);
      applyQuantization(runner, stored, weights);
      return collectScores(runner, heldOut);
    });
    return samples.map((_, s) => byPart[s % parts.length]![Math.floor(s / parts.length)]!);
  }

  private channels(seed: number, stage: StagedRequest | undefined, classes = ''): ChannelSource {
    const { network, samples } = this.model;
    const key = `${seed}/${classes}`;
    const known = this.sampled.get(key);
    if (known !== undefined) return known;
    const made = sampleChannels(network, samples, this.engine, seed, stage && stageClasses(stage));
    this.sampled.set(key, made);
    return made;
  }
}
