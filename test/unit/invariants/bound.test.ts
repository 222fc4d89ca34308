/** The verifier of bound plans finds every planted fault. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { boundPlanProblems, verifyBoundPlan } from '../../../src/invariants/bound.js';
import type { BoundPlan, BoundTensor } from '../../../src/ir/bound-plan.js';
import { tinyPlan } from '../../pipeline/tiny-plan.js';

const sound = bind(tinyPlan(), { core: 'm4', feature: 'dsp' });

const withTensor = (id: number, change: Partial<BoundTensor>): BoundPlan => ({
  ...sound,
  tensors: sound.tensors.map((t) => (t.tensor === id ? { ...t, ...change } : t)),
});
const place = (id: number): BoundTensor => sound.tensors.find((t) => t.tensor === id)!;

describe('boundPlanProblems', () => {
  it('accepts what bind makes', () => {
    expect(boundPlanProblems(sound)).toEqual([]);
    expect(place(3).shares).toEqual({ with: 2, reason: 'in_place' });
    expect(place(4).shares).toEqual({ with: 3, reason: 'alias' });
  });

  it.each([
    ['a tensor outside the arena', withTensor(5, { offset: sound.arenaBytes }), /lies outside the arena/],
    ['a misaligned tensor', withTensor(5, { offset: 42 }), /offset 42 is not a multiple of 4/],
    ['a wrong size', withTensor(0, { bytes: 59 }), /tensor image takes 59 bytes instead of 60/],
    [
      'two live tensors in one place',
      withTensor(1, { offset: place(2).offset }),
      /tensors 1 and 2 are live together/,
    ],
    [
      'an in-place step that is not declared',
      withTensor(3, { shares: undefined as never }),
      /tensors 2 and 3 are live/,
    ],
    ['a tensor without a place', { ...sound, tensors: sound.tensors.slice(1) }, /tensor 0 has no place/],
    ['an arena larger than needed', { ...sound, arenaBytes: sound.arenaBytes + 4 }, /but ends at/],
    [
      'scratch over an input',
      {
        ...sound,
        steps: sound.steps.map((s) =>
          s.index === 0 ? { ...s, scratch: { offset: place(0).offset, bytes: 4 } } : s,
        ),
      },
      /the scratch of step 0 overlaps tensor 0/,
    ],
    [
      'a constant outside the blob',
      { ...sound, constants: sound.constants.subarray(0, 100) },
      /lies outside the blob/,
    ],
    [
      'a missing constant',
      { ...sound, constantTable: sound.constantTable.slice(0, 1) },
      /uses the missing constant/,
    ],
    ['steps out of order', { ...sound, steps: [...sound.steps].reverse() }, /step 0 carries the index 4/],
  ] as [string, BoundPlan, RegExp][])('finds %s', (_, broken, message) => {
    expect(boundPlanProblems(broken).join('\n')).toMatch(message);
    expect(() => verifyBoundPlan(broken)).toThrow(/^tiny: /);
  });
});
