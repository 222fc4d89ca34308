/** `tune` in memory: its sweeps, the choice in its file, and that `search` and `classify` follow that file. */
import { describe, expect, it } from 'vitest';
import type { TuneReport } from '../../../src/report/tune-report.js';
import { priceOf } from '../../../src/search/pick.js';
import { growingTensors, keywordFiles } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';

const FILES = keywordFiles(growingTensors(12, 3));
const STAGE = ['--stage', '3', '--grid', '2x2', '--input', 'streamed'];
const DATA = ['kws.tflite', '--data', 'set'];
const TUNE = ['tune', ...DATA, '--target', 'nano33ble', ...STAGE, '--kind', 'none', '--json'].concat(
  ...['--lambdas', '0,0.5,1', '--shares', '0.25,0.5,1', '--taus', '0,0.05', '--noise-images', '2'],
);

describe('tune', () => {
  it('sweeps λ and classes, chooses by accuracy lost per BitOP saved, and stores the choice', async () => {
    const argv = [...TUNE, '-o', 'net', '--svg', 'curves.svg'];
    const { exitCode, stdout, stderr, host } = await runInMemory(argv, FILES);
    expect([exitCode, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as TuneReport;
    expect(report).toMatchObject({ fit: 9, heldOut: 3, cost: 'bitops', rule: 'outlier' });

    // The cliff: λ = 0 looks at BitOPs alone and takes the narrowest, λ = 1 at entropy alone and saves nothing.
    expect(report.lambda.map(({ lambda }) => lambda)).toEqual([0, 0.5, 1]);
    const [all, , none] = report.lambda;
    // What only the pooling reads enters no multiplication: it stays as it is.
    expect(all!.maps.slice(0, 2)).toEqual([1, 0]);
    expect(none!.saved).toBe(0);
    // Weights stay at 8 bits and the input with them: no more than three quarters can go.
    expect(all!.saved).toBeGreaterThan(0.5);
    expect(all!.saved).toBeLessThan(0.75);

    expect(report.classes).toHaveLength(6);
    // A share of 1 flags every patch: nothing to tell apart.
    expect(report.classes.filter((row) => row.refused === true).length).toBeGreaterThanOrEqual(2);
    const split = report.classes.flatMap((row) => (row.refused === true ? [] : [row]));
    expect(split.length).toBeGreaterThan(0);
    for (const row of split) {
      expect(row.protected).toBeGreaterThan(0);
      expect(row.protected).toBeLessThan(4);
      expect(row.saved).toBeGreaterThan(0);
    }
    for (const rows of [report.lambda, split]) {
      const prices = rows.map((row) => priceOf({ ...row, noise: 0 }));
      const chosen = rows.filter((row) => row.chosen);
      expect(chosen).toHaveLength(1);
      expect(priceOf({ ...chosen[0]!, noise: 0 })).toBe(Math.min(...prices));
    }

    const tuned = JSON.parse(new TextDecoder().decode(await host.readFile('net.tuned.json')));
    const { lambda, flaggedShare, tau } = report.chosen;
    expect(tuned).toMatchObject({ version: 1, lambda, classes: { rule: 'outlier', flaggedShare, tau } });
    const svg = new TextDecoder().decode(await host.readFile('curves.svg'));
    // λ stands in two panels, classes in one.
    expect(svg.match(/, chosen</g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const again = JSON.parse((await runInMemory(argv, FILES)).stdout) as TuneReport;
    expect({ ...again, timing: report.timing }).toEqual(report);
  });

  it('is followed by classify and search, whose own options come first', async () => {
    const tuned = (changes: object) =>
      JSON.stringify({
        ...{ version: 1, model: 'another', lambda: 1 },
        classes: { rule: 'outlier', at: 'input', flaggedShare: 0.4, tau: 0.02, imageShare: 0.3 },
        ...changes,
      });
    const files = { ...FILES, 'own.json': tuned({ model: 'kws' }), 'other.json': tuned({}) };
    const run = async (argv: readonly string[]) => {
      const { stdout, stderr } = await runInMemory([...argv, '--json'], files);
      return { ...JSON.parse(stdout), stderr };
    };
    const classify = ['classify', ...DATA, ...STAGE, '--tuned'];
    const own = await run([...classify, 'own.json']);
    expect(own).toMatchObject({ rule: 'outlier', at: 'input', threshold: { tau: 0.02 } });
    expect(await run([...classify, 'own.json', '--tau', '0.1'])).toMatchObject({ threshold: { tau: 0.1 } });
    const other = await run([...classify, 'other.json']);
    expect([own.stderr, other.stderr]).toEqual([
      '',
      'warning: other.json was tuned on another, not on kws\n',
    ]);

    const search = [
      'search',
      ...DATA,
      '--target',
      'nano33ble',
      '--method',
      'vdqs-entropy',
      '--stage',
      'none',
    ];
    const how = ['--no-emulate', '--noise-images', '2', '--tuned', 'own.json'];
    const entropyAlone = await run([...search, ...how]);
    expect(entropyAlone.bitops).toBe(entropyAlone.bitopsInt8);
    const bitopsAlone = await run([...search, ...how, '--lambda', '0']);
    expect(bitopsAlone.bitops).toBeLessThan(0.5 * bitopsAlone.bitopsInt8);
  });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"version": 2, "model": "kws"}'],
    ['λ beyond 1', '{"version": 1, "model": "kws", "lambda": 1.5}'],
    ['an unknown rule', '{"version": 1, "model": "kws", "classes": {"rule": "taste"}}'],
    ['a share that is none', '{"version": 1, "model": "kws", "classes": {"rule": "noise", "at": "input"}}'],
  ])('refuses a file with %s', async (_what, text) => {
    const argv = ['classify', ...DATA, ...STAGE, '--tuned', 'bad.json', '--json'];
    const { exitCode, stdout } = await runInMemory(argv, { ...FILES, 'bad.json': text });
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([5, 'tuned/file']);
  });

  it('refuses a split with an empty part', async () => {
    const { stdout } = await runInMemory([...TUNE, '--limit', '2'], FILES);
    expect(JSON.parse(stdout).error.code).toBe('tune/split');
  });

  it('says that a stored plan is no model', async () => {
    const argv = TUNE.map((word, i) => (i === 1 ? 'net.plan.json' : word));
    const { exitCode, stdout } = await runInMemory(argv, FILES);
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([5, 'tune/plan']);
  });
});
