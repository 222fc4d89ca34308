/** The stage compile: a generated C project → ELF, in a temporary folder, several files at a time. */
import { bug, limit } from '../support/errors.js';
import type { Host, RunResult } from '../support/host.js';
import type { CoreInfo } from '../targets/target.js';
import type { Command, Toolchain } from './toolchain.js';

export interface BuildOptions {
  readonly core: CoreInfo;
  readonly toolchain: Toolchain;
}

export interface BuildResult {
  readonly elf: Uint8Array;
  /** Compiler warnings, empty when there were none. */
  readonly diagnostics: string;
}

const LINKER_SCRIPT = 'platform/linker.ld';
const OUTPUT = 'firmware.elf';
const KERNEL_BODIES = /(^|\/)kernels\//;

/**
 * Compiles and links the project's files (path → contents). Throws `compile/too-large` (kind `limit`) when the
 * linker says that a memory overflows, `compile/failed` (kind `bug`) on any other error.
 */
export async function buildFirmware(
  host: Host,
  files: ReadonlyMap<string, string | Uint8Array>,
  options: BuildOptions,
): Promise<BuildResult> {
  const folder = await host.temporaryDirectory('build');
  try {
    for (const [path, contents] of files) await host.writeFile(`${folder}/${path}`, contents);
    const sources = [...files.keys()].filter((path) => /\.[cS]$/.test(path) && !KERNEL_BODIES.test(path));
    const objects = sources.map((path) => `${path}.o`);
    const { core, toolchain } = options;
    const outputs = await inParallel(host.parallelism, sources, async (source, index) =>
      run(host, folder, toolchain.compile(core, source, objects[index]!), source),
    );
    const linked = await run(host, folder, toolchain.link(core, objects, LINKER_SCRIPT, OUTPUT), OUTPUT);
    const elf = await host.readFile(`${folder}/${OUTPUT}`);
    return { elf, diagnostics: [...outputs, linked].filter((text) => text !== '').join('\n') };
  } finally {
    await host.remove(folder);
  }
}

/** Runs a compiler command; returns what it printed. */
async function run(host: Host, cwd: string, command: Command, what: string): Promise<string> {
  const { program, args, environment } = command;
  const result = await host.run(program, args, {
    cwd,
    ...(environment === undefined ? {} : { environment }),
  });
  if (result.status === 0) return result.stderr.trim();
  throw failure(result, what);
}

function failure(result: RunResult, what: string): Error {
  const lines = result.stderr.split('\n').filter((line) => line.trim() !== '');
  const overflow = lines.find((line) => /overflowed by \d+ bytes?/.test(line));
  if (overflow !== undefined) {
    return limit('compile/too-large', 'the firmware does not fit the memory it is linked for', {
      where: what,
      found: overflow.trim(),
      fix: 'Choose a board with more memory, or link for a virtual board',
    });
  }
  // What gcc's driver adds says nothing; the linker's own line stands before it.
  const isOffence = (line: string): boolean => /error/i.test(line) && !/^collect2:/.test(line);
  const first = lines.find(isOffence) ?? lines[0] ?? `exit status ${result.status}`;
  return bug('compile/failed', 'the compiler failed', { where: what, found: first.trim() });
}

/** Maps with at most `workers` calls under way; keeps the order, stops starting after the first failure. */
async function inParallel<T, R>(
  workers: number,
  items: readonly T[],
  action: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await action(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(workers, items.length)) }, worker));
  return results;
}
