/** `deploy` on the real machine: everything that it promises stands in the folder, and a second run replaces it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { decodePlan } from '../../src/ir/plan-file.js';
import { createRandom } from '../../src/support/random.js';
import { runInMemory } from '../support/memory-environment.js';
import { FIXTURES } from '../support/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'quantmcu-deploy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('deploys a network: plan, firmware, ELF file and one report, twice the same', {
  timeout: 300_000,
}, async () => {
  const random = createRandom(9);
  mkdirSync(join(folder, 'calib'));
  for (let i = 0; i < 8; i++)
    writeFileSync(
      join(folder, 'calib', `${i}.bin`),
      Uint8Array.from({ length: 490 }, () => random.integer(0, 255)),
    );
  const out = join(folder, 'out');
  const model = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
  const argv = [
    'deploy',
    model,
    '--data',
    join(folder, 'calib'),
    '--target',
    'nano33ble',
    '--cost-share',
    '0.6',
  ];
  argv.push('--stage', 'none', '--cache', join(folder, 'cache'), '-o', out, '--json');
  const run = async (...more: string[]) => runInMemory([...argv, ...more], {}, { host: createNodeHost() });
  const first = await run('--autotune');
  expect(first.exitCode, first.stderr).toBe(0);
  const report = JSON.parse(first.stdout);
  expect(report).toMatchObject({
    verified: true,
    fits: true,
    feasible: true,
    verify: { ok: true, target: 'nano33ble' },
  });
  expect(report.bitops).toBeLessThanOrEqual(0.6 * report.bitopsInt8);
  expect(report.cycles.m4).toBe(report.verify.totals.cycles);
  expect(report.peakSramBytes).toBeGreaterThan(report.arenaBytes);
  for (const name of ['firmware/Makefile', 'firmware/main.c', 'firmware.elf', 'report.txt', 'report.json'])
    expect(existsSync(join(out, name)), name).toBe(true);
  const [json, weights] = [
    readFileSync(join(out, 'network.plan.json'), 'utf8'),
    readFileSync(join(out, 'network.plan.bin')),
  ];
  expect(decodePlan(json, weights, 'network').tensors.some(({ bits }) => bits < 8)).toBe(true);
  const text = (): string => readFileSync(join(out, 'report.txt'), 'utf8');
  expect(text()).toContain('measured cycles');
  // Kernels by rule: another firmware, the same plan, and no fewer cycles.
  const second = await run();
  expect(second.exitCode, second.stderr).toBe(0);
  expect(readFileSync(join(out, 'network.plan.json'), 'utf8')).toBe(json);
  expect(readFileSync(join(out, 'network.plan.bin')).equals(weights)).toBe(true);
  expect(text()).not.toContain('measured cycles');
  const byRule = JSON.parse(second.stdout);
  for (const core of ['m4', 'm7']) {
    expect(report.cycles[core]).toBeLessThanOrEqual(byRule.cycles[core]);
    expect(report.cyclesInt8[core]).toBeLessThanOrEqual(byRule.cyclesInt8[core]);
  }
});
