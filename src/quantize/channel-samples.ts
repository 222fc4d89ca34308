/** Values of feature maps at sampled positions, kept per tensor: what factors and grids per channel are fitted to. */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
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

/** What to sample: a tensor's pixels, or those that the branches of one class compute. */
export interface ChannelRequest {
  readonly tensor: number;
  readonly regions?: readonly Region[];
}

/** One entry per request. */
export function collectChannels(
  network: FloatNetwork,
  runner: FloatRunner,
  samples: readonly FloatSample[],
  requests: readonly ChannelRequest[],
  seed: number,
): ChannelSamples[] {
  const shapeOf = ({ tensor }: ChannelRequest) => network.tensors[tensor]!.shape;
  const channelsWanted = requests.reduce((sum, request) => sum + shapeOf(request)[2], 0);
  const wantedRows = Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, VALUE_BUDGET / channelsWanted));
  const perSample = Math.max(1, Math.ceil(wantedRows / samples.length));
  const pixels = requests.map((request) => pixelsOf(shapeOf(request), request.regions));
  const rows = requests.map((): Float32Array[] => []);
  samples.forEach((sample, s) => {
    runner.run(sample);
    requests.forEach(({ tensor }, i) => {
      const channels = network.tensors[tensor]!.shape[2];
      const map = runner.map(tensor);
      const random = createRandom(seed + 7919 * s + tensor);
      for (const at of samplePositions(pixels[i]!.length, perSample, random)) {
        const p = pixels[i]![at]!;
        rows[i]!.push(map.slice(p * channels, (p + 1) * channels));
      }
    });
  });
  return requests.map((request, i) => {
    const channels = shapeOf(request)[2];
    const values = new Float32Array(rows[i]!.length * channels);
    rows[i]!.forEach((row, at) => {
      values.set(row, at * channels);
    });
    return { channels, rows: rows[i]!.length, values };
  });
}

/** Every pixel of the map, or those in some of the regions, in order. */
function pixelsOf(
  [height, width]: readonly [number, number, number],
  regions: readonly Region[] | undefined,
): Int32Array {
  const all = Int32Array.from({ length: height * width }, (_, i) => i);
  if (regions === undefined) return all;
  const inside = (y: number, x: number): boolean =>
    regions.some((r) => y >= r.y0 && y < r.y1 && x >= r.x0 && x < r.x1);
  return all.filter((i) => inside(Math.floor(i / width), i % width));
}
