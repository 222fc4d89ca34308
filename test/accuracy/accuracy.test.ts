import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { listSamples } from '../../src/data/labelled-folder.js';
import { PRESETS } from '../../src/data/recipe.js';
import { evaluateSamples } from '../../src/evaluate/evaluate.js';
import { planModel } from '../../src/pipeline.js';
import { ROOT, sharedPath } from '../support/paths.js';

interface Row {
  readonly model: string;
  readonly set: string;
  readonly top1: number;
}
const known = JSON.parse(readFileSync(`${ROOT}test/accuracy/known-accuracy.json`, 'utf8')) as {
  toleranceInPoints: number;
  rows: Row[];
};
/** The quick ones; `npm run accuracy` has all. */
const SAMPLE = ['kws_dscnn_int8', 'vww_96_int8'];

describe.each(known.rows.filter((row) => SAMPLE.includes(row.model)))(
  '$model on $set',
  ({ model, set, top1 }) => {
    const modelPath = sharedPath(`models/${model}.tflite`);
    const folder = sharedPath(`images/${set}`);
    const absent = modelPath === undefined || folder === undefined;
    const why = absent ? ' (skipped: data collection absent)' : '';
    it.skipIf(absent)(`reaches ${top1} % within ${known.toleranceInPoints} points${why}`, async () => {
      const host = createNodeHost();
      const { plan } = await planModel(host, modelPath!, {});
      const samples = await listSamples(host, folder!);
      const ranks = await evaluateSamples({
        ...{ plan, samples, host, recipe: PRESETS.stretch },
        ...{ engine: 'wasm' as const, threads: 1 },
      });
      const found = (100 * ranks.filter((rank) => rank === 0).length) / ranks.length;
      expect(ranks.length).toBe(500);
      expect(Math.abs(found - top1)).toBeLessThanOrEqual(known.toleranceInPoints);
    });
  },
);
