/**
 * FloatNetwork + Ranges + BitAssignment → DeployPlan, post-training and from calibration images alone.
 *
 * Feature maps: grids of least squared error, narrow ones with their channels scaled apart. Weights: per output
 * channel, rounded with error compensation at 4 bits and less, mean errors put into the bias. Reconstruction by
 * sequential least squares is taken when it lowers the noise of the scores on calibration images held out.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { BitAssignment, Ranges, StageClasses } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { badInput } from '../support/errors.js';
import { activationGrids, type StoredMap } from './activation-grids.js';
import type { ChannelSource } from './channel-factors.js';
import { channelGroups } from './channel-groups.js';
import { type ChannelRequest, type ChannelSamples, collectChannels } from './channel-samples.js';
import { emitPlans } from './emit-plan.js';
import type { QuantizedWeights } from './quantize-layer.js';
import {
  type FloatEngine,
  quantizePlans,
  type Reconstruction,
  type WeightOptions,
} from './quantize-weights.js';
import { applyQuantization, collectScores, noiseToSignal } from './score-noise.js';
import type { RangeMethod } from './value-grids.js';

export interface QuantizeOptions {
  readonly ranges: RangeMethod;
  /** Scales channels of 4- and 2-bit maps apart where the network allows it. */
  readonly channelScales: boolean;
  /** Widest weights that are rounded with error compensation; 0 rounds all to the nearest. */
  readonly compensateUpTo: Width | 0;
  /** `auto` compares the others on held-out calibration samples. */
  readonly reconstruction: Reconstruction | { readonly kind: 'auto' };
  readonly seed: number;
  /** Sampled values of the same network, samples, seed and stage, where they are at hand. */
  readonly channels?: ChannelSource;
  readonly onProgress?: (what: string) => void;
}

export const DEFAULT_QUANTIZE_OPTIONS: QuantizeOptions = {
  ranges: { kind: 'mse' },
  channelScales: true,
  compensateUpTo: 4,
  reconstruction: { kind: 'auto' },
  seed: 1,
};

/** What `auto` chooses from, the cheapest first. */
const CANDIDATES: readonly Reconstruction[] = [{ kind: 'none' }, { kind: 'sequential' }];
/**
 * Refitting has to do clear harm before it is dropped: on a few dozen held-out samples the noise itself varies by
 * a decibel, and refitting helped on every network that we have measured but for chance.
 */
const HARM = 1.25;
/**
 * Noise-to-signal ratio (20 dB) below which nothing is refitted: so little noise changes few decisions, and refitting
 * would fit the calibration samples more than the network.
 */
const QUIET = 0.01;
/**
 * Every eighth sample is held out where that makes `ENOUGH_HELD_OUT`, and weights that were refitted to the others are
 * kept: fitting again with all took as long as everything else and won 0.6 to −0.3 dB of score SQNR, 0.05 on average
 * over six rows of the table with 8-bit weights. Of fewer samples every fourth is held out, and all are fitted to in the
 * end: 100 of keyword spotting lost 0.3 dB without.
 */
const [FEW_HELD_OUT, MOST_HELD_OUT, ENOUGH_HELD_OUT] = [8, 4, 16];
/** Below this many samples a split says nothing; the simplest method is taken. */
const MIN_SAMPLES_TO_SPLIT = 16;

export interface Trial {
  readonly reconstruction: Reconstruction;
  /** Noise-to-signal ratio of the scores on held-out samples. */
  readonly noise: number;
  /** Fitted to the other samples. */
  readonly weights: readonly (QuantizedWeights | undefined)[];
}

export interface QuantizeResult {
  readonly plan: DeployPlan;
  /** By class of branches, whole networks that differ inside the stage only; without a stage just `plan`. */
  readonly plans: readonly DeployPlan[];
  readonly stored: readonly StoredMap[];
  /** One per layer; undefined for layers without weights. */
  readonly weights: readonly (QuantizedWeights | undefined)[];
  readonly reconstruction: Reconstruction;
  /** What `auto` measured. */
  readonly trials: readonly Trial[];
}

