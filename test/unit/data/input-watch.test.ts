/** A wrong recipe shows: values outside the network's range, or in a corner of it. */
import { describe, expect, it } from 'vitest';
import { type InputSpec, storePixels, storeReals } from '../../../src/data/input-spec.js';
import { InputWatch } from '../../../src/data/input-watch.js';
import { PRESETS } from '../../../src/data/recipe.js';
import { runInMemory } from '../../support/memory-environment.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

/** −1…1 less one step: what a network trained on x / 127.5 − 1 is calibrated to. */
const SYMMETRIC: InputSpec = {
  ...{ name: 'x', shape: [1, 256, 1], dtype: 'float32' },
  ...{ scale: 1 / 128, zeroPoint: 0 },
};
const pixels = Uint8Array.from({ length: 256 }, (_, x) => x);

function watched(recipe: keyof typeof PRESETS | { readonly scale: number }): string[] {
  const watch = new InputWatch();
  const whole = typeof recipe === 'string' ? PRESETS[recipe] : { ...PRESETS.stretch, ...recipe };
  storePixels(pixels, SYMMETRIC, whole, watch);
  return watch.warnings(SYMMETRIC, 'given');
}

describe('InputWatch', () => {
  it('says nothing of the right recipe, nor of one that uses half of the range', () => {
    expect(watched('symmetric')).toEqual([]);
    expect(watched('unit')).toEqual([]);
  });

  it('names the range and what was seen when values are cut off', () => {
    // Raw 0…255: all but the pixels 0 and 1 (128 steps, one beyond the end) are outside.
    expect(watched({ scale: 1 })).toEqual([
      '99 % of the input values lie outside the range -1…0.992 of input "x"; seen 0…255. Is the recipe (given) right? --preset and --recipe change it.',
    ]);
  });

  it('doubts values that huddle in a corner of the range', () => {
    expect(watched({ scale: 1 / 1000 })[0]).toMatch(/^the input values, 0…0\.258, use little of the range/);
  });

  it('sees real values as well', () => {
    const watch = new InputWatch();
    storeReals(Float32Array.of(0.5, 3, -3, 0), SYMMETRIC, watch);
    expect(watch.warnings(SYMMETRIC, 'given')[0]).toMatch(/^50 % .* seen -3…3\./);
  });

  it('warns in simulate', async () => {
    const files = {
      'kws.tflite': readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`),
      'set/labels.csv': 'file,label\n0.bin,0\n',
      'set/0.bin': new Uint8Array(490).fill(7),
    };
    const { stderr, stdout, exitCode } = await runInMemory(
      ['simulate', 'kws.tflite', '--data', 'set', '--json'],
      files,
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: the input values, .* use little of the range/);
    expect(JSON.parse(stdout).warnings).toHaveLength(1);
  });
});
