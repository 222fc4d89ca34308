/**
 * Results kept by the hash of what they were made from: work that was interrupted finds them again, and two searches
 * of one network share them. A stale entry cannot be found, as its key names other contents.
 */
import { createHash } from 'node:crypto';
import type { Host } from './host.js';

export interface Cache {
  /** The stored value of `key`; made and stored when there is none. Values are JSON. */
  json<T>(key: string, make: () => T | Promise<T>): Promise<T>;
  /** The stored value alone: for those who make several at once. */
  find<T>(key: string): Promise<{ readonly value: T } | undefined>;
}

/** SHA-256 over the parts and their lengths. */
export function contentKey(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part.length}\n`);
    hash.update(part);
  }
  return hash.digest('hex');
}

/** Files `<folder>/<key>.json`; a file that is not JSON counts as absent. */
export function folderCache(host: Host, folder: string): Cache {
  const pathOf = (key: string): string => `${folder}/${key}.json`;
  const find = async <T>(key: string): Promise<{ readonly value: T } | undefined> =>
    (await host.exists(pathOf(key)))
      ? parsed<T>(new TextDecoder().decode(await host.readFile(pathOf(key))))
      : undefined;
  return {
    find,
    async json<T>(key: string, make: () => T | Promise<T>): Promise<T> {
      const stored = await find<T>(key);
      if (stored !== undefined) return stored.value;
      const value = await make();
      await host.writeFile(pathOf(key), JSON.stringify({ value }));
      return value;
    },
  };
}

/** Keeps nothing. */
export const noCache: Cache = { json: async (_, make) => make(), find: async () => undefined };

function parsed<T>(text: string): { readonly value: T } | undefined {
  try {
    const entry = JSON.parse(text) as { readonly value: T } | null;
    return entry !== null && typeof entry === 'object' && 'value' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}