/**
 * Quantises a network. `samples` are calibration samples in real values; with `stage`, maps inside a patch stage are
 * stored by class of branches, and there is a plan per class (src/quantize/emit-plan.ts).
 * Errors: `input` for ranges or names that do not fit the network or when there are no samples, `limit` where an
 * accumulator could overflow.
 */
export const quantizeNetwork = (
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  samples: readonly FloatSample[],
  engine: FloatEngine,
  options: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
  stage?: StageClasses,
): QuantizeResult => quantizeAssignments(network, ranges, [assignment], samples, engine, options, stage)[0]!;

/** The same for every assignment, in their order: what their plans have in common is done once (plan-tree.ts). */
export function quantizeAssignments(
  network: FloatNetwork,
  ranges: Ranges,
  assignments: readonly BitAssignment[],
  samples: readonly FloatSample[],
  engine: FloatEngine,
  options: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
  stage?: StageClasses,
): readonly QuantizeResult[] {
  if (samples.length === 0)
    throw badInput('quantize/no-samples', 'there are no calibration samples', { where: network.name });
  const stored = assignments.map((own) => storeMaps(network, ranges, own, samples, engine, options, stage));
  const quantize: Quantize = (reconstruction, some, plans) => {
    options.onProgress?.(`quantising weights (${reconstruction.kind})`);
    const how = { network, samples: some, engine, options: weightOptions(options, reconstruction) };
    return quantizePlans(plans.map((p) => ({ ...how, stored: stored[p]!, assignment: assignments[p]! })));
  };
  const all = assignments.map((_, p) => p);
  const { reconstruction: asked } = options;
  const trials =
    asked.kind === 'auto' ? runTrials(network, stored, samples, engine, quantize) : all.map(() => []);
  const chosen = all.map((p) => (asked.kind === 'auto' ? bestOf(trials[p]!) : asked));
  const weights = finalWeights(chosen, trials, samples, quantize);
  return all.map((p) => {
    const plans = emitPlans(network, stored[p]!, weights[p]!, stage);
    return {
      ...{ plan: plans[0]!, plans, stored: stored[p]!, weights: weights[p]! },
      ...{ reconstruction: chosen[p]!, trials: trials[p]! },
    };
  });
}

/**
 * How every map is stored at the widths of the assignment. Sampled values are taken from `options.channels` or
 * collected. Errors: as `quantizeNetwork`.
 */
export function storeMaps(
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  samples: readonly FloatSample[],
  engine: FloatEngine,
  options: QuantizeOptions,
  stage?: StageClasses,
): readonly StoredMap[] {
  const how = { method: options.ranges, ...(stage === undefined ? {} : { stage }) };
  const plain = activationGrids(network, ranges, assignment, how);
  const isWide = (map: StoredMap): boolean => map.bits === 8 && (map.byClass ?? []).every(isWide);
  if (!options.channelScales || plain.every(isWide)) return plain;
  options.onProgress?.('scaling channels');
  const channels = options.channels ?? sampleChannels(network, samples, engine, options.seed, stage);
  return activationGrids(network, ranges, assignment, { ...how, channels });
}

/**
 * Sampled values of every map whose channels may be scaled apart: the same for all assignments.
 * @param keep what is kept of a map's samples
 */
export function sampleChannels(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  engine: FloatEngine,
  seed: number,
  stage?: StageClasses,
  keep: (sampled: ChannelSamples) => ChannelSamples = (sampled) => sampled,
): ChannelSource {
  const key = (tensor: number, ofClass?: number): string => `${tensor}/${ofClass ?? ''}`;
  const requests = new Map<string, ChannelRequest>();
  for (const tensor of channelGroups(network).flat()) {
    requests.set(key(tensor), { tensor });
    stage?.classes.forEach(({ computed }, ofClass) => {
      const regions = computed.get(tensor);
      if (regions !== undefined) requests.set(key(tensor, ofClass), { tensor, regions });
    });
  }
  const collected = collectChannels(
    network,
    engine.createRunner(network),
    samples,
    [...requests.values()],
    seed,
  );
  const known = new Map([...requests.keys()].map((name, i) => [name, keep(collected[i]!)]));
  return {
    samplesOf: (tensor, ofClass) => known.get(key(tensor, ofClass))!,
    rounding: engine.rounding,
    known: new Map(),
  };
}

