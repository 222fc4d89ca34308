/** `quantmcu plan` on the person-detection network: report, stored plan, picture, what does not fit. */
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../../src/support/errors.js';
import { runInMemory } from '../../support/memory-environment.js';
import { PERSON_MODEL, readBytes } from '../../support/paths.js';

const FILES = { 'person.tflite': readBytes(PERSON_MODEL) };
/** One plan only: quick. */
const ONE = ['plan', 'person.tflite', '--grid', '4x4', '--stage', '15', '--input', 'streamed'];

const pngSafe = (svg: string): void => {
  expect(svg.startsWith('<svg xmlns=')).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|="-/);
};

describe('plan', () => {
  it('gives the figures of a plan as data', async () => {
    const { exitCode, stdout } = await runInMemory([...ONE, '--json'], FILES);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ model: 'person', layers: 68, macs: 29_597_360, advice: [] });
    expect(report.plans).toHaveLength(1);
    const [row] = report.plans;
    expect(row).toMatchObject({ kind: 'patches', stageLayers: 15, grid: [4, 4], input: 'streamed' });
    expect(row).toMatchObject({ patchHeight: 59, patchWidth: 59, chosen: true });
    expect(row.totalMacs).toBe(29_597_360 + row.redundantMacs);
    expect(row.stageMacsUnclipped).toBeGreaterThan(row.stageMacs);
    expect(row.tensorBytes).toBeLessThanOrEqual(row.arenaBytes);
    expect(row.lowerBoundBytes).toBeLessThanOrEqual(row.arenaBytes);
  });

  it('stores a plan that the other commands take, and draws it', async () => {
    const { exitCode, stdout, host } = await runInMemory([...ONE, '-o', 'out/p', '--svg', 'p.svg'], FILES);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^plan {3}patches 4×4 for the first 15 layers, input streamed$/m);
    const text = async (path: string): Promise<string> => new TextDecoder().decode(await host.readFile(path));
    pngSafe(await text('p.svg'));
    const files = {
      'p.plan.json': await text('out/p.plan.json'),
      'p.plan.bin': await host.readFile('out/p.plan.bin'),
    };
    const inspected = await runInMemory(['inspect', 'p.plan.json', '--json'], files);
    expect(inspected.exitCode).toBe(0);
    // 16 branches of a crop and 15 layers, then the other 53.
    expect(JSON.parse(inspected.stdout).layers).toHaveLength(16 * 16 + 53);
    const again = await runInMemory(['plan', 'p.plan.json'], files);
    expect(again.exitCode).toBe(EXIT_CODES.input);
    expect(again.stderr).toMatch(/^error patch\/again: /);
  });

  it('says what sets the smallest peak, and what would have to give, where nothing fits', async () => {
    const { exitCode, stdout } = await runInMemory([...ONE, '--sram', '32K'], FILES);
    expect(exitCode).toBe(EXIT_CODES.doesNotFit);
    expect(stdout).toMatch(/^DOES NOT FIT$/m);
    expect(stdout).toMatch(/^ {2}the smallest peak reachable is \d+\.\d KiB of arena and 4\.0 KiB of stack/m);
    expect(stdout).toMatch(/^ {2}the peak is set by \S+, with .* KiB in memory$/m);
    expect(stdout).toMatch(/would have to shrink to \d+ %/);
  });

  it('says when the constants alone exceed the flash', async () => {
    const { exitCode, stdout } = await runInMemory([...ONE, '--flash', '64K'], FILES);
    expect(exitCode).toBe(EXIT_CODES.doesNotFit);
    expect(stdout).toMatch(/the constants alone take \d+\.\d KiB of 64\.0 KiB of flash/);
  });

  it.each([
    [['--sram', 'lots'], /expected bytes, like 262144, 256K or 1M/],
    [['--grid', '0x4'], /expected rows×columns, like 4x4 or 3x4/],
    [['--grid', '4'], undefined],
    [['--rows', '-1'], /positive whole number/],
  ])('reads %j', async (more, message) => {
    const { exitCode, stderr } = await runInMemory([...ONE, ...more], FILES);
    if (message === undefined) expect(exitCode).toBe(0);
    else expect([exitCode, stderr]).toEqual([EXIT_CODES.usage, expect.stringMatching(message)]);
  });
});
