import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TASKS } from '../../../src/evaluate/tasks.js';

it('has every task under its own name', async () => {
  const names = await Promise.all(Object.values(TASKS).map(async (load) => (await load()).name));
  expect(names).toEqual(Object.keys(TASKS));
});

it('has all tasks that there are', async () => {
  const folder = new URL('../../../src/evaluate/', import.meta.url);
  const declared = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(/: Task<[^=]*= \{\n {2}name: '([^']+)'/g),
    ])
    .map(([, name]) => name);
  expect(declared.length).toBeGreaterThan(0);
  expect(new Set(declared)).toEqual(new Set(Object.keys(TASKS)));
});
