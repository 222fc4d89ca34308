import { expect, it } from 'vitest';
import { besideThreads } from '../../../src/evaluate/task-pool.js';

it('gives both results, threads having theirs asked for first', async () => {
  const order: string[] = [];
  const there = (async () => {
    await undefined;
    order.push('there');
    return 1;
  })();
  const both = besideThreads(there, async () => {
    order.push('here');
    return 2;
  });
  expect(await both).toEqual([1, 2]);
  expect(order).toEqual(['there', 'here']);
});

it('does not begin here where threads have failed', async () => {
  let hasBegun = false;
  const failing = besideThreads(Promise.reject(new Error('no memory')), () => {
    hasBegun = true;
  });
  await expect(failing).rejects.toThrow('no memory');
  await new Promise((later) => setTimeout(later, 20));
  expect(hasBegun).toBe(false);
});
