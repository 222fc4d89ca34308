/**
 * Logit noise of many trials, image by image, over threads: every image is kept, so that an interrupted measurement
 * goes on. Sums are taken in the order of the images, whichever thread is done first.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { type Cache, contentKey } from '../support/cache.js';
import { type NoiseTrial, noiseSums } from './logit-noise.js';
import { createPool, type Task } from './task-pool.js';

export interface NoiseRequest {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly trials: readonly NoiseTrial[];
  readonly cache: Cache;
  /** What the trials were made from: model, calibration, options. */
  readonly identity: string;
  readonly threads: number;
  readonly onImage?: (done: number, total: number) => void;
}

interface ImageNoise {
  readonly signal: number;
  /** By trial. */
  readonly noise: readonly number[];
}

/** A request is one image. */
export const noiseTask: Task<Pick<NoiseRequest, 'network' | 'trials'>, FloatSample, ImageNoise> = {
  name: 'logit noise',
  load: ({ network, trials }) => ({
    run(sample) {
      const { signal, noise } = noiseSums(network, [sample], trials);
      return { signal, noise: [...noise] };
    },
  }),
};

/** Noise-to-signal ratio per trial, as `logitNoise` gives it. */
export async function measureNoise(request: NoiseRequest): Promise<readonly number[]> {
  const { network, samples, trials, cache, identity, onImage } = request;
  const threads = Math.min(request.threads, samples.length);
  const pool = await createPool(noiseTask, { network, trials }, threads);
  let done = 0;
  const measure = async (sample: FloatSample): Promise<ImageNoise> => {
    const key = contentKey(['logit noise 2', identity, ...sample.map(bytesOf)]);
    const image = await cache.json(key, () => pool.run(sample));
    onImage?.(++done, samples.length);
    return image;
  };
  try {
    const images = await Promise.all(samples.map(measure));
    const signal = images.reduce((sum, image) => sum + image.signal, 0);
    const sums = trials.map((_, i) => images.reduce((sum, { noise }) => sum + noise[i]!, 0));
    return signal > 0 ? sums.map((sum) => sum / signal) : sums;
  } finally {
    await pool.close();
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
