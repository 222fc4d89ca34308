/**
 * What storing single feature maps, parts of them, or a layer's weights in fewer bits does to the scores: the
 * noise-to-signal ratio against the float network, each on its own. Noise of several together is close to the sum.
 *
 * Only layers behind the change are computed: every sample is run once in full precision, then the trials go from
 * the last layer to the first, so that what lies in front of a change is always clean.
 */
import { createFloatRunner } from '../calibrate/run-float.js';
import type { FloatNetwork, FloatRunner, FloatSample, MapQuantization } from '../ir/float-network.js';
import { scoreTensors } from '../quantize/score-noise.js';
import { badInput } from '../support/errors.js';

export interface NoiseTrial {
  /** By tensor how it is rounded; network inputs cannot be. */
  readonly maps?: ReadonlyMap<number, MapQuantization>;
  /** By layer what stands in for its weights and bias. */
  readonly weights?: ReadonlyMap<number, { readonly weights: Float32Array; readonly bias: Float32Array }>;
}

/**
 * By trial Σ (score − float score)² / Σ (float score − its mean over the output)², over samples and outputs.
 * Deterministic: a trial's figure does not depend on the others. Errors: `input` when there are no samples.
 */
export function logitNoise(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  trials: readonly NoiseTrial[],
): Float64Array {
  const { noise, signal } = noiseSums(network, samples, trials);
  return signal > 0 ? noise.map((sum) => sum / signal) : noise;
}

export interface NoiseSums {
  /** By trial, over samples and outputs. */
  readonly noise: Float64Array;
  readonly signal: number;
}

/** The two sums of `logitNoise`: those of several sets of samples may be added. */
export function noiseSums(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  trials: readonly NoiseTrial[],
): NoiseSums {
  if (samples.length === 0)
    throw badInput('noise/no-samples', 'there are no samples', { where: network.name });
  const runner = createFloatRunner(network);
  const scores = scoreTensors(network);
  const prepared = trials
    .map((trial, index) => ({ trial, index, first: undefined, ...startOf(trial, network) }))
    .sort((a, b) => b.start - a.start || a.index - b.index);
  const noise = new Float64Array(trials.length);
  let signal = 0;
  for (const sample of samples) {
    runner.run(sample);
    const reference = scores.map((id) => runner.map(id).slice());
    for (const values of reference) signal += energyAroundMean(values);
    for (const { trial, index, start, first } of prepared) {
      const undo = applyTrial(runner, trial, first);
      runner.run(sample, { from: start });
      scores.forEach((id, output) => {
        noise[index] = noise[index]! + squaredDistance(runner.map(id), reference[output]!);
      });
      undo();
    }
  }
  return { noise, signal };
}

/** The first layer to run again, and the map in front of it that is rounded where it stands. */
function startOf(
  { maps, weights }: NoiseTrial,
  { layers }: FloatNetwork,
): { readonly start: number; readonly first?: number } {
  const writers = new Map(layers.map((layer, i) => [layer.output, i]));
  const firstWeights = Math.min(layers.length, ...(weights?.keys() ?? []));
  const [first] = [...(maps?.keys() ?? [])].sort((a, b) => writers.get(a)! - writers.get(b)!);
  if (first === undefined || firstWeights <= writers.get(first)!) return { start: firstWeights };
  return { start: writers.get(first)! + 1, first };
}

/** Makes the change; what is returned takes it back. */
function applyTrial(
  runner: FloatRunner,
  { maps, weights }: NoiseTrial,
  first: number | undefined,
): () => void {
  const later = [...(maps ?? [])].filter(([tensor]) => tensor !== first);
  for (const [tensor, how] of later) runner.setFakeQuantization(tensor, how);
  for (const [layer, values] of weights ?? []) runner.setWeights(layer, values);
  const clean = first === undefined ? undefined : runner.map(first).slice();
  if (first !== undefined) runner.roundMap(first, maps!.get(first)!);
  return () => {
    if (first !== undefined) runner.map(first).set(clean!);
    for (const [tensor] of later) runner.setFakeQuantization(tensor, undefined);
    for (const layer of weights?.keys() ?? []) runner.setWeights(layer, undefined);
  };
}

function energyAroundMean(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
