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

/** Pixels per tensor over all samples: the more the better the ends of ranges, within a budget of values. */
const FEWEST_ROWS = 1024;
const MOST_ROWS = 4096;
const VALUE_BUDGET = 2 ** 24;

/** Samples of the tensors in `wanted`; undefined for the others. */
export function collectChannels(
  network: FloatNetwork,
  runner: FloatRunner,
  samples: readonly FloatSample[],
  wanted: ReadonlySet<number>,
  seed: number,
): (ChannelSamples | undefined)[] {
  const channelsWanted = [...wanted].reduce((sum, id) => sum + network.tensors[id]!.shape[2], 0);
  const wantedRows = Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, VALUE_BUDGET / channelsWanted));
  const perSample = Math.max(1, Math.ceil(wantedRows / samples.length));
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
