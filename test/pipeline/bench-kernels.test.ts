/** `quantmcu bench kernels` on a few layers: rows, costs against another engine's, public figures, text and picture. */
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { readElf } from '../../src/compile/read-elf.js';
import { unicornAvailable } from '../../src/emulate/unicorn-library.js';
import { BENCH_LAYERS } from '../../src/evaluate/bench-kernels.js';
import { buildBenchPlan } from '../../src/evaluate/bench-plan.js';
import { emulateFirmware } from '../../src/evaluate/emulate-firmware.js';
import { buildProject } from '../../src/pipeline.js';
import { EXIT_CODES } from '../../src/support/errors.js';
import { findBoard } from '../../src/targets/index.js';
import { runInMemory } from '../support/memory-environment.js';

const host = createNodeHost();
const bench = (...options: string[]) => runInMemory(['bench', 'kernels', ...options], {}, { host });
const FC = ['--core', 'm4', '--shape', 'fc', '--variant', 'portable'];
const now = (): number => performance.now();

describe('bench kernels', () => {
  it('has the fields that are promised, and repeats', async () => {
    const { exitCode, stdout } = await bench(...FC, '--mode', 'mulhi', '--json');
    const { timing, ...report } = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ ok: true, weights: 'gaussian', seed: 1 });
    expect(report.rows).toHaveLength(9);
    const [first] = report.rows;
    expect(first).toMatchObject({
      ...{ kernel: 'fully_connected_a8_w8__dsp', shape: 'fc 1280->100', core: 'm4', mode: 'mulhi' },
      ...{ macs: 128_000, unit: 'mac', equal: true, variant: 'portable' },
      // kernels.md, "Public kernels": 2.43 and, for 4-bit weights, 5.68
      published: [{ library: 'CMSIS-NN s8', cyclesPerMac: 2.433 }],
    });
    expect(report.rows[1].published).toEqual([{ library: 'CMSIS-NN s4 weights', cyclesPerMac: 5.684 }]);
    for (const row of report.rows) {
      expect(row.cyclesPerMac).toBeCloseTo(row.cycles / 128_000, 3);
      expect(row.scratchBytes).toBeGreaterThan(0);
    }
    const again = JSON.parse((await bench(...FC, '--mode', 'mulhi', '--json')).stdout);
    expect({ ...again, timing }).toEqual({ ...report, timing });
  });

  it.skipIf(!unicornAvailable().available)(
    'counts what Unicorn counts (skipped without libunicorn)',
    async () => {
      const { rows } = JSON.parse((await bench(...FC, '--mode', 'tflm', '--json')).stdout);
      const layers = BENCH_LAYERS.filter(({ shape }) => shape.id === 'fc 1280->100');
      const { plan, inputs } = buildBenchPlan(layers, { mode: 'tflm', spread: 'gaussian', seed: 1 });
      const firmware = await buildProject(host, plan, findBoard('l4r5zi')!, {
        now,
        choice: () => 'portable',
      });
      const [unicorn] = emulateFirmware(firmware, { engines: ['unicorn'], inputs }).emulations;
      const { symbols } = readElf(firmware.elf);
      rows.forEach((row: Record<string, number> & { readonly kernel: string }, i: number) => {
        const step = unicorn!.steps[i]!;
        // Unicorn's passages end at blocks: a few instructions between two layers belong to the other one.
        expect(Math.abs(row.instructions! - step.instructions), row.kernel).toBeLessThan(20);
        expect(Math.abs(row.cycles! / step.cycles - 1), row.kernel).toBeLessThan(0.005);
        expect(row.codeBytes, row.kernel).toBeGreaterThanOrEqual(symbols.get(row.kernel)!.size);
      });
    },
  );

  it('prints a table and draws bars', async () => {
    const options = ['--shape', 'add', '--mode', 'tflm', 'mulhi', '--svg', 'bars.svg', '--core', 'm33'];
    const files = new Map<string, string | Uint8Array>();
    const writeFile = async (path: string, contents: string | Uint8Array): Promise<void> => {
      if (path === 'bars.svg') files.set(path, contents);
      else await host.writeFile(path, contents);
    };
    const result = await runInMemory(['bench', 'kernels', ...options], {}, { host: { ...host, writeFile } });
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatch(/^Cortex-M33, mode tflm, zero wait states\nlayer +kernel/);
    expect(result.stdout).toMatch(/\nadd 24x24x32 +add_a8__dsp_words\w* .* an element /);
    expect(result.stdout).toMatch(/\nOK {2}10 kernels, every output as simulated\n$/);
    expect(files.get('bars.svg')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('refuses what is not there', async () => {
    const { exitCode, stderr } = await bench(...FC.slice(0, -1), 'turbo');
    expect(exitCode).toBe(EXIT_CODES.input);
    expect(stderr).toMatch(/^error bench\/empty: .*found variant turbo/);
    expect((await bench('--widths', 'a3w8')).exitCode).toBe(EXIT_CODES.usage);
    expect((await runInMemory(['bench', 'models'], {}, { host })).exitCode).toBe(EXIT_CODES.usage);
  });
});
