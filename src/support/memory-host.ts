/** The Host in memory: a map of paths to bytes, and programs that the test itself supplies. */
import { badInput, unsupported } from './errors.js';
import type { DirectoryEntry, Host, RunOptions, RunResult } from './host.js';

export type MemoryProgram = (args: readonly string[], options: RunOptions) => RunResult;

export interface MemoryHost extends Host {
  /** Path → contents; what tests look at afterwards. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const normalize = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
};

export function createMemoryHost(
  initial: Readonly<Record<string, Uint8Array | string>> = {},
  programs: Readonly<Record<string, MemoryProgram>> = {},
): MemoryHost {
  const files = new Map<string, Uint8Array>();
  const directories = new Set<string>();
  let temporaries = 0;
  const put = (path: string, contents: Uint8Array | string): void => {
    files.set(normalize(path), typeof contents === 'string' ? new TextEncoder().encode(contents) : contents);
  };
  for (const [path, contents] of Object.entries(initial)) put(path, contents);
  const under = (directory: string): string[] => {
    const prefix = normalize(directory) === '' ? '' : `${normalize(directory)}/`;
    return [...files.keys(), ...directories].filter((path) => path.startsWith(prefix) && path !== prefix);
  };
  return {
    files,
    parallelism: 1,
    async readFile(path) {
      const found = files.get(normalize(path));
      if (found === undefined) throw badInput('host/missing', 'no such file', { where: path });
      return found;
    },
    async writeFile(path, contents) {
      put(path, contents);
    },
    async exists(path) {
      const key = normalize(path);
      return files.has(key) || directories.has(key) || under(path).length > 0;
    },
    async list(directory) {
      const depth = normalize(directory) === '' ? 0 : normalize(directory).split('/').length;
      const entries = new Map<string, DirectoryEntry>();
      for (const path of under(directory)) {
        const rest = path.split('/').slice(depth);
        const isFile = rest.length === 1 && files.has(path);
        entries.set(rest[0]!, { name: rest[0]!, kind: isFile ? 'file' : 'directory' });
      }
      return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async makeDirectory(path) {
      directories.add(normalize(path));
    },
    async remove(path) {
      for (const inside of [...under(path), normalize(path)]) {
        files.delete(inside);
        directories.delete(inside);
      }
    },
    async rename(from, to) {
      const source = normalize(from);
      const target = normalize(to);
      for (const path of [...under(from), source]) {
        const contents = files.get(path);
        if (contents !== undefined) files.set(target + path.slice(source.length), contents);
        files.delete(path);
        if (directories.delete(path)) directories.add(target + path.slice(source.length));
      }
    },
    async temporaryDirectory(label) {
      temporaries += 1;
      const path = `tmp/${label}-${temporaries}`;
      directories.add(path);
      return path;
    },
    async findProgram(name) {
      return name in programs ? name : undefined;
    },
    async run(program, args, options = {}) {
      const command = programs[program];
      if (command === undefined) throw unsupported('host/program', 'no such program', { where: program });
      return command(args, options);
    },
  };
}
