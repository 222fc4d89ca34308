/** Logit noise of single changes against whole runs with that change, and of parts of maps against the reference. */
import { describe, expect, it } from 'vitest';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { logitNoise, type NoiseTrial } from '../../../src/evaluate/logit-noise.js';
import type {
  FakeQuantization,
  FloatNetwork,
  FloatRunner,
  FloatSample,
} from '../../../src/ir/float-network.js';
import type { Region } from '../../../src/ir/region.js';
import { floatReference } from '../../../src/ops/float-reference.js';
import { createRandom } from '../../../src/support/random.js';
import { randomFloatNetwork, randomFloatSamples } from '../../support/random-float-network.js';

const COARSE: FakeQuantization = { scale: 0.25, zeroPoint: 7, min: 0, max: 15 };

const perChannel = (channels: number): FakeQuantization => ({
  ...COARSE,
  channelScales: Array.from({ length: channels }, (_, c) => 0.5 + c),
});

type Scores = readonly Float32Array[];

/** Σ (changed − float)² / Σ (float − mean)² of the output. */
function noiseBetween(expected: Scores, got: Scores): number {
  let [noise, signal] = [0, 0];
  expected.forEach((scores, s) => {
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    scores.forEach((x, i) => {
      noise += (got[s]![i]! - x) ** 2;
      signal += (x - mean) ** 2;
    });
  });
  return noise / signal;
}

/** The output of every sample, run from the first layer to the last. */
function runWhole(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  prepare: (runner: FloatRunner) => void,
): Scores {
  const runner = createFloatRunner(network);
  prepare(runner);
  return samples.map((sample) => {
    runner.run(sample);
    return runner.map(network.outputs[0]!.tensor).slice();
  });
}

/** The same by the slow reference, with every map passed through `change`. */
function runSlowly(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  change: (tensor: number, map: Float32Array) => Float32Array,
): Scores {
  return samples.map((sample) => {
    const maps: Float32Array[] = [sample[0]!];
    const context = { tensors: network.tensors, map: (id: number) => maps[id]! };
    for (const layer of network.layers)
      maps[layer.output] = change(layer.output, floatReference(layer, context));
    return maps[network.outputs[0]!.tensor]!;
  });
}

function rounded(
  x: number,
  { scale, zeroPoint, min, max, channelScales }: FakeQuantization,
  c: number,
): number {
  const own = scale * (channelScales?.[c] ?? 1);
  const nearest = Math.round(x / own);
  return own * Math.min(max - zeroPoint, Math.max(min - zeroPoint, nearest));
}

describe('logitNoise', () => {
  it('gives the figures of whole runs, whatever else is tried', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createRandom(seed);
      const network = randomFloatNetwork(random);
      const samples = randomFloatSamples(network, random, 2);
      const tensors = network.layers.map((layer) => layer.output);
      const trials = tensors.map((id): NoiseTrial => ({ maps: new Map([[id, COARSE]]) }));
      const all = [...trials, { maps: new Map(tensors.map((id) => [id, COARSE] as const)) }];
      const found = logitNoise(network, samples, all);
      all.forEach((trial, i) => {
        const expected = noiseBetween(
          runWhole(network, samples, () => {}),
          runWhole(network, samples, (runner) => {
            for (const [id, how] of trial.maps!) runner.setFakeQuantization(id, how);
          }),
        );
        expect(found[i], `seed ${seed}, trial ${i}`).toBeCloseTo(expected, 10);
        expect(found[i]).toBe(logitNoise(network, samples, [trial])[0]);
      });
      expect(found.at(-1)).toBeGreaterThan(0);
    }
  });

  it('rounds the pixels of regions only, every channel on its own scale', () => {
    const random = createRandom(5);
    const network = randomFloatNetwork(random);
    const samples = randomFloatSamples(network, random, 3);
    const { output } = network.layers[0]!;
    const [, width, channels] = network.tensors[output]!.shape;
    const regions: readonly Region[] = [
      { y0: 0, y1: 2, x0: 0, x1: width },
      { y0: 3, y1: 5, x0: 1, x1: 3 },
    ];
    const grid = perChannel(channels);
    const [found] = logitNoise(network, samples, [
      { maps: new Map([[output, regions.map((region) => ({ region, grid }))]]) },
    ]);
    const inside = (pixel: number): boolean => {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      return regions.some((r) => y >= r.y0 && y < r.y1 && x >= r.x0 && x < r.x1);
    };
    const expected = noiseBetween(
      runSlowly(network, samples, (_, map) => map),
      runSlowly(network, samples, (id, map) =>
        id === output
          ? map.map((x, i) => (inside(Math.floor(i / channels)) ? rounded(x, grid, i % channels) : x))
          : map,
      ),
    );
    expect(expected).toBeGreaterThan(0);
    expect(found).toBeCloseTo(expected, 5);
  });

  it('takes other weights for a layer and gives the own ones back', () => {
    const random = createRandom(3);
    const network = randomFloatNetwork(random);
    const samples = randomFloatSamples(network, random, 2);
    const index = network.layers.length - 1;
    const layer = network.layers[index]!;
    if (!('weights' in layer)) throw new Error('the last layer has no weights');
    const halved = { weights: layer.weights.map((w) => w / 2), bias: layer.bias };
    const changed: FloatNetwork = {
      ...network,
      layers: network.layers.map((l, i) => (i === index ? { ...layer, ...halved } : l)),
    };
    const [withTrial, none] = logitNoise(network, samples, [{ weights: new Map([[index, halved]]) }, {}]);
    const expected = noiseBetween(
      runWhole(network, samples, () => {}),
      runWhole(changed, samples, () => {}),
    );
    expect(expected).toBeGreaterThan(0);
    expect(withTrial).toBeCloseTo(expected, 10);
    expect(none).toBe(0);
  });
});
