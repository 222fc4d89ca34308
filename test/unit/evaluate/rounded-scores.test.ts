/** Scores by threads that keep what is set, against runners made for one assignment each. */
import { expect, it } from 'vitest';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { type RoundedNetwork, ScoreRunner } from '../../../src/evaluate/rounded-scores.js';
import { networkFigures } from '../../../src/evaluate/search-figures.js';
import { isWeighted } from '../../../src/ir/float-network.js';
import type { Width } from '../../../src/numeric/widths.js';
import { mapQuantization } from '../../../src/quantize/activation-grids.js';
import { realWeights } from '../../../src/quantize/quantize-weights.js';
import { collectScores } from '../../../src/quantize/score-noise.js';
import { noCache } from '../../../src/support/cache.js';
import { randomModel, smallSearch } from '../../support/random-search-model.js';

it('does not depend on what was scored before', async () => {
  const model = await randomModel(21);
  const { network, samples } = model;
  const { weights, storedAt } = await networkFigures(model, createFloatEngine(), smallSearch(noCache));
  const at = (maps: Width, widthOf: (i: number) => Width): RoundedNetwork => ({
    grids: storedAt.get(maps)!.map(mapQuantization),
    weightBits: network.layers.map((_, i) => widthOf(i)),
  });
  const plain = (rounded: RoundedNetwork | undefined) => {
    const runner = createFloatRunner(network);
    if (rounded !== undefined) {
      for (const { id } of network.tensors) runner.setFakeQuantization(id, rounded.grids[id]);
      network.layers.forEach((layer, i) => {
        if (isWeighted(layer))
          runner.setWeights(i, realWeights(layer, weights.get(rounded.weightBits[i]!)![i]!));
      });
    }
    return collectScores(runner, samples);
  };
  const runner = await ScoreRunner.create({ network, samples, weights }, 1);
  const seq = [
    at(8, () => 8),
    at(8, () => 2),
    at(8, (i) => (i % 2 ? 2 : 4)),
    undefined,
    at(8, () => 4),
    at(4, () => 4),
    at(8, () => 8),
  ];
  let before: unknown;
  for (const rounded of seq) {
    const got = await runner.scores(rounded);
    expect(got).toEqual(plain(rounded));
    expect(got).not.toEqual(before);
    before = got;
  }
});
