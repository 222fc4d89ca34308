/** Four variables whose noise and cost are single digits, so that every neighbour can be listed by hand. */
import { describe, expect, it } from 'vitest';
import type { Width } from '../../../src/numeric/widths.js';
import { quietestNeighbour } from '../../../src/search/neighbours.js';
import type { Assignment, SearchProblem } from '../../../src/search/problem.js';

/** By variable the noise at 8, 4 and 2 bits. */
const NOISE = [
  [0, 1, 5],
  [0, 2, 6],
  [0, 3, 7],
];
const WIDTHS: readonly Width[] = [8, 4, 2];

const problemOf = (noises: readonly (readonly number[])[], more: Partial<SearchProblem> = {}) =>
  ({
    figures: noises.map((row) => row.map((noise, i) => ({ bits: WIDTHS[i], entropyLoss: 0, noise }))),
    cost: (assignment: Assignment) => assignment.reduce<number>((sum, bits) => sum + bits, 0),
    arenaBytes: () => 1,
    sramBytes: 1,
    ...more,
  }) as SearchProblem;

const problem = problemOf(NOISE);
const near = (
  from: Assignment,
  costLimit: number,
  { known = [], of = problem }: { known?: readonly string[]; of?: SearchProblem } = {},
): string | undefined =>
  quietestNeighbour(of, {
    ...{ from, figures: of.figures, costLimit },
    isKnown: (assignment) => known.includes(assignment.join(' ')),
  }).assignment?.join(' ');

it('exchanges widths where one variable loses less than another gains', () => {
  // 8 4 8 costs as much and has noise 2 instead of 3; 4 8 8 has 1.
  expect(near([8, 8, 4], 20)).toBe('4 8 8');
});

it('passes over what is known, the next quietest first', () => {
  expect(near([8, 8, 4], 20, { known: ['4 8 8'] })).toBe('8 4 8');
});

it('changes three widths at once where that is what helps', () => {
  // From two narrow variables to the third at 2 bits: noise 3 instead of 5.
  const of = problemOf([
    [0, 2, 9],
    [0, 3, 9],
    [0, 9, 3],
  ]);
  expect(near([4, 4, 8], 18, { of })).toBe('8 8 2');
});

it('keeps to the cost, and looks for noisier assignments where no quieter one is left', () => {
  // 16 bits are two 4s: noise 4 instead of the 3 of the start.
  expect(near([4, 4, 8], 16)).toBe('4 8 4');
  expect(near([2, 2, 2], 6)).toBeUndefined();
});

it('keeps to the memory', () => {
  const small = problemOf(NOISE, { arenaBytes: ([first]) => (first === 8 ? 1 : 2) });
  expect(near([8, 8, 4], 20, { of: small })).toBe('8 4 8');
});

it('judges by the figures that it is given', () => {
  const other = problemOf([
    [0, 9, 9],
    [0, 2, 6],
    [0, 3, 7],
  ]);
  const found = quietestNeighbour(problem, {
    ...{ from: [8, 8, 4], figures: other.figures, costLimit: 20, isKnown: () => false },
  });
  expect(found.assignment?.join(' ')).toBe('8 4 8');
});

it('changes fewer widths at once where there are many variables', () => {
  /** Only the first may be wide: that costs six bits more, which others have to give. */
  const many = (count: number): string | undefined => {
    const of = problemOf(Array.from({ length: count }, (_, i) => (i === 0 ? [0, 90, 99] : [0, 1, 9])));
    const from = of.figures.map((_, i): Width => (i === 0 ? 2 : 8));
    const answer = quietestNeighbour(of, {
      ...{ from, figures: of.figures, isKnown: () => false },
      costLimit: 8 * count - 6,
    });
    return answer.assignment?.filter((bits) => bits !== 8).join(' ');
  };
  // Two others at 4 bits among few variables, one at 2 bits where only two widths may differ.
  expect(many(5)).toBe('4 4');
  expect(many(40)).toBe('2');
});

it('lays out many arenas before it gives up', () => {
  // Any one of eight may be wide, not two: 28 pairs and 56 triples are quieter and do not fit.
  const of = problemOf(
    Array.from({ length: 8 }, () => [0, 1]),
    { arenaBytes: (widths) => widths.filter((bits) => bits === 8).length, peakVariables: () => [] },
  );
  const from = of.figures.map((): Width => 4);
  expect(
    near(from, 99, { of })
      ?.split(' ')
      .filter((bits) => bits === '8'),
  ).toHaveLength(1);
});

it('has none where all that differ are narrower', () => {
  expect(near([8, 8, 8], 99)).toBeUndefined();
});

describe('where memory binds', () => {
  // The first two maps are live at the peak, and 12 bits of them fit; the others are free.
  const count = 40;
  const bound = problemOf(
    Array.from({ length: count }, (_, i) => (i < 2 ? [0, 50, 60] : [0, 1, 2])),
    {
      arenaBytes: ([a, b]) => (a! + b! <= 12 ? 1 : 2),
      peakVariables: () => [0, 1],
    },
  );
  const from = bound.figures.map((_, i): Width => (i === 0 ? 4 : i === 2 ? 2 : 8));
  const found = (known: readonly string[] = []) => near(from, 999, { known, of: bound });

  it('does not spend its arenas on what cannot fit', () => {
    const third = from.map((bits, i) => (i === 2 ? 8 : bits));
    expect(found()).toBe(third.join(' '));
  });

  it('widens a map at the peak where another is narrowed', () => {
    const tight = problemOf(
      [
        [0, 5, 9],
        [0, 1, 2],
        [0, 1, 2],
      ],
      {
        arenaBytes: ([a, b]) => (a! + b! <= 12 ? 1 : 2),
        peakVariables: () => [0, 1],
      },
    );
    expect(near([4, 8, 8], 20, { of: tight })).toBe('8 4 8');
  });

  it('counts the arenas that it laid out', () => {
    const { evaluations } = quietestNeighbour(bound, {
      ...{ from, figures: bound.figures, costLimit: 999, isKnown: () => false },
    });
    // To 8 bits, and the third to 4 and 8: three widths alone, then the first that fits.
    expect(evaluations).toBe(4);
  });
});
