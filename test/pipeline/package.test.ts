/** The package as users get it: packed, unpacked beside its dependencies, run through npx and imported. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, ROOT } from '../support/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'quantmcu-package-'));
const modules = join(folder, 'node_modules');
const run = (program: string, args: readonly string[], cwd = folder): string =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  // dist/ and build/*.wasm are there already (vitest's set-up); scripts are off so that nobody rebuilds them meanwhile.
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  run('tar', ['-xzf', tarball!]);
  mkdirSync(join(modules, '.bin'), { recursive: true });
  cpSync(join(folder, 'package'), join(modules, 'quantmcu'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const { bin } = JSON.parse(readFileSync(join(modules, 'quantmcu/package.json'), 'utf8'));
  symlinkSync(join('..', 'quantmcu', bin.quantmcu), join(modules, '.bin/quantmcu'));
  execFileSync('chmod', ['+x', join(modules, 'quantmcu', bin.quantmcu)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;

describe('the packed package', () => {
  it('holds what it needs and no sources or tests', () => {
    const files = readdirSync(join(folder, 'package'), { recursive: true, encoding: 'utf8' });
    for (const needed of [
      'dist/cli/main.js',
      'dist/index.d.ts',
      'build/kernels.wasm',
      'LICENSE',
      'README.md',
    ]) {
      expect(files).toContain(needed);
    }
    expect(files.filter((file) => /^(src|test|assembly|node_modules)\b/.test(file))).toEqual([]);
  });

  it('runs through npx', () => {
    expect(run('npx', ['--no-install', 'quantmcu', '--help'])).toContain('Usage: quantmcu');
    const report = JSON.parse(run('npx', ['--no-install', 'quantmcu', 'inspect', MODEL, '--json']));
    expect(report.totals.macs).toBe(2656768);
  });

  it('is a library with a typed index', () => {
    const program = `
      import { importModel, lowerToPlan, createWasmEngine } from 'quantmcu';
      import { readFileSync } from 'node:fs';
      const plan = lowerToPlan(importModel(readFileSync(${JSON.stringify(MODEL)}), 'kws.tflite'), { mode: 'tflm' });
      const network = await createWasmEngine().load(plan);
      console.log(network.run([new Uint8Array(490)])[0].length);`;
    expect(run('node', ['--input-type=module', '--eval', program]).trim()).toBe('12');
  });
});
