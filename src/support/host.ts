/**
 * The outside world as the stages see it: files, folders and child processes behind one interface.
 * `cli/node-host.ts` is the real one; `memory-host.ts` is its in-memory twin for tests and browsers.
 */

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Kill after this many milliseconds; the status is then −1 and `stderr` says so. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Exit status; −1 when killed or not startable. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
}

/** Paths use `/`; relative ones start at the working directory. Failures reject with a QuantmcuError. */
export interface Host {
  readFile(path: string): Promise<Uint8Array>;
  /** Creates missing folders; the file appears whole or not at all. */
  writeFile(path: string, contents: Uint8Array | string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Entries sorted by name (code units), so that every run sees one order. */
  list(directory: string): Promise<readonly DirectoryEntry[]>;
  makeDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** A file at `to` is replaced; a folder must not be there. */
  rename(from: string, to: string): Promise<void>;
  /** A new empty folder for this process; removed when the process ends. */
  temporaryDirectory(label: string): Promise<string>;
  /** Full path of a program on PATH, or undefined. */
  findProgram(name: string): Promise<string | undefined>;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Processors worth using at once. */
  readonly parallelism: number;
}
