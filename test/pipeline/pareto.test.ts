/** `pareto` on the real machine: cycles and latency of a plan are those that `verify` gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { createRandom } from '../../src/support/random.js';
import { runInMemory } from '../support/memory-environment.js';
import { FIXTURES } from '../support/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'quantmcu-pareto-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('has the cycles and the latency that verify gives', { timeout: 300_000 }, async () => {
  const random = createRandom(4);
  mkdirSync(join(folder, 'calib'));
  for (let i = 0; i < 4; i++)
    writeFileSync(
      join(folder, 'calib', `${i}.bin`),
      Uint8Array.from({ length: 490 }, () => random.integer(0, 255)),
    );
  const model = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
  const run = async (argv: readonly string[]) => {
    const { exitCode, stdout, stderr } = await runInMemory(argv, {}, { host: createNodeHost() });
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const base = join(folder, 'net');
  await run(['quantize', model, '--data', join(folder, 'calib'), '--a', '4', '-o', base, '--json']);
  const target = ['--target', 'nano33ble', '--json'];
  const { totals } = await run(['verify', `${base}.plan.json`, ...target]);
  const argv = ['pareto', model, `${base}.plan.json`, '--data', join(folder, 'calib')];
  const { points } = await run([...argv, '--cache', join(folder, 'cache'), ...target]);
  expect(points).toHaveLength(1);
  expect(points[0]).toMatchObject({
    arenaBytes: totals.arenaBytes,
    front: { bitops: true, cycles: true, arenaBytes: true },
  });
  // Other inputs: divisions take a few cycles more or less.
  expect(Math.abs(points[0].cycles / totals.cycles - 1)).toBeLessThan(1e-4);
  for (const bound of ['low', 'mid', 'high'])
    expect(Math.abs(points[0].latencyMs[bound] / totals.latencyMs[bound] - 1)).toBeLessThan(2e-4);
});
