/** Values of feature maps at sampled positions, kept per tensor: what factors and grids per channel are fitted to. */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';
import { createRandom } from '../support/random.js';
import { samplePositions } from './layer-inputs.js';

/** Rows of sampled pixels, [rows][channels]. */
export interface ChannelSamples {
  readonly channels: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** Pixels per tensor over all samples: enough to place the end of a range, cheap to search. */
const ROWS_WANTED = 1536;

/** Samples of the tensors in `wanted`; undefined for the others. */
export function collectChannels(
  network: FloatNetwork,
  runner: FloatRunner,
  samples: readonly FloatSample[],
  wanted: ReadonlySet<number>,
  seed: number,
): (ChannelSamples | undefined)[] {
  const perSample = Math.max(1, Math.ceil(ROWS_WANTED / samples.length));
  const rows = network.tensors.map((): Float32Array[] => []);
  samples.forEach((sample, s) => {
    runner.run(sample);
    for (const id of wanted) {
      const [h, w, channels] = network.tensors[id]!.shape;
      const map = runner.map(id);
      const random = createRandom(seed + 7919 * s + id);
      for (const p of samplePositions(h * w, perSample, random))
        rows[id]!.push(map.slice(p * channels, (p + 1) * channels));
    }
  });
  return network.tensors.map(({ id, shape }) => {
    if (!wanted.has(id)) return undefined;
    const channels = shape[2];
    const values = new Float32Array(rows[id]!.length * channels);
    rows[id]!.forEach((row, i) => {
      values.set(row, i * channels);
    });
    return { channels, rows: rows[id]!.length, values };
  });
}
