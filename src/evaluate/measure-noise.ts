/** Logit noise of many trials, image by image: every image is kept, so that an interrupted measurement goes on. */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { type Cache, contentKey } from '../support/cache.js';
import { type NoiseTrial, noiseSums } from './logit-noise.js';

export interface NoiseRequest {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly trials: readonly NoiseTrial[];
  readonly cache: Cache;
  /** What the trials were made from: model, calibration, options. */
  readonly identity: string;
  readonly onImage?: (done: number, total: number) => void;
}

/** Noise-to-signal ratio per trial, as `logitNoise` gives it. */
export async function measureNoise(request: NoiseRequest): Promise<readonly number[]> {
  const { network, samples, trials, cache, identity, onImage } = request;
  const sums = trials.map(() => 0);
  let [signal, done] = [0, 0];
  for (const sample of samples) {
    const key = contentKey(['logit noise 2', identity, ...sample.map(bytesOf)]);
    const image = await cache.json(key, () => {
      const own = noiseSums(network, [sample], trials);
      return { signal: own.signal, noise: [...own.noise] };
    });
    signal += image.signal;
    image.noise.forEach((noise, i) => {
      sums[i] = sums[i]! + noise;
    });
    onImage?.(++done, samples.length);
  }
  return signal > 0 ? sums.map((sum) => sum / signal) : sums;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
