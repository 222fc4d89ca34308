import { describe, expect, it } from 'vitest';
import { writeTree } from '../../../src/cli/output-directory.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';

const project = new Map([
  ['main.c', 'int main;'],
  ['src/net.c', 'net'],
]);
const paths = (host: ReturnType<typeof createMemoryHost>): string[] => [...host.files.keys()].sort();

describe('writeTree', () => {
  it('writes a new folder with its manifest and nothing beside it', async () => {
    const host = createMemoryHost();
    await writeTree(host, 'out/', project, { force: false });
    expect(paths(host)).toEqual(['out/.quantmcu-files.json', 'out/main.c', 'out/src/net.c']);
  });

  it('replaces its own files, drops stale ones and keeps the user’s', async () => {
    const host = createMemoryHost();
    await writeTree(host, 'out', project, { force: false });
    await host.writeFile('out/notes.txt', 'mine');
    await writeTree(host, 'out', new Map([['main.c', 'new']]), { force: false });
    expect(paths(host)).toEqual(['out/.quantmcu-files.json', 'out/main.c', 'out/notes.txt']);
    expect(new TextDecoder().decode(host.files.get('out/main.c'))).toBe('new');
  });

  it('refuses a foreign folder unless forced, and then keeps its files', async () => {
    const host = createMemoryHost({ 'out/precious.txt': 'x' });
    await expect(writeTree(host, 'out', project, { force: false })).rejects.toThrow(
      'out: the folder holds files that quantmcu did not write. Choose another folder, or add --force',
    );
    expect(paths(host)).toEqual(['out/precious.txt']);
    await writeTree(host, 'out', project, { force: true });
    expect(paths(host)).toContain('out/precious.txt');
    expect(paths(host)).toContain('out/main.c');
  });

  it('leaves the old folder whole when writing fails', async () => {
    const host = createMemoryHost();
    await writeTree(host, 'out', project, { force: false });
    const before = paths(host);
    const writeFile = async (path: string, contents: Uint8Array | string): Promise<void> => {
      if (path.endsWith('net.c')) throw new Error('disk full');
      await host.writeFile(path, contents);
    };
    await expect(writeTree({ ...host, writeFile }, 'out', project, { force: false })).rejects.toThrow(
      'disk full',
    );
    expect(paths(host)).toEqual(before);
  });
});
