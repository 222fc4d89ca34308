/** Weights rounded at all widths at once against the quantiser, which does them width by width. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { roundLayers } from '../../../src/evaluate/round-layers.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { activationGrids } from '../../../src/quantize/activation-grids.js';
import { quantizePlans } from '../../../src/quantize/quantize-weights.js';
import { createRandom } from '../../../src/support/random.js';
import { randomFloatNetwork, randomFloatSamples } from '../../support/random-float-network.js';

describe('roundLayers', () => {
  it.each([1, 5, 9])('gives what the quantiser gives without reconstruction, seed %i', async (seed) => {
    const random = createRandom(seed);
    const network = randomFloatNetwork(random);
    const samples = randomFloatSamples(network, random, 6);
    const ranges = await calibrate(network, samples, { key: '' });
    const stored = activationGrids(network, ranges, uniformAssignment(8, 8), { method: { kind: 'mse' } });
    const inputScales = stored.map(({ grid }) => grid.scale);
    const rounded = await roundLayers({ network, samples, inputScales, widths: WIDTH_LIST, seed }, 1);
    expect([...rounded.keys()]).toEqual([8, 4, 2]);
    for (const bits of WIDTH_LIST)
      expect(rounded.get(bits)).toEqual(
        quantizePlans([
          {
            ...{ network, samples, stored, engine: createFloatEngine() },
            assignment: uniformAssignment(8, bits),
            options: { reconstruction: { kind: 'none' }, compensateUpTo: 4, seed },
          },
        ])[0],
      );
  });
});
