/**
 * Keeps objects of one process, by what they are made of: kernels' instances that come again, and the constants, which
 * are compiled once for the Cortex-M4 and linked into every core's firmware. Every kernel is compiled for its core.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Toolchain } from '../../src/compile/toolchain.js';
import { coreOf } from '../../src/targets/index.js';
import { NETWORKS } from './c-programs.js';

/** Constants, and calls of kernels. */
const SHARED_SOURCES = [NETWORKS, 'main.c'];

/** Compiles `$1`'s object unless it is kept, then copies it: sh -c … kept object program arguments. */
const SCRIPT = 'kept=$1 object=$2; shift 2; "$@" && cp "$object" "$kept.part" && mv "$kept.part" "$kept"';

const hashOf = (made: unknown): string => createHash('sha256').update(JSON.stringify(made)).digest('hex');

const isIncluded = (path: string): boolean => /\/(kernels|features|numeric)\/|config\.h$/.test(path);

type Keeper = (toolchain: Toolchain, files: ReadonlyMap<string, string>) => Toolchain;

export function objectKeeper(): Keeper {
  const folder = mkdtempSync(join(tmpdir(), 'quantmcu-objects-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return (toolchain, files) => {
    const included = hashOf([...files].filter(([path]) => isIncluded(path)).sort());
    const compile: Toolchain['compile'] = (core, source, object) => {
      const shared = SHARED_SOURCES.includes(source) ? coreOf('m4') : core;
      const key = hashOf([toolchain.version, shared.id, files.get(source), included]);
      const kept = join(folder, `${key}.o`);
      if (existsSync(kept)) return { program: 'cp', args: [kept, object] };
      const { program, args, environment } = toolchain.compile(shared, source, object);
      const keep = { program: 'sh', args: ['-c', SCRIPT, 'sh', kept, object, program, ...args] };
      return environment === undefined ? keep : { ...keep, environment };
    };
    return { ...toolchain, compile };
  };
}
