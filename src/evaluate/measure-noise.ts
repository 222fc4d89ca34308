/**
 * What single changes of a network do to its scores: logit noise per change, on a few images. A change touches one
 * feature map's storage or one layer's weights, so only the layers from there on run again.
 */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';
import { scoreTensors } from '../quantize/score-noise.js';
import { type Cache, contentKey } from '../support/cache.js';

export interface NetworkChange {
  /** First layer whose output may differ. */
  readonly firstLayer: number;
  apply(runner: FloatRunner): void;
  undo(runner: FloatRunner): void;
}

/** Sums over the scores of one image. */
export interface ImageNoise {
  /** Σ (score − mean of the scores)². */
  readonly signal: number;
  /** Σ (changed score − score)², one per change. */
  readonly noise: readonly number[];
}

export function noiseOfImage(
  runner: FloatRunner,
  sample: FloatSample,
  changes: readonly NetworkChange[],
): ImageNoise {
  runner.run(sample);
  const scores = scoreTensors(runner.network).map((id) => ({ id, values: runner.map(id).slice() }));
  const signal = scores.reduce((sum, { values }) => sum + signalOf(values), 0);
  const noise = changes.map(() => 0);
  // From the last layer to the first: what a change overwrites is never needed again.
  const order = changes.map((_, i) => i).sort((a, b) => changes[b]!.firstLayer - changes[a]!.firstLayer);
  for (const index of order) {
    const change = changes[index]!;
    change.apply(runner);
    runner.run(sample, { from: change.firstLayer });
    change.undo(runner);
    noise[index] = scores.reduce((sum, { id, values }) => sum + squaredDistance(values, runner.map(id)), 0);
  }
  return { signal, noise };
}

function signalOf(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

export interface NoiseRequest {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly changes: readonly NetworkChange[];
  readonly createRunner: (network: FloatNetwork) => FloatRunner;
  readonly cache: Cache;
  /** What the changes were made from: model, calibration, options. */
  readonly identity: string;
  readonly onImage?: (done: number, total: number) => void;
}

/** Noise-to-signal ratio per change; every image is kept in the cache, so that an interrupted run goes on. */
export async function measureNoise(request: NoiseRequest): Promise<readonly number[]> {
  const { network, samples, changes, createRunner, cache, identity, onImage } = request;
  let runner: FloatRunner | undefined;
  const images: ImageNoise[] = [];
  for (const sample of samples) {
    const key = contentKey(['logit noise 1', identity, ...sample.map(bytesOf)]);
    const image = await cache.json(key, () => {
      runner ??= createRunner(network);
      return noiseOfImage(runner, sample, changes);
    });
    images.push(image);
    onImage?.(images.length, samples.length);
  }
  const signal = images.reduce((sum, image) => sum + image.signal, 0);
  return changes.map((_, i) => {
    const noise = images.reduce((sum, image) => sum + image.noise[i]!, 0);
    return signal > 0 ? noise / signal : noise;
  });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
