/** Fronts worked out by hand. */
import { describe, expect, it } from 'vitest';
import { onFront } from '../../../src/search/pareto.js';

const front = (pairs: readonly (readonly [number, number])[]): string =>
  onFront(pairs.map(([cost, worth]) => ({ cost, worth })))
    .map((on) => (on ? '*' : '.'))
    .join('');

describe('the front', () => {
  it('holds what nothing beats in both', () => {
    // (3, 80) loses to (2, 85), (4, 90) stands, (6, 90) costs more for the same, (9, 91) is worth a little more.
    const pairs = [
      [1, 60],
      [2, 85],
      [3, 80],
      [4, 90],
      [6, 90],
      [9, 91],
    ] as const;
    expect(front(pairs)).toBe('**.*.*');
    expect(front([...pairs].reverse())).toBe('*.*.**');
  });

  it('keeps equals, and one of equal cost only when it is worth most', () => {
    expect(
      front([
        [1, 50],
        [1, 50],
        [1, 40],
        [2, 50],
      ]),
    ).toBe('**..');
  });

  it('leaves out what has no figure, without harm to the others', () => {
    expect(
      front([
        [Number.NaN, 99],
        [5, Number.NaN],
        [7, 10],
      ]),
    ).toBe('..*');
    expect(onFront([])).toEqual([]);
  });
});
