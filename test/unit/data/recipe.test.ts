import { describe, expect, it } from 'vitest';
import { cropBox } from '../../../src/data/image.js';
import { defaultPreset, PRESETS, parseRecipe } from '../../../src/data/recipe.js';

describe('parseRecipe', () => {
  it('lays fields over the base, presets first when they come first', () => {
    const text = '{"preset": "imagenet", "labelOffset": 1, "mean": 0.5, "crop": {"fraction": 0.9}}';
    expect(parseRecipe(text, 'r.json', PRESETS.stretch)).toEqual({
      crop: { fraction: 0.9 },
      resize: 'fill',
      channels: 'rgb',
      labelOffset: 1,
      mean: [0.5],
    });
  });

  it.each([
    ['[]', 'r.json: not a JSON object'],
    ['{"sclae": 1}', /r\.json: unknown field "sclae"; expected preset, crop, resize/],
    ['{"std": 0}', 'r.json, "std": std must not be 0'],
    [
      '{"resize": "squash"}',
      'r.json, "resize": unknown value; found "squash"; expected fill, cover, contain',
    ],
    ['{"scale": "1"}', 'r.json, "scale": wrong value; found "1"; expected a number'],
    ['{', /^r\.json: not JSON/],
  ])('refuses %s', (text, message) => {
    expect(() => parseRecipe(text, 'r.json', PRESETS.stretch)).toThrow(message);
  });
});

describe('defaults', () => {
  it('knows ImageNet by its class counts', () => {
    expect([defaultPreset(1000), defaultPreset(1001), defaultPreset(10)]).toEqual([
      'imagenet',
      'imagenet-background',
      'stretch',
    ]);
  });

  it('crops 224 of 227 for a 224 network and 87.5 % for a smaller one', () => {
    expect(cropBox(227, 227, 224, 'network')).toEqual({ left: 2, top: 2, width: 224, height: 224 });
    expect(cropBox(227, 227, 128, 'network')).toEqual({ left: 14, top: 14, width: 199, height: 199 });
    expect(cropBox(500, 300, 224, { size: 100 })).toEqual({ left: 200, top: 100, width: 100, height: 100 });
    expect(cropBox(96, 96, 96, 'none')).toBeUndefined();
  });
});
