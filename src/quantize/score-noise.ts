/**
 * How far a quantised network's scores lie from the float network's, on given samples: the noise-to-signal ratio
 * that decides between methods, and that predicts lost accuracy better than anything else that needs no labels.
 */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';
import { isWeighted } from '../ir/float-network.js';
import { mapQuantization, type StoredMap } from './activation-grids.js';
import type { QuantizedWeights } from './quantize-layer.js';
import { realWeights } from './quantize-weights.js';

/** Tensors to compare: network outputs, and in place of probabilities the scores in front of their softmax. */
export function scoreTensors(network: FloatNetwork): readonly number[] {
  return network.outputs.map(({ tensor }) => {
    const source = network.layers.find((layer) => layer.output === tensor);
    return source?.op === 'softmax' ? source.inputs[0]! : tensor;
  });
}

/** Makes a runner compute what the plan computes, up to rounding of ties: stored maps and integer weights. */
export function applyQuantization(
  runner: FloatRunner,
  stored: readonly StoredMap[],
  weights: readonly (QuantizedWeights | undefined)[],
): void {
  const { network } = runner;
  for (const { id } of network.tensors) runner.setFakeQuantization(id, mapQuantization(stored[id]!));
  network.layers.forEach((layer, i) => {
    const own = weights[i];
    if (!isWeighted(layer) || own === undefined) return;
    runner.setWeights(i, realWeights(layer, own, stored[layer.inputs[0]!]!.grid.channelScales));
  });
}

/** Copies of the scores of every sample. */
export function collectScores(runner: FloatRunner, samples: readonly FloatSample[]): Float32Array[][] {
  const tensors = scoreTensors(runner.network);
  return samples.map((sample) => {
    runner.run(sample);
    return tensors.map((id) => runner.map(id).slice());
  });
}

/** Σ (score − reference)² / Σ (reference − its mean)², over all samples and outputs. */
export function noiseToSignal(
  reference: readonly (readonly Float32Array[])[],
  scores: readonly (readonly Float32Array[])[],
): number {
  let [noise, signal] = [0, 0];
  reference.forEach((outputs, s) => {
    outputs.forEach((expected, o) => {
      const got = scores[s]![o]!;
      const mean = expected.reduce((a, b) => a + b, 0) / expected.length;
      for (let i = 0; i < expected.length; i++) {
        noise += (got[i]! - expected[i]!) ** 2;
        signal += (expected[i]! - mean) ** 2;
      }
    });
  });
  return signal > 0 ? noise / signal : noise;
}
