/** `quantize` in memory: the plan, its recipe, its ranges, and that the next command takes them as they are. */
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../../src/ir/plan-file.js';
import type { MemoryHost } from '../../../src/support/memory-host.js';
import { labelledKeywordFiles, wanderingTensors } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';

const SAMPLES = 20;
const FILES = labelledKeywordFiles(wanderingTensors(SAMPLES, 3));
const QUANTIZE = ['quantize', 'kws.tflite', '--data', 'set'];

/** Everything that a run left behind, for the next one. */
async function filesOf(host: MemoryHost, names: readonly string[]): Promise<Record<string, Uint8Array>> {
  const entries = names.map(async (name) => [name, await host.readFile(name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function quantized(...options: string[]) {
  const argv = [...QUANTIZE, '-o', 'net', '--json', ...options];
  const outcome = await runInMemory(argv, FILES);
  expect(outcome.stderr).toBe('');
  const stored = await filesOf(outcome.host, ['net.plan.json', 'net.plan.bin', 'net.recipe.json']);
  const json = new TextDecoder().decode(stored['net.plan.json']);
  const plan = decodePlan(json, stored['net.plan.bin']!, 'net.plan.json');
  return { report: JSON.parse(outcome.stdout), plan, stored };
}

describe('quantize', () => {
  it('stores a plan at the widths asked for, edges and scores at 8 bits', async () => {
    const { report, plan } = await quantized('--a', '4', '--w', '2');
    expect(plan.requantization).toBe('mulhi');
    const widths = plan.steps.map(({ output }) => plan.tensors[output]!.bits);
    expect(widths).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 8, 8]);
    expect(plan.tensors[plan.inputs[0]!.tensor]!.bits).toBe(8);
    const weighted = plan.steps.flatMap((step) => ('weightBits' in step ? [step.weightBits] : []));
    expect(weighted).toEqual(Array(10).fill(2));
    expect(report.layers.map((layer: { activationBits: number }) => layer.activationBits)).toEqual(widths);
    // Rows end on bytes: 10×4 taps of one channel in 64 filters; four 3×3 depthwise and four 1×1 layers of 64
    // channels; 12 classes.
    const bytes = 64 * 40 + 4 * 9 * 16 + 4 * 64 * 16 + 12 * 16;
    expect(report.totals.weightBytes).toBe(bytes);
    expect(report.totals.constantBytes).toBeGreaterThan(bytes);
    expect(report.scoreSqnrDb).toBe(
      report.trials.find((t: { reconstruction: string }) => t.reconstruction === report.reconstruction)
        .scoreSqnrDb,
    );
  });

  it('takes widths by name from a file, and names what the network does not have', async () => {
    const name = (await quantized()).plan.steps[2]!.name;
    const widths = { defaultActivationBits: 8, weights: { [name]: 4 } };
    const files = { ...FILES, 'widths.json': JSON.stringify(widths), 'wrong.json': '{"weights": {"no": 4}}' };
    const right = await runInMemory([...QUANTIZE, '--bits', 'widths.json', '--json'], files);
    const bits = JSON.parse(right.stdout).layers.map((l: { weightBits: number }) => l.weightBits);
    expect(bits).toEqual([8, 8, 4, 8, 8, 8, 8, 8, 8, null, 8, null]);
    const wrong = await runInMemory([...QUANTIZE, '--bits', 'wrong.json'], files);
    expect(wrong.exitCode).toBe(5);
    expect(wrong.stderr).toContain('found no;');
  });

  it('gives a plan and a recipe that simulate takes without a word', async () => {
    const { stored } = await quantized('--first', '16');
    const outcome = await runInMemory(
      ['simulate', 'net.plan.json', '--data', 'set', '--skip', '16', '--json'],
      { ...FILES, ...stored },
    );
    expect(outcome.exitCode).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ n: 4, mode: 'mulhi', recipe: 'net.recipe.json' });
  });

  it('reuses ranges of the same data only', async () => {
    const argv = [...QUANTIZE, '--ranges', 'ranges.json', '--json'];
    const first = await runInMemory(argv, FILES);
    expect(JSON.parse(first.stdout).rangesReused).toBe(false);
    const files = { ...FILES, ...(await filesOf(first.host, ['ranges.json'])) };
    expect(JSON.parse((await runInMemory(argv, files)).stdout).rangesReused).toBe(true);
    const fewer = await runInMemory([...argv, '--first', '10'], files);
    expect(JSON.parse(fewer.stdout)).toMatchObject({ rangesReused: false, samples: 10, scoreSqnrDb: null });
  });

  it('calls out test data, and stays quiet when only its first samples calibrate', async () => {
    const files = Object.fromEntries(
      Object.entries(FILES).map(([name, bytes]) => [name.replace(/^set/, 'kws_test'), bytes]),
    );
    const argv = ['quantize', 'kws.tflite', '--data', 'kws_test'];
    expect((await runInMemory(argv, files)).stderr).toMatch(/^warning: kws_test looks like test data/);
    expect((await runInMemory([...argv, '--first', '10'], files)).stderr).toBe('');
  });

  it('is the same to the byte for the same seed', async () => {
    const [one, two] = [await quantized('--w', '4'), await quantized('--w', '4')];
    expect(one.stored).toEqual(two.stored);
  });

  it.each([
    [['quantize', 'net.plan.json', '--data', 'set'], 5, /is quantised already/],
    [['quantize', 'kws.tflite', '--data', 'nowhere'], 5, /nowhere/],
    [['quantize', 'kws.tflite', '--data', 'set', '--a', '3'], 2, /expected 8, 4 or 2/],
    [['quantize', 'kws.tflite'], 2, /--data/],
  ])('%j', async (argv, expected, message) => {
    const { exitCode, stderr } = await runInMemory(argv, FILES);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(expected);
  });
});
