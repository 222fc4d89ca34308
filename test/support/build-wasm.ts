/** Vitest's global set-up: rebuilds build/*.wasm when an AssemblyScript source is newer. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Entry in assembly/ → module in build/ and the npm script that makes it. */
const MODULES = [
  { entry: 'assembly/kernels.ts', module: 'build/kernels.wasm', script: 'build:kernels' },
  { entry: 'assembly/cortex-m.ts', module: 'build/cortex-m.wasm', script: 'build:cortex-m' },
] as const;

const modifiedAt = (path: string): number => statSync(root + path).mtimeMs;

function newestSource(): number {
  const files = readdirSync(`${root}assembly`, { recursive: true, encoding: 'utf8' });
  return Math.max(modifiedAt('asconfig.json'), ...files.map((file) => modifiedAt(`assembly/${file}`)));
}

export default function buildWasm(): void {
  for (const { entry, module, script } of MODULES) {
    if (!existsSync(root + entry)) continue;
    if (existsSync(root + module) && modifiedAt(module) >= newestSource()) continue;
    execFileSync('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  }
}
