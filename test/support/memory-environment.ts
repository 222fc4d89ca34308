/** The CLI's environment in memory: runs a command line and keeps what it printed. */
import type { Environment } from '../../src/cli/environment.js';
import { runCli } from '../../src/cli/run-cli.js';
import { plainStyle } from '../../src/report/style.js';
import { createMemoryHost, type MemoryHost } from '../../src/support/memory-host.js';

export interface CliOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly host: MemoryHost;
}

export async function runInMemory(
  argv: readonly string[],
  files: Readonly<Record<string, Uint8Array | string>> = {},
  changes: Partial<Environment> = {},
): Promise<CliOutcome> {
  const host = createMemoryHost(files);
  const printed = { stdout: '', stderr: '' };
  const environment: Environment = {
    host,
    write: (text) => {
      printed.stdout += text;
    },
    writeError: (text) => {
      printed.stderr += text;
    },
    style: plainStyle,
    errorStyle: plainStyle,
    isErrorTerminal: false,
    // Threads run the built package: in memory there is only this one.
    cores: 1,
    now: () => performance.now(),
    signal: new AbortController().signal,
    runBlocking: (action) => action(),
    debug: false,
    ...changes,
  };
  const exitCode = await runCli(argv, environment, '0.0.0');
  return { exitCode, ...printed, host };
}
