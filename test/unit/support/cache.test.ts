import { describe, expect, it } from 'vitest';
import { contentKey, folderCache } from '../../../src/support/cache.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';

describe('the cache', () => {
  it('makes a value once, and finds it from another process', async () => {
    const host = createMemoryHost();
    let made = 0;
    const make = (): number[] => [++made, 2];
    expect(await folderCache(host, 'c').json('k', make)).toEqual([1, 2]);
    expect(await folderCache(host, 'c').json('k', make)).toEqual([1, 2]);
    expect(await folderCache(host, 'c').json('other', make)).toEqual([2, 2]);
  });

  it('makes it again where the file was cut off', async () => {
    const host = createMemoryHost({ 'c/k.json': '{"value":[1,' });
    expect(await folderCache(host, 'c').json('k', () => 7)).toBe(7);
  });

  it('stores nothing of what failed', async () => {
    const host = createMemoryHost();
    const cache = folderCache(host, 'c');
    await expect(cache.json('k', () => Promise.reject(new Error('killed')))).rejects.toThrow('killed');
    expect(await cache.json('k', () => 1)).toBe(1);
  });

  it('keys tell where one part ends', () => {
    expect(contentKey(['ab', 'c'])).not.toBe(contentKey(['a', 'bc']));
    expect(contentKey(['ab'])).toBe(contentKey(['ab']));
  });
});
