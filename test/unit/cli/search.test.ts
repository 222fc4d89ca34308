/** `search` in memory: the report's fields, the stored plan, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../../src/ir/plan-file.js';
import { labelledKeywordFiles, wanderingTensors } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';

const FILES = labelledKeywordFiles(wanderingTensors(16, 5));
const SEARCH = ['search', 'kws.tflite', '--data', 'set', '--target', 'nano33ble', '--no-emulate', '--json'];

describe('search', () => {
  it('stores the plan that its report describes', async () => {
    const argv = [
      ...SEARCH,
      '--sram',
      '24K',
      '--cost-share',
      '0.7',
      '--stage',
      'none',
      '--test',
      'set',
      '-o',
      'net',
    ];
    const { exitCode, stdout, stderr, host } = await runInMemory(argv, FILES);
    expect(stderr).toMatch(/^predicted before quantising: score SQNR [\d.]+ dB, agreement [\d.]+ %\n$/);
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ method: 'vdqs', feasible: true, fits: true, n: 16, stage: 'layers' });
    // 2,656,768 MACs of 8 by 8 bits.
    expect(report.bitopsInt8).toBe(2_656_768 * 64);
    expect(report.bitops).toBeLessThanOrEqual(0.7 * report.bitopsInt8);
    expect(report.arenaBytes).toBeLessThanOrEqual(24 * 1024);
    expect(report.timing.seconds).toBeGreaterThan(0);
    const json = new TextDecoder().decode(await host.readFile('net.plan.json'));
    const plan = decodePlan(json, await host.readFile('net.plan.bin'), 'net.plan.json');
    const stored = Object.fromEntries(plan.tensors.map(({ name, bits }) => [name, bits]));
    expect(stored).toMatchObject(report.widths.activations);
    expect(new Set(Object.values(report.widths.activations)).size).toBeGreaterThan(1);
  });

  it('ends with 3 where nothing is small enough', async () => {
    const { exitCode, stdout } = await runInMemory([...SEARCH, '--sram', '5K', '--stage', 'none'], FILES);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ feasible: false, fits: false });
  });

  it('ends with 3 where the constants exceed the flash', async () => {
    // 22,016 weights of 8 bits at least.
    const argv = [...SEARCH, '--flash', '20K', '--stage', 'none', '--cost-share', '0.7'];
    const { exitCode, stdout } = await runInMemory(argv, FILES);
    expect(exitCode).toBe(3);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ feasible: true, fits: false, flashBytes: 20 * 1024 });
    expect(report.constantBytes).toBeGreaterThan(22_016);
    expect(report.summary).toContain('constants do not fit 20.0 KiB of flash');
  });

  it('refuses a stored plan and two bounds of accuracy', async () => {
    const plan = await runInMemory(['search', 'net.plan.json', ...SEARCH.slice(2)], FILES);
    expect([plan.exitCode, JSON.parse(plan.stdout).error.code]).toEqual([5, 'search/plan']);
    const both = await runInMemory([...SEARCH, '--accuracy-drop', '1', '--agreement', '90'], FILES);
    expect(JSON.parse(both.stdout).error.code).toBe('search/goal');
  });
});
