/** `search` in memory: the report's fields, the stored plan, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../../src/ir/plan-file.js';
import { planBitops } from '../../../src/ops/plan-bitops.js';
import type { SearchReport } from '../../../src/report/search-report.js';
import { EXIT_CODES } from '../../../src/support/errors.js';
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
    expect(report).toMatchObject({
      method: 'vdqs',
      noise: 'float',
      feasible: true,
      fits: true,
      n: 16,
      stage: 'layers',
    });
    // 2,656,768 MACs of 8 by 8 bits.
    expect(report.bitopsInt8).toBe(2_656_768 * 64);
    expect(report.bitops).toBeLessThanOrEqual(0.7 * report.bitopsInt8);
    expect(report.arenaBytes).toBeLessThanOrEqual(24 * 1024);
    expect(report.vdpc).toBeNull();
    expect(report.timing.seconds).toBeGreaterThan(0);
    const json = new TextDecoder().decode(await host.readFile('net.plan.json'));
    const plan = decodePlan(json, await host.readFile('net.plan.bin'), 'net.plan.json');
    const stored = Object.fromEntries(plan.tensors.map(({ name, bits }) => [name, bits]));
    expect(stored).toMatchObject(report.widths.activations);
    expect(new Set(Object.values(report.widths.activations)).size).toBeGreaterThan(1);
  });

  it('asks again under corrected figures where plans may be refined, within the same limits', async () => {
    const argv = [...SEARCH, '--cost-share', '0.6', '--stage', 'none', '--weights', 'auto'];
    const searched = async (...more: string[]): Promise<SearchReport> => {
      const { exitCode, stdout } = await runInMemory([...argv, ...more], FILES);
      expect(exitCode).toBe(0);
      return JSON.parse(stdout);
    };
    const [plain, refined] = [await searched(), await searched('--refine', '3')];
    expect(refined.evaluations).toBeGreaterThan(plain.evaluations);
    expect([plain.predicted.heldOutSqnrDb, refined.predicted.heldOutSqnrDb]).toEqual([
      null,
      expect.any(Number),
    ]);
    expect(refined.bitops).toBeLessThanOrEqual(0.6 * refined.bitopsInt8);
    expect(await searched('--refine', '3')).toEqual({ ...refined, timing: expect.anything() });
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

  it('keeps protected patches at 8 bits under --vdpc, and says which', async () => {
    const argv = [...SEARCH, '--sram', '20K', '--cost-share', '0.9', '--scope', 'patch', '-o', 'net'];
    argv.push('--vdpc', 'activity', '--vdpc-at', 'input', '--share', '0.25');
    const { exitCode, stdout, host } = await runInMemory(argv, FILES);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    const { rule, protected: kept, of } = report.vdpc as SearchReport['vdpc'] & object;
    expect(report).toMatchObject({ stage: 'patches', feasible: true, fits: true });
    expect([rule, kept.length]).toEqual(['activity', Math.round(0.25 * of)]);
    const json = new TextDecoder().decode(await host.readFile('net.plan.json'));
    const plan = decodePlan(json, await host.readFile('net.plan.bin'), 'net.plan.json');
    expect(planBitops(plan)).toBe(report.bitops);
    const widths = Object.entries(report.widths.activations as Record<string, number>);
    const tiles = plan.tensors.flatMap(({ name, bits, view }) => {
      const [, map, row, column] = /^(.*)\[(\d+),(\d+)\]$/.exec(name) ?? [];
      const width = widths.find(([own]) => own === map)?.[1];
      return view !== undefined || width === undefined ? [] : [{ at: `${row},${column}`, bits, width }];
    });
    expect(tiles.some(({ width }) => width < 8)).toBe(true);
    const isKept = (at: string): boolean => kept.some((position) => position.join() === at);
    for (const { at, bits, width } of tiles) expect([at, bits]).toEqual([at, isKept(at) ? 8 : width]);
    expect(new Set(tiles.map(({ at }) => at)).size).toBe(of);
  });

  it('refuses --vdpc without patches, and its options alone', async () => {
    const refusal = async (...more: string[]): Promise<unknown> => {
      const { exitCode, stdout } = await runInMemory([...SEARCH, ...more], FILES);
      return [exitCode, JSON.parse(stdout).error];
    };
    for (const stage of ['none', 'streaming'])
      expect(await refusal('--vdpc', 'noise', '--stage', stage)).toEqual([
        EXIT_CODES.input,
        {
          ...{ code: 'search/classes', kind: 'input' },
          message: `only a stage of patches has patches to classify; found --vdpc with --stage ${stage}; expected --stage patches, or auto`,
        },
      ]);
    expect(await refusal('--tau', '0.1')).toEqual([
      EXIT_CODES.input,
      expect.objectContaining({ code: 'search/classes', message: expect.stringContaining('found --tau') }),
    ]);
    const split = ['--vdpc', 'outlier', '--share', '1', '--sram', '20K'];
    expect(await refusal(...split)).toEqual([
      EXIT_CODES.unsupported,
      expect.objectContaining({ code: 'classify/no-split' }),
    ]);
  });

  it('takes noise from plans where it is asked to, and says so', async () => {
    const share = ['--stage', 'none', '--limit', '6', '--cost-share', '0.5', '--no-emulate'];
    const of = async (...more: string[]) =>
      JSON.parse((await runInMemory([...SEARCH, ...share, ...more], FILES)).stdout);
    const [float, plans] = [await of(), await of('--noise', 'plans')];
    expect([float.noise, plans.noise]).toEqual(['float', 'plans']);
    expect(plans.bitops).toBeLessThanOrEqual(0.5 * plans.bitopsInt8);
    expect(plans.predicted.scoreSqnrDb).not.toBe(float.predicted.scoreSqnrDb);
    expect((await of('--method', 'memory-driven')).noise).toBeNull();
  });

  it('refuses a stored plan and two bounds of accuracy', async () => {
    const plan = await runInMemory(['search', 'net.plan.json', ...SEARCH.slice(2)], FILES);
    expect([plan.exitCode, JSON.parse(plan.stdout).error.code]).toEqual([5, 'search/plan']);
    const both = await runInMemory([...SEARCH, '--accuracy-drop', '1', '--agreement', '90'], FILES);
    expect(JSON.parse(both.stdout).error.code).toBe('search/goal');
  });

  it.each([
    [
      'entropy for another method',
      ['--accuracy', 'entropy', '--method', 'greedy'],
      '--accuracy entropy with --method greedy',
    ],
    [
      'corrected figures for a method without',
      ['--refine', '2', '--method', 'uniform-a4w8'],
      '--refine 2 with --method uniform-a4w8',
    ],
    [
      'noise in plans for a method that reads none',
      ['--noise', 'plans', '--method', 'memory-driven'],
      '--noise plans with --method memory-driven',
    ],
    ['λ without the paper’s score', ['--lambda', '0.4'], '--lambda 0.4 with --method vdqs'],
    [
      'the scope of a stage without one',
      ['--scope', 'patch', '--stage', 'none'],
      '--scope patch with --stage none',
    ],
  ])('refuses %s', async (_, more, found) => {
    const { exitCode, stdout } = await runInMemory([...SEARCH, ...more], FILES);
    const { code, message } = JSON.parse(stdout).error;
    expect([exitCode, code]).toEqual([EXIT_CODES.input, 'search/option']);
    expect(message).toContain(`found ${found}`);
  });

  it('refuses --squeeze where no plan is held against a bound of accuracy', async () => {
    const refusal = async (...more: string[]) => {
      const { exitCode, stdout } = await runInMemory([...SEARCH, '--squeeze', '2', ...more], FILES);
      return { exitCode, ...JSON.parse(stdout).error };
    };
    const expected = { exitCode: EXIT_CODES.input, code: 'search/goal' };
    expect(await refusal()).toMatchObject({ ...expected, message: expect.stringContaining('--agreement') });
    expect(await refusal('--agreement', '90', '--refine', '0')).toMatchObject({
      ...expected,
      message: expect.stringContaining('found --squeeze 2 with --refine 0'),
    });
  });
});
