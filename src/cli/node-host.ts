/** The real Host: Node's file system and child processes. With main.ts the only file that touches them. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { badInput, type QuantmcuError } from '../support/errors.js';
import type { Host, RunOptions, RunResult } from '../support/host.js';

export interface NodeHost extends Host {
  /** Removes temporary folders; synchronous, for use while the process ends. */
  cleanUp(): void;
}

/** Messages for the failures that users meet; others show Node's own text. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'is not a folder',
  ENOSPC: 'no space left on the disk',
  EROFS: 'the disk is read-only',
};

function explain(error: unknown, path: string): QuantmcuError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return badInput('host/file', REASONS[code] ?? (error as Error).message, { where: path });
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw explain(error, path);
  }
}

const isReachable = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** As mkdir -p; Node's own recursive form never ends in file systems that refuse folders with ENOENT, like /proc. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || (await isReachable(dirname(path), constants.F_OK))) throw error;
    await makeFolders(dirname(path));
    await mkdir(path);
  }
}

async function writeWhole(path: string, contents: Uint8Array | string): Promise<void> {
  await makeFolders(dirname(path));
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await writeFile(aside, contents);
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && (await isReachable(path, constants.X_OK))) return path;
  }
  return undefined;
}

function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.on('error', (error) => resolve({ ...output, status: -1, stderr: error.message }));
    child.on('close', (code, signal) => {
      const note = signal === null ? '' : `\nkilled by ${signal}`;
      resolve({ ...output, status: code ?? -1, stderr: output.stderr + note });
    });
  });
}

export function createNodeHost(): NodeHost {
  const temporaries: string[] = [];
  return {
    parallelism: availableParallelism(),
    readFile: (path) => attempt(path, async () => new Uint8Array(await readFile(path))),
    writeFile: (path, contents) => attempt(path, () => writeWhole(path, contents)),
    exists: (path) => isReachable(path, constants.F_OK),
    list: (path) =>
      attempt(path, async () => {
        const entries = await readdir(path, { withFileTypes: true });
        return entries
          .map((entry) => ({
            name: entry.name,
            kind: entry.isDirectory() ? ('directory' as const) : ('file' as const),
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      }),
    makeDirectory: (path) => attempt(path, () => makeFolders(path)),
    remove: (path) => attempt(path, () => rm(path, { recursive: true, force: true })),
    rename: (from, to) => attempt(to, () => rename(from, to)),
    async temporaryDirectory(label) {
      const path = await attempt(tmpdir(), () => mkdtemp(join(tmpdir(), `quantmcu-${label}-`)));
      temporaries.push(path);
      return path;
    },
    findProgram,
    run,
    cleanUp() {
      for (const path of temporaries.splice(0)) rmSync(path, { recursive: true, force: true });
    },
  };
}
