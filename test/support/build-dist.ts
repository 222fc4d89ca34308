/** Vitest's global set-up: rebuilds dist/, which the tests of the CLI and of the package run, when src/ is newer. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.js';

function newestSource(): number {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(ROOT, 'src', file)).mtimeMs));
}

export default function setup(): void {
  const built = join(ROOT, 'dist/cli/main.js');
  if (existsSync(built) && statSync(built).mtimeMs >= newestSource()) return;
  try {
    execFileSync('npm', ['run', '--silent', 'build:ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch {
    // Type errors: `npm run typecheck` fails on them; tests of single modules can run all the same.
    process.stderr.write('dist/ was built with type errors\n');
  }
}
