/**
 * Where accuracy goes: a float network and its plan on the same samples. Per feature map SQNR and cosine, accuracy
 * and agreement with a paired confidence interval, and for the worst narrow maps what storing each at 8 bits would
 * win back. The plan runs on the integer engine; only that last question is answered by the float engine with
 * rounded maps.
 */
import { createFloatRunner } from '../calibrate/run-float.js';
import { FidelityMeter } from '../compare/fidelity.js';
import { type PairedDifference, pairedDifference } from '../compare/paired-statistics.js';
import { inputSpec, storeReals } from '../data/input-spec.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { unpackActivation } from '../ops/plan-access.js';
import { noiseToSignal, scoreTensors } from '../quantize/score-noise.js';
import { rankOf } from '../report/simulate-report.js';
import type { SimulationEngine } from '../simulate/engine.js';
import { badInput } from '../support/errors.js';
import { fillWith } from '../support/typed-arrays.js';
import { type RestoredMap, restoreMaps } from './restore-maps.js';

export interface LabelledSample {
  readonly values: FloatSample;
  readonly label?: number;
}

export interface MapFidelity {
  readonly name: string;
  readonly bits: number;
  readonly sqnrDb: number;
  readonly cosine: number;
}

export interface AccuracyComparison {
  readonly n: number;
  /** Same best class, in percent. */
  readonly agreement: number;
  /** Present when every sample has a label; first is the float network, second the plan. */
  readonly top1?: PairedDifference;
  readonly top5?: PairedDifference;
  /** Of the scores (in front of a final softmax), over all samples. */
  readonly scoreSqnrDb: number;
  /** In order of computation; maps that exist in both networks. */
  readonly maps: readonly MapFidelity[];
  /** The ten with the lowest SQNR, worst first. */
  readonly worst: readonly MapFidelity[];
  /** The ten narrow maps with the lowest SQNR, worst first: what 8 bits would win. */
  readonly restored: readonly RestoredMap[];
}

