/** `pareto` in memory: the sweep, stored plans, fronts and picture of its report. */
import { describe, expect, it } from 'vitest';
import type { ParetoReport } from '../../../src/report/pareto-report.js';
import { EXIT_CODES } from '../../../src/support/errors.js';
import { labelledKeywordFiles, wanderingTensors } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';

const FILES = labelledKeywordFiles(wanderingTensors(12, 8));
const PARETO = ['pareto', 'kws.tflite', '--target', 'nano33ble', '--stage', 'none', '--no-emulate', '--json'];
const SWEEP = [
  ...[...PARETO, '--data', 'set', '--limit', '6', '--noise-images', '2'],
  ...['--cost-shares', '1,0.6', '--methods', 'vdqs,uniform-a4w8'],
];
/** 2,656,768 MACs of 8 by 8 bits. */
const INT8 = 2_656_768 * 64;

/** The front by its definition, with two loops. */
function expectedFront(points: ParetoReport['points'], worth: 'top1' | 'agreement'): boolean[] {
  return points.map((own) => {
    for (const other of points) {
      const noWorse = other.bitops <= own.bitops && other[worth]! >= own[worth]!;
      if (noWorse && (other.bitops !== own.bitops || other[worth] !== own[worth])) return false;
    }
    return true;
  });
}

describe('pareto', () => {
  it('sweeps methods and shares, each plan once, and marks the front', async () => {
    const argv = [...SWEEP, '--svg', 'front.svg'];
    const { exitCode, stdout, stderr, host } = await runInMemory(argv, FILES);
    expect([exitCode, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as ParetoReport;
    // Uniform widths ignore the share: one plan of two.
    expect(report.points.map(({ method }) => method).sort()).toEqual(['uniform-a4w8', 'vdqs', 'vdqs']);
    expect(report.worth).toBe('agreement');
    expect(report.fitted).toBe(true);
    const named = await runInMemory([...SWEEP, '--test', 'set/'], FILES);
    expect((JSON.parse(named.stdout) as ParetoReport).fitted).toBe(true);
    const text = (
      await runInMemory(
        SWEEP.filter((word) => word !== '--json'),
        FILES,
      )
    ).stdout;
    expect(text).toContain('6 samples of set, which plans were fitted to');
    const vdqs = (share: number) =>
      report.points.find((p) => p.method === 'vdqs' && p.costShare === share)!.bitops;
    expect(vdqs(1)).toBe(INT8);
    expect(vdqs(0.6)).toBeLessThanOrEqual(0.6 * INT8);
    expect(report.points.map(({ front }) => front.bitops)).toEqual(expectedFront(report.points, 'agreement'));
    expect(report.points.some(({ front }) => front.bitops)).toBe(true);
    // Nothing was emulated: no cycles, no front of theirs.
    expect(report.points.every(({ cycles, front }) => cycles === null && !front.cycles)).toBe(true);
    const svg = new TextDecoder().decode(await host.readFile('front.svg'));
    const marked = report.points.flatMap(({ front }) => [front.bitops, front.arenaBytes]).filter(Boolean);
    expect(svg.match(/, on the front</g)).toHaveLength(marked.length);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const again = JSON.parse((await runInMemory(argv, FILES)).stdout) as ParetoReport;
    expect({ ...again, timing: report.timing }).toEqual(report);
  });

  it('takes noise from plans where it is asked to', async () => {
    const predicted = async (...more: string[]) => {
      const { stdout } = await runInMemory([...SWEEP, ...more], FILES);
      const { points, noise } = JSON.parse(stdout) as ParetoReport;
      expect(noise).toBe(more.length > 0 ? 'plans' : 'float');
      return points.map(({ predictedSqnrDb }) => predictedSqnrDb);
    };
    const [float, plans] = [await predicted(), await predicted('--noise', 'plans')];
    expect(plans.length).toBeGreaterThan(1);
    expect(plans.filter((sqnrDb) => float.includes(sqnrDb))).toEqual([]);
    const unread = [...SWEEP.slice(0, -1), 'uniform-a4w8', '--noise', 'plans'];
    const { exitCode, stdout } = await runInMemory(unread, FILES);
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([EXIT_CODES.input, 'search/option']);
  });

  it('measures stored plans on labelled samples', async () => {
    const quantize = ['quantize', 'kws.tflite', '--data', 'set', '-o'];
    const wide = await runInMemory([...quantize, 'wide'], FILES);
    const narrow = await runInMemory([...quantize, 'narrow', '--a', '4'], FILES);
    const files = { ...FILES };
    for (const [base, { host }] of [['wide', wide] as const, ['narrow', narrow] as const])
      for (const suffix of ['plan.json', 'plan.bin'])
        files[`${base}.${suffix}`] = await host.readFile(`${base}.${suffix}`);
    const argv = [...PARETO.slice(0, 2), 'wide.plan.json', 'narrow.plan.json', ...PARETO.slice(2)];
    const { exitCode, stdout } = await runInMemory([...argv, '--test', 'set'], files);
    expect(exitCode).toBe(0);
    const { points, worth, fitted } = JSON.parse(stdout) as ParetoReport;
    expect(fitted).toBe(false);
    // What stored plans were fitted to is not known, whatever is given as --data.
    const byData = JSON.parse((await runInMemory([...argv, '--data', 'set'], files)).stdout) as ParetoReport;
    expect(byData.fitted).toBe(false);
    expect(worth).toBe('top1');
    expect(points.map(({ name, n }) => [name, n])).toEqual([
      ['narrow.plan.json', 12],
      ['wide.plan.json', 12],
    ]);
    expect(points[1]!.bitops).toBe(INT8);
    expect(points[0]!.bitops).toBeLessThan(INT8);
    expect(points[0]!.arenaBytes).toBeLessThan(points[1]!.arenaBytes);
    expect(points[0]!.front).toEqual({ bitops: true, cycles: false, arenaBytes: true });
  });

  it('names what is missing', async () => {
    const code = async (argv: readonly string[]): Promise<string> =>
      JSON.parse((await runInMemory(argv, FILES)).stdout).error.code;
    expect(await code(PARETO)).toBe('pareto/data');
    expect(await code([...PARETO, 'wide.plan.json'])).toBe('pareto/data');
    const plan = [PARETO[0]!, 'wide.plan.json', ...PARETO.slice(2), '--data', 'set'];
    expect(await code(plan)).toBe('pareto/plan');
    const methods = await runInMemory([...PARETO, '--data', 'set', '--methods', 'magic'], FILES);
    expect([methods.exitCode, methods.stderr]).toEqual([2, expect.stringMatching(/vdqs/)]);
  });
});
