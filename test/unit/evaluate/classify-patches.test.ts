/** VDPC on a network whose scores see one quarter of the image only, and on images that are loud in one quarter. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import {
  classIndices,
  classifyPatches,
  DEFAULT_CLASSIFY_OPTIONS,
} from '../../../src/evaluate/classify-patches.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import type { FloatConv2d, FloatNetwork, FloatSample } from '../../../src/ir/float-network.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { stageCuts } from '../../../src/patch/branches.js';
import { layOutStage } from '../../../src/patch/layout.js';
import { quantizeNetwork } from '../../../src/quantize/quantize.js';
import { createRandom } from '../../../src/support/random.js';

const SIZE = 8;
const OPEN = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
const engine = createFloatEngine();

/** Two 1×1 convolutions that copy one channel, then a score of the pixels of the lower left quarter. */
function quarterNetwork(): FloatNetwork {
  const one = { kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 };
  const window = { ...one, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 };
  const copy = (input: number): FloatConv2d => ({
    op: 'conv2d',
    name: `copy_${input}`,
    inputs: [input],
    output: input + 1,
    bounds: OPEN,
    window,
    weights: Float32Array.of(1),
    bias: Float32Array.of(0),
  });
  const seen = (pixel: number): boolean => pixel >= (SIZE * SIZE) / 2 && pixel % SIZE < SIZE / 2;
  const weights = Float32Array.from({ length: 2 * SIZE * SIZE }, (_, i) =>
    seen(i % (SIZE * SIZE)) ? (i < SIZE * SIZE ? 1 : -0.5) : 0,
  );
  return {
    name: 'quarter',
    tensors: [
      [SIZE, SIZE, 1] as const,
      [SIZE, SIZE, 1] as const,
      [SIZE, SIZE, 1] as const,
      [1, 1, 2] as const,
    ].map((shape, id) => ({ id, name: `map_${id}`, shape, graphTensor: -1 })),
    layers: [
      copy(0),
      copy(1),
      {
        op: 'fully_connected',
        name: 'scores',
        inputs: [2],
        output: 3,
        bounds: OPEN,
        weights,
        bias: new Float32Array(2),
      },
    ],
    inputs: [{ name: 'in', tensor: 0, dtype: 'float32' }],
    outputs: [{ name: 'out', tensor: 3, dtype: 'float32' }],
  };
}

/** Noise of deviation 1, in the upper right quarter 5. */
function loudSamples(count: number): FloatSample[] {
  const random = createRandom(4);
  return Array.from({ length: count }, () => [
    Float32Array.from({ length: SIZE * SIZE }, (_, pixel) => {
      const loud = pixel < (SIZE * SIZE) / 2 && pixel % SIZE >= SIZE / 2;
      return random.normal() * (loud ? 5 : 1);
    }),
  ]);
}

async function stage() {
  const network = quarterNetwork();
  const samples = loudSamples(12);
  const ranges = await calibrate(network, samples);
  const { plan } = quantizeNetwork(network, ranges, uniformAssignment(8, 8), samples, engine);
  const cut = stageCuts(plan).find(({ steps }) => steps === 2)!;
  return {
    network,
    samples,
    ranges,
    layout: layOutStage(plan, { cut, rows: 2, columns: 2, input: 'resident' }),
  };
}

const quarter = { ...DEFAULT_CLASSIFY_OPTIONS, flaggedShare: 0.25 };

describe('classifyPatches', () => {
  it('finds by noise the only patch that the scores depend on', async () => {
    const found = classifyPatches(await stage(), engine, quarter);
    expect(classIndices(found)).toEqual([1, 1, 0, 1]);
    expect(found.figures[2]).toBeGreaterThan(1e-4);
    expect(found.figures.map((x) => x > 0)).toEqual([false, false, true, false]);
  });

  it.each(['input', 'first'] as const)(
    'finds by activity and by outliers the loud patch, at %s',
    async (at) => {
      const calibrated = await stage();
      const active = classifyPatches(calibrated, engine, { ...quarter, rule: 'activity', at });
      expect(classIndices(active)).toEqual([1, 0, 1, 1]);
      expect(active.figures[1]).toBeGreaterThan(3);
      const outliers = classifyPatches(calibrated, engine, { ...quarter, rule: 'outlier', at, tau: 0.05 });
      expect(classIndices(outliers)).toEqual([1, 0, 1, 1]);
      expect(outliers.figures).toEqual([0, 1, 0, 0]);
      // The fit mixes quiet and loud quarters: σ about √((3 · 1 + 25) / 4) ≈ 2.6.
      expect(outliers.threshold!.z).toBeGreaterThan(1);
      expect(outliers.threshold!.z).toBeLessThan(4);
    },
  );
});
