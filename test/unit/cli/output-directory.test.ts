import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../../src/cli/node-host.js';
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

  it('touches nothing beside the folder', async () => {
    const host = createMemoryHost({ 'out.old/a': 'x', 'out.new/a': 'x' });
    await writeTree(host, 'out', project, { force: false });
    await writeTree(host, 'out', project, { force: false });
    expect(paths(host)).toEqual(expect.arrayContaining(['out.new/a', 'out.old/a']));
  });

  it('removes no file that a forged manifest names outside the folder', async () => {
    const host = createMemoryHost({ 'precious.txt': 'x' });
    await writeTree(host, 'out', project, { force: false });
    const forged = JSON.stringify({ files: ['../precious.txt', '/precious.txt', 'main.c'] });
    await host.writeFile('out/.quantmcu-files.json', forged);
    await writeTree(host, 'out', project, { force: false });
    expect(paths(host)).toContain('precious.txt');
  });

  it('takes up a folder that a stopped run left', async () => {
    const host = createMemoryHost({ 'out/.quantmcu-staging/main.c': 'half' });
    await writeTree(host, 'out', project, { force: false });
    expect(paths(host)).toEqual(['out/.quantmcu-files.json', 'out/main.c', 'out/src/net.c']);
  });

  it('keeps modes, links and empty folders of the user, and writes through a link and into “.”', async () => {
    const host = createNodeHost();
    const root = mkdtempSync(join(tmpdir(), 'quantmcu-tree-'));
    try {
      mkdirSync(join(root, 'real'));
      symlinkSync('real', join(root, 'link'));
      await writeTree(host, join(root, 'link'), project, { force: false });
      writeFileSync(join(root, 'real/flash.sh'), '', { mode: 0o755 });
      symlinkSync(root, join(root, 'real/up'));
      mkdirSync(join(root, 'real/empty'));
      await writeTree(host, `${root}/link/.`, new Map([['main.c', 'new']]), { force: false });
      const left = ['.quantmcu-files.json', 'empty', 'flash.sh', 'main.c', 'up'];
      expect(readdirSync(join(root, 'real')).sort()).toEqual(left);
      expect(lstatSync(join(root, 'link')).isSymbolicLink()).toBe(true);
      expect(lstatSync(join(root, 'real/up')).isSymbolicLink()).toBe(true);
      expect(lstatSync(join(root, 'real/flash.sh')).mode & 0o111).toBe(0o111);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
