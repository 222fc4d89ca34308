import { expect, it } from 'vitest';
import { createUniqueNames, shortenName } from '../../../src/import/names.js';

it.each([
  ['model/activation/Relu;model/bn/FusedBatchNormV3;model/conv2d/BiasAdd', 'model/activation'],
  ['MobilenetV2/expanded_conv/depthwise/Relu6', 'MobilenetV2/expanded_conv'],
  ['Relu', 'Relu'],
  ['a b\tc', 'a_b_c'],
  ['', ''],
])('shortens %j to %j', (long, short) => {
  expect(shortenName(long)).toBe(short);
});

it('keeps the end of a name that is too long', () => {
  const name = shortenName(`${'very_long_scope/'.repeat(10)}block_7/conv`);
  expect(name.length).toBeLessThanOrEqual(48);
  expect(name.endsWith('block_7/conv')).toBe(true);
});

it('numbers repeated names and falls back for empty ones', () => {
  const unique = createUniqueNames();
  expect([unique('a', 'x'), unique('a', 'x'), unique('', 'conv_3'), unique('a_2', 'x')]).toEqual([
    'a',
    'a_2',
    'conv_3',
    'a_2_2',
  ]);
});