export interface CompareOptions {
  readonly engine: SimulationEngine;
  /** Samples whose feature maps are compared, from the front (they cost far more than scores). Default 32. */
  readonly mapSamples?: number;
  /** What the float network says of samples, filled here: for several plans of one network. */
  readonly known?: Map<LabelledSample, FloatResult>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Scores in front of a softmax, and the first output. */
export interface FloatResult {
  readonly scores: readonly Float32Array[];
  readonly output: Float32Array;
}

const WORST = 10;

/** Errors: `input` when there are no samples or plan and network do not belong together. */
export async function compareAccuracy(
  network: FloatNetwork,
  plan: DeployPlan,
  samples: readonly LabelledSample[],
  options: CompareOptions,
): Promise<AccuracyComparison> {
  if (samples.length === 0)
    throw badInput('compare/no-samples', 'there are no samples', { where: plan.name });
  const pairs = commonMaps(network, plan);
  const gathered = await runBoth(network, plan, samples, pairs, options);
  const maps = pairs.map(({ planTensor }, i): MapFidelity => {
    const { name, bits } = plan.tensors[planTensor]!;
    return { name, bits, sqnrDb: gathered.meters[i]!.sqnrDb, cosine: gathered.meters[i]!.cosine };
  });
  const ranked = [...maps].sort((a, b) => a.sqnrDb - b.sqnrDb);
  const worst = ranked.slice(0, WORST);
  const some = samples.slice(0, options.mapSamples ?? 32).map((sample) => sample.values);
  // Noise runs downstream: the narrow map that causes it is often less noisy itself than the 8-bit maps behind it.
  const narrow = ranked
    .filter((map) => map.bits < 8)
    .slice(0, WORST)
    .map((map) => map.name);
  return {
    n: samples.length,
    ...accuracies(samples, gathered),
    scoreSqnrDb: -10 * Math.log10(noiseToSignal(gathered.floatScores, gathered.planScores)),
    maps,
    worst,
    restored: narrow.length === 0 ? [] : restoreMaps(network, plan, some, narrow),
  };
}

interface MapPair {
  readonly floatTensor: number;
  readonly planTensor: number;
}

/** Tensors of the same name and shape. */
function commonMaps(network: FloatNetwork, plan: DeployPlan): MapPair[] {
  const planTensorOf = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
  const pairs = network.tensors.flatMap(({ id, name, shape }) => {
    const found = planTensorOf.get(name);
    const same = found?.shape.every((size, axis) => size === shape[axis]) ?? false;
    return found !== undefined && same ? [{ floatTensor: id, planTensor: found.id }] : [];
  });
  if (pairs.length > 0) return pairs;
  throw badInput('compare/networks', 'the plan and the float network have no feature map in common', {
    where: plan.name,
    fix: 'Compare a plan with the model that it was made from.',
  });
}

interface Gathered {
  readonly meters: readonly FidelityMeter[];
  readonly floatScores: (readonly Float32Array[])[];
  readonly planScores: Float32Array[][];
  /** First output of either network. */
  readonly floatOutputs: Float32Array[];
  readonly planOutputs: Int32Array[];
}

async function runBoth(
  network: FloatNetwork,
  plan: DeployPlan,
  samples: readonly LabelledSample[],
  pairs: readonly MapPair[],
  options: CompareOptions,
): Promise<Gathered> {
  const runner = createFloatRunner(network);
  const loaded = await options.engine.load(plan);
  const meters = pairs.map(() => new FidelityMeter());
  const gathered: Gathered = { meters, floatScores: [], planScores: [], floatOutputs: [], planOutputs: [] };
  const scores = scoreTensors(network);
  const planScores = scores.map((id) => pairs.find((pair) => pair.floatTensor === id)?.planTensor);
  const mapSamples = options.mapSamples ?? 32;
  const floatResult = (sample: LabelledSample, mapsWanted: boolean): FloatResult => {
    const known = options.known?.get(sample);
    if (known !== undefined && !mapsWanted) return known;
    runner.run(sample.values);
    const copy = (id: number) => runner.map(id).slice();
    const result = { scores: scores.map(copy), output: copy(network.outputs[0]!.tensor) };
    options.known?.set(sample, result);
    return result;
  };
  samples.forEach((sample, s) => {
    const { values } = sample;
    const float = floatResult(sample, s < mapSamples);
    const inputs = values.map((real, i) => storeReals(real, inputSpec(plan, i)));
    const own: Float32Array[] = [];
    const outputs = loaded.run(inputs, (_step, id, bytes) => {
      const pair = pairs.findIndex(({ planTensor }) => planTensor === id);
      const score = planScores.indexOf(id);
      if (score < 0 && (pair < 0 || s >= mapSamples)) return;
      const actual = realMap(plan, id, bytes);
      if (score >= 0) own[score] = actual;
      if (pair >= 0 && s < mapSamples) meters[pair]!.add(runner.map(pairs[pair]!.floatTensor), actual);
    });
    gathered.floatScores.push(float.scores.map((values, i) => (own[i] === undefined ? EMPTY : values)));
    gathered.planScores.push(scores.map((_, i) => own[i] ?? EMPTY));
    gathered.floatOutputs.push(float.output);
    gathered.planOutputs.push(unpackActivation(plan.tensors[plan.outputs[0]!.tensor]!, outputs[0]!));
    options.onProgress?.(s + 1, samples.length);
  });
  loaded.dispose?.();
  return gathered;
}

const EMPTY = new Float32Array(0);

/** The real values that packed bytes stand for. */
function realMap(plan: DeployPlan, id: number, bytes: Uint8Array): Float32Array {
  const tensor = plan.tensors[id]!;
  const { scale, zeroPoint, channelScales } = tensor;
  const stored = unpackActivation(tensor, bytes);
  const values = new Float32Array(stored.length);
  if (channelScales === undefined) return fillWith(values, (i) => scale * (stored[i]! - zeroPoint));
  return fillWith(values, (i) => scale * channelScales[i % channelScales.length]! * (stored[i]! - zeroPoint));
}

function accuracies(samples: readonly LabelledSample[], { floatOutputs, planOutputs }: Gathered) {
  const best = (scores: ArrayLike<number>): number => {
    let at = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[at]!) at = i;
    return at;
  };
  const same = floatOutputs.filter((scores, s) => best(scores) === best(planOutputs[s]!)).length;
  const agreement = (100 * same) / samples.length;
  const labels = samples.map((sample) => sample.label);
  if (labels.some((label) => label === undefined)) return { agreement };
  const within = (outputs: readonly ArrayLike<number>[], k: number): boolean[] =>
    outputs.map((scores, s) => rankOf(scores, labels[s]!) < k);
  const top = (k: number): PairedDifference =>
    pairedDifference(within(floatOutputs, k), within(planOutputs, k));
  return { agreement, top1: top(1), top5: top(5) };
}
