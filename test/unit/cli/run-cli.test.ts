import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { EXIT_CODES } from '../../../src/support/errors.js';
import { runInMemory } from '../../support/memory-environment.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

const MODEL = readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`);
const tensor = new Uint8Array(490).fill(83);
/** The network has twelve classes: whatever it answers, exactly one of twelve labels is right. */
const LABELS = `file,label\n${Array.from({ length: 12 }, (_, label) => `a.bin,${label}`).join('\n')}\n`;
const FILES = { 'kws.tflite': MODEL, 'set/labels.csv': LABELS, 'set/a.bin': tensor };

describe('every command', () => {
  it.each(COMMANDS.map((command) => command.name))('%s explains itself with examples', async (name) => {
    const { exitCode, stdout, stderr } = await runInMemory([name, '--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: quantmcu ${name}`);
    expect(stdout).toMatch(/Examples:\n {2}quantmcu/);
  });
});

describe('exit codes and errors', () => {
  it.each([
    [['simulate'], EXIT_CODES.usage, /required|missing/],
    [['simulate', 'kws.tflite', '--data', 'set', '--limit', '-1'], EXIT_CODES.usage, /positive whole number/],
    [['no-such-command'], EXIT_CODES.usage, /unknown command/],
    [['inspect', 'absent.tflite'], EXIT_CODES.input, /^error host\/missing: absent\.tflite: no such file\n$/],
    [['inspect', 'set/a.bin'], EXIT_CODES.input, /^error import\/unknown-format: set\/a\.bin: .*\n$/],
    [['simulate', 'kws.tflite', '--data', 'empty'], EXIT_CODES.input, /no labelled samples/],
  ])('%j', async (argv, expected, message) => {
    const { exitCode, stdout, stderr } = await runInMemory(argv, FILES);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(exitCode).toBe(expected);
  });

  it('repeats an error as data under --json', async () => {
    const { stdout } = await runInMemory(['inspect', 'absent.tflite', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'host/missing', kind: 'input', message: 'absent.tflite: no such file' },
    });
  });
});

describe('inspect', () => {
  it('counts what MLPerf Tiny states for its keyword spotting network', async () => {
    const { exitCode, stdout } = await runInMemory(['inspect', 'kws.tflite', '--json'], FILES);
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(report.totals.macs).toBe(2656768);
    expect(report.operators).toMatchObject({
      conv2d: 5,
      depthwise_conv2d: 4,
      fully_connected: 1,
      softmax: 1,
    });
    expect(report.inputs[0]).toMatchObject({ shape: [49, 10, 1], dtype: 'int8', zeroPoint: 83 });
  });
});

describe('a stored plan', () => {
  it('stands in for the model, its mode included', async () => {
    const save = ['inspect', 'kws.tflite', '--mode', 'single', '--save-plan', 'out/net', '--json'];
    const stored = await runInMemory(save, FILES);
    const files = { ...FILES, ...Object.fromEntries(stored.host.files) };
    const again = await runInMemory(['inspect', 'out/net.plan.json', '--json'], files);
    expect(JSON.parse(again.stdout)).toEqual({ ...JSON.parse(stored.stdout), format: 'plan' });

    const wrongMode = await runInMemory(['inspect', 'out/net.plan.json', '--mode', 'tflm'], files);
    expect(wrongMode.exitCode).toBe(EXIT_CODES.input);
    expect(wrongMode.stderr).toContain(
      'a stored plan has its mode fixed; found --mode tflm; expected single',
    );

    const { 'out/net.plan.bin': _weights, ...withoutWeights } = files as Record<string, Uint8Array | string>;
    const orphan = await runInMemory(['inspect', 'out/net.plan.json'], withoutWeights);
    expect(orphan.stderr).toBe('error host/missing: out/net.plan.bin: no such file\n');
  });
});

describe('simulate', () => {
  const argv = ['simulate', 'kws.tflite', '--data', 'set', '--json'];

  it('finds one of twelve labels right, five among the best five, with either engine', async () => {
    for (const engine of ['wasm', 'reference']) {
      const { exitCode, stdout } = await runInMemory([...argv, '--engine', engine], FILES);
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ n: 12, top1: 8.33, top5: 41.67, complete: true });
    }
  });

  it('spreads --limit over the list', async () => {
    const { stdout } = await runInMemory([...argv, '--limit', '3'], FILES);
    expect(JSON.parse(stdout)).toMatchObject({ n: 3, complete: true });
  });

  it('keeps the partial result when interrupted', async () => {
    const abort = new AbortController();
    const files = Object.fromEntries(Object.entries(FILES));
    // The first progress report of a terminal comes after two seconds of this clock: one call.
    let clock = 0;
    const { exitCode, stdout } = await runInMemory(argv, files, {
      signal: abort.signal,
      isErrorTerminal: true,
      now: () => {
        clock += 3000;
        return clock;
      },
      writeError: () => abort.abort(),
    });
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(EXIT_CODES.interrupted);
    expect(report.complete).toBe(false);
    expect(report.n).toBeGreaterThan(0);
    expect(report.n).toBeLessThan(12);
  });

  it('takes the recipe beside the model', async () => {
    const files = { ...FILES, 'kws.recipe.json': '{"labelOffset": 20}' };
    const { stdout } = await runInMemory(argv, files);
    expect(JSON.parse(stdout)).toMatchObject({ top1: 0, recipe: 'kws.recipe.json' });
  });
});
