/** The regression gate as a command, with the compiler of npm: green, and red for a slowed and for a broken kernel. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { EXIT_CODES } from '../../src/support/errors.js';
import type { Host } from '../../src/support/host.js';
import { type CliOutcome, runInMemory } from '../support/memory-environment.js';
import { FIXTURES } from '../support/paths.js';

const node = createNodeHost();
const KERNELS = ['--kernels', 'a8', '--kernel-mode', 'mulhi', '--shape', 'mean'];
/** The start of the kernel's body in firmware-templates/kernels/mean.c. */
const BODY = /(void QMCU_\w+\(mean\)\([^;{]*\) \{\n)/;

/** A host on which the kernel's source has a line more. */
const withLine = (line: string): Host => ({
  ...node,
  writeFile: (path, contents) => {
    if (!path.endsWith('/kernels/mean.c')) return node.writeFile(path, contents);
    const changed = String(contents).replace(BODY, `$1  ${line}\n`);
    if (changed === contents) throw new Error('the kernel is not what this test takes it for');
    return node.writeFile(path, changed);
  },
});

let baseline = '';
const regress = (host: Host, ...options: string[]): Promise<CliOutcome> =>
  runInMemory(['regress', ...options, '--baseline', baseline], {}, { host });

beforeAll(async () => {
  baseline = `${await node.temporaryDirectory('regress-test')}/costs.json`;
  const { exitCode, stdout } = await regress(node, ...KERNELS, '--update');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/\| mean a8 portable on mean 6x6x576, m4, mulhi \| [\d,]+ \|/);
});
afterAll(() => node.cleanUp());

describe('regress', () => {
  it('is green when nothing has changed, and repeats to the byte', async () => {
    const { exitCode, stdout } = await regress(node);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^### quantmcu regress: nothing worse \(1 same\)\n/);
    expect((await regress(node)).stdout).toBe(stdout);
  });

  it('is red for a slowed kernel', async () => {
    const slow = withLine('for (volatile uint32_t wait = 0; wait < 2000; wait++) continue;');
    const { exitCode, stdout } = await regress(slow);
    expect(exitCode).toBe(EXIT_CODES.mismatch);
    expect(stdout).toMatch(/^### quantmcu regress: \*\*1 of 1 not as they should be/);
    expect(stdout).toMatch(/\| \*\*[\d,]+ → [\d,]+, \+\d+\.\d\d %\*\* \|.*\*\*worse\*\*/);
    const { subjects } = JSON.parse((await regress(slow, '--json')).stdout);
    const [cycles] = subjects[0].costs;
    expect(cycles.after - cycles.before).toBeGreaterThan(2000);
    expect(cycles.after - cycles.before).toBeLessThan(40_000);
  });

  it('is red for a broken kernel, which makes no baseline either', async () => {
    const broken = withLine('input = (const uint8_t *)input + 1;');
    const { exitCode, stdout } = await regress(broken);
    expect(exitCode).toBe(EXIT_CODES.mismatch);
    expect(stdout).toMatch(/\*\*wrong\*\*/);
    const before = await node.readFile(baseline);
    expect((await regress(broken, '--update')).exitCode).toBe(EXIT_CODES.mismatch);
    expect(await node.readFile(baseline)).toEqual(before);
  });

  it('is red when the baseline is another compiler’s', async () => {
    const text = new TextDecoder().decode(await node.readFile(baseline));
    const old = { ...node, readFile: readInstead(text.replace(/zig cc [^"]*/, 'zig cc 0.1')) };
    const { exitCode, stdout } = await regress(old);
    expect(exitCode).toBe(EXIT_CODES.mismatch);
    expect(stdout).toMatch(/^### quantmcu regress: another compiler\n[\s\S]*those of zig cc 0\.1,/);
  });

  it('refuses what does not fit together', async () => {
    expect((await regress(node, ...KERNELS)).stderr).toMatch(/^error regress\/subjects: .*--update/);
    expect((await regress(node, '--bound', 'cycles=1')).exitCode).toBe(EXIT_CODES.input);
    expect((await regress(node, '--bound', 'heat=1')).exitCode).toBe(EXIT_CODES.usage);
    const absent = await runInMemory(['regress', '--baseline', 'absent.json'], {});
    expect(absent.stderr).toMatch(/^error regress\/no-baseline: absent\.json/);
    expect(absent.exitCode).toBe(EXIT_CODES.input);
  });

  it('measures networks, stored with the bounds that were given', async () => {
    const model = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
    const path = baseline.replace('costs', 'network');
    const named = [
      'regress',
      model,
      '--target',
      'l4r5zi',
      '--bound',
      'cycles=1',
      '--baseline',
      path,
      '--update',
    ];
    expect((await runInMemory(named, {}, { host: node })).exitCode).toBe(0);
    const stored = JSON.parse(new TextDecoder().decode(await node.readFile(path)));
    const [{ outputs, costs }] = stored.measured;
    expect(outputs).toMatch(/^[0-9a-f]{64}$/);
    const verify = ['verify', model, '--target', 'l4r5zi', '--seed', '1', '--toolchain', 'zig', '--json'];
    const { totals } = JSON.parse((await runInMemory(verify, {}, { host: node })).stdout);
    const { cycles, stackBytes, arenaBytes, flashBytes } = totals;
    expect(costs).toEqual({ cycles, stackBytes, arenaBytes, flashBytes });
    expect(stored).toMatchObject({ toolchain: 'zig', bounds: { cycles: 1 } });
  });
});

const readInstead =
  (text: string): Host['readFile'] =>
  (path) =>
    path === baseline ? Promise.resolve(new TextEncoder().encode(text)) : node.readFile(path);
