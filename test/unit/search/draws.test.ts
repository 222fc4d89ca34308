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

it('ends after four draws of the best', () => {
  const rival = [E ** 0.1];
  expect(of({ a: [1, E ** 0.5, 1], b: [E ** 0.2, E ** 0.3], c: rival }).next()).not.toBeUndefined();
  expect(of({ a: [E ** -1, E ** 0.5, E ** -1, 1], b: [E ** 0.9, E ** 1.9], c: [E] }).next()).toBeUndefined();
});