function weightOptions(options: QuantizeOptions, reconstruction: Reconstruction): WeightOptions {
  return {
    reconstruction,
    compensateUpTo: options.compensateUpTo,
    seed: options.seed,
  };
}

type Weights = Trial['weights'];

/** Of the plans with these numbers. */
type Quantize = (
  reconstruction: Reconstruction,
  samples: readonly FloatSample[],
  plans: readonly number[],
) => readonly Weights[];

/** Plan by plan. */
function runTrials(
  network: FloatNetwork,
  stored: readonly (readonly StoredMap[])[],
  samples: readonly FloatSample[],
  engine: FloatEngine,
  quantize: Quantize,
): readonly Trial[][] {
  const trials = stored.map((): Trial[] => []);
  if (samples.length < MIN_SAMPLES_TO_SPLIT) return trials;
  const every = hasMany(samples.length) ? FEW_HELD_OUT : MOST_HELD_OUT;
  const heldOut = samples.filter((_, s) => s % every === every - 1);
  const fitted = samples.filter((_, s) => s % every !== every - 1);
  const reference = collectScores(engine.createRunner(network), heldOut);
  for (const reconstruction of CANDIDATES) {
    const plans = [...stored.keys()].filter((p) => trials[p]!.every(({ noise }) => noise > QUIET));
    if (plans.length === 0) break;
    quantize(reconstruction, fitted, plans).forEach((weights, i) => {
      const plan = plans[i]!;
      const runner = engine.createRunner(network);
      applyQuantization(runner, stored[plan]!, weights);
      const noise = noiseToSignal(reference, collectScores(runner, heldOut));
      trials[plan]!.push({ reconstruction, noise, weights });
    });
  }
  return trials;
}

/** Plan by plan: those of a trial where they are kept, else made from all samples. */
function finalWeights(
  chosen: readonly Reconstruction[],
  trials: readonly (readonly Trial[])[],
  samples: readonly FloatSample[],
  quantize: Quantize,
): readonly Weights[] {
  const weights = new Map<number, Weights>();
  chosen.forEach((reconstruction, p) => {
    const kept = keptWeights(reconstruction, trials[p]!, samples.length);
    if (kept !== undefined) weights.set(p, kept);
  });
  for (const reconstruction of CANDIDATES) {
    const missing = [...chosen.keys()].filter(
      (p) => !weights.has(p) && chosen[p]!.kind === reconstruction.kind,
    );
    if (missing.length === 0) continue;
    quantize(reconstruction, samples, missing).forEach((made, i) => {
      weights.set(missing[i]!, made);
    });
  }
  return chosen.map((_, p) => weights.get(p)!);
}

const hasMany = (samples: number): boolean => samples >= FEW_HELD_OUT * ENOUGH_HELD_OUT;

/** Refitted weights of a trial that are good enough to be kept. */
const keptWeights = (
  { kind }: Reconstruction,
  trials: readonly Trial[],
  samples: number,
): Trial['weights'] | undefined =>
  kind === 'sequential' && hasMany(samples)
    ? trials.find(({ reconstruction }) => reconstruction.kind === kind)?.weights
    : undefined;

function bestOf(trials: readonly Trial[]): Reconstruction {
  const noiseOf = (kind: Reconstruction['kind']): number =>
    trials.find((trial) => trial.reconstruction.kind === kind)?.noise ?? Number.POSITIVE_INFINITY;
  const refitted = noiseOf('sequential');
  return { kind: refitted <= HARM * noiseOf('none') && trials.length > 0 ? 'sequential' : 'none' };
}
