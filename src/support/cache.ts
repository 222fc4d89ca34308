/**
 * Results kept by the hash of what they were made from: work that was interrupted finds them again, and two searches
 * of one network share them. A stale entry cannot be found, as its key names other contents.
 */
import { createHash } from 'node:crypto';
import type { Host } from './host.js';

export interface Cache {
  /** The stored value of `key`; made and stored when there is none. Values are JSON. */
  json<T>(key: string, make: () => T | Promise<T>): Promise<T>;
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
export const folderCache = (host: Host, folder: string): Cache => ({
  async json<T>(key: string, make: () => T | Promise<T>): Promise<T> {
    const path = `${folder}/${key}.json`;
    if (await host.exists(path)) {
      const stored = parsed<T>(new TextDecoder().decode(await host.readFile(path)));
      if (stored !== undefined) return stored.value;
    }
    const value = await make();
    await host.writeFile(path, JSON.stringify({ value }));
    return value;
  },
});

/** Keeps nothing. */
export const noCache: Cache = { json: async (_, make) => make() };

function parsed<T>(text: string): { readonly value: T } | undefined {
  try {
    const entry = JSON.parse(text) as { readonly value: T } | null;
    return entry !== null && typeof entry === 'object' && 'value' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}
