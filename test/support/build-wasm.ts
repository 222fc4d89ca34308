/** vitest globalSetup: builds build/*.wasm from assembly/ when a source is newer. */
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Target in asconfig.json and entry file of each module. */
const MODULES = ['kernels', 'float-kernels', 'cortex-m'] as const;

function newestSource(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((newest, entry) => {
    const path = join(folder, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestSource(path) : statSync(path).mtimeMs);
  }, 0);
}

/** Compiles to a file of its own and renames it, so that a run beside this one never reads half a module. */
async function build(name: string, output: string): Promise<void> {
  const asc = await import('assemblyscript/asc');
  const partial = `build/${name}.${process.pid}.wasm`;
  const options = ['--target', name, '--outFile', partial, '--baseDir', ROOT];
  const { error, stderr } = await asc.main([`assembly/${name}.ts`, ...options]);
  if (error !== null) throw new Error(`assembly/${name}.ts does not compile: ${stderr.toString()}`);
  renameSync(join(ROOT, partial), output);
}

export default async function setup(): Promise<void> {
  const newest = Math.max(
    newestSource(join(ROOT, 'assembly')),
    statSync(join(ROOT, 'asconfig.json')).mtimeMs,
  );
  for (const name of MODULES) {
    if (!existsSync(join(ROOT, 'assembly', `${name}.ts`))) continue;
    const output = join(ROOT, 'build', `${name}.wasm`);
    if (existsSync(output) && statSync(output).mtimeMs >= newest) continue;
    await build(name, output);
  }
}
