/** Bit assignment files. */
import { describe, expect, it } from 'vitest';
import { parseBitAssignment } from '../../../src/quantize/bit-assignment.js';

describe('parseBitAssignment', () => {
  it('takes the defaults for what is left out', () => {
    expect(
      parseBitAssignment('{"activations": {"a": 4}}', 'f', { activationBits: 2, weightBits: 4 }),
    ).toEqual({
      defaultActivationBits: 2,
      defaultWeightBits: 4,
      activations: { a: 4 },
      weights: {},
    });
  });

  it.each([
    ['{', /f: not JSON/],
    ['[]', /not a JSON object/],
    ['{"weights": {"a": 3}}', /f, "weights": not a width; found 3; expected 8, 4 or 2/],
    ['{"weight": {}}', /unknown field "weight"/],
  ])('refuses %s', (text, message) => {
    expect(() => parseBitAssignment(text, 'f')).toThrow(message);
  });
});
