/** Which plan is drawn again and which is kept, with noises whose logarithms can be worked out by hand. */
import { expect, it } from 'vitest';
import { Draws } from '../../../src/search/draws.js';

const E = Math.E;
const of = (noises: Readonly<Record<string, readonly number[]>>): Draws =>
  new Draws(new Map(Object.entries(noises)));

it('keeps the least noise as long as every plan was drawn once', () => {
  expect(of({ a: [3], b: [2], c: [4] }).kept()).toBe('b');
  expect(of({ a: [3] }).kept()).toBe('a');
});

it('first draws the two best once more, to know how far draws differ', () => {
  expect(of({ a: [3], b: [2], c: [4] }).next()).toBe('b');
  expect(of({ a: [3], b: [2, 2.5], c: [4] }).next()).toBe('a');
});

it('has nothing to find out of a single plan', () => {
  expect(of({ a: [3] }).next()).toBeUndefined();
});

it('draws no more where draws are alike: the others cannot be better', () => {
  expect(of({ a: [3, 3], b: [2, 2], c: [4] }).next()).toBeUndefined();
});

it('draws the plan that may be the best of all again: least mean less one standard error', () => {
  // Logarithms: a 0 and 2, b 1 and 1: spread √(2/2) = 1, both from 1 − 0.71. c: 1.2 − 1, which is less.
  expect(of({ a: [1, E ** 2], b: [E, E], c: [E ** 1.2] }).next()).toBe('c');
  // c: 1.4 − 1, which is more.
  expect(of({ a: [1, E ** 2], b: [E, E], c: [E ** 1.4] }).next()).toBe('a');
});

it('keeps what is surely quiet before what may be quieter by luck', () => {
  // Spread 1: c may be 1.2 + 1, b no more than 1 + 0.71.
  expect(of({ a: [E, E ** 3], b: [E, E], c: [E ** 0.9] }).kept()).toBe('b');
});

it('ends after four draws of every plan that may be the best', () => {
  // Spread about 0.6, b and c within an error of a.
  const drawn = [1, E ** 0.9, 1, E ** 0.9];
  const three = [1, E ** 0.9, 1];
  expect(of({ a: three, b: [E ** 0.3, E ** 0.9], c: drawn }).next()).not.toBeUndefined();
  expect(of({ a: drawn, b: drawn, c: drawn }).next()).toBeUndefined();
  // What is far behind may have one draw.
  expect(of({ a: drawn, b: drawn, c: [E ** 9] }).next()).toBeUndefined();
});

it('draws a rival that was drawn less often when the best had all its draws', () => {
  const drawn = [1, E ** 0.5, 1, E ** 0.5];
  expect(of({ a: drawn, b: [E ** 0.35, E ** 0.35] }).next()).toBe('b');
});

it('never keeps a plan whose noise is not a number, and takes none for very little', () => {
  expect(of({ a: [3], b: [Number.NaN, Number.NaN], c: [2] }).kept()).toBe('c');
  expect(of({ a: [3], b: [0, 0], c: [2] }).kept()).toBe('b');
});

it('takes what a plan costs for noise', () => {
  const price = (key: string): number => (key === 'a' ? -0.5 : 0);
  expect(of({ a: [E ** 0.4], b: [1] }).kept(price)).toBe('a');
  expect(of({ a: [E ** 0.6], b: [1] }).kept(price)).toBe('b');
});
