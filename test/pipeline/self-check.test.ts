/** The self-check firmware on emulated cores prints what a board would, and `verify --log` compares it layer by layer. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { KernelPreference } from '../../src/bind/variants/choose.js';
import { linkedKernels } from '../../src/bind/variants/links.js';
import { randomInputs } from '../../src/cli/network-inputs.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { parseBoardLog } from '../../src/compare/board-log.js';
import { readElf } from '../../src/compile/read-elf.js';
import { boardRegions, loadFirmware } from '../../src/emulate/board-memory.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { expandPatches } from '../../src/patch/expand.js';
import {
  buildProject,
  generateProject,
  planModel,
  type SelfCheckInput,
  verifyPlan,
} from '../../src/pipeline.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { crc32 } from '../../src/support/crc32.js';
import { createRandom } from '../../src/support/random.js';
import { type Board, findBoard } from '../../src/targets/index.js';
import { linkedSample } from '../parity/depthwise-samples.js';
import { runInMemory } from '../support/memory-environment.js';
import { FIXTURES, readBytes } from '../support/paths.js';
import { tinyPlan } from './tiny-plan.js';

const host = createNodeHost();
const KWS_MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
const SEED = 5;
const now = (): number => performance.now();
let plan: DeployPlan;

beforeAll(async () => {
  ({ plan } = await planModel(host, KWS_MODEL, {}));
});

/** Builds the self-check for a board and returns what it prints on an emulated one. */
async function boardOutput(
  board: Board,
  engine: EngineId,
  selfCheck: SelfCheckInput = { kind: 'seed', seed: SEED },
  network: DeployPlan = plan,
  preference: KernelPreference = {},
): Promise<string> {
  const firmware = await buildProject(host, network, board, { selfCheck, now, ...preference });
  const machine = ENGINES[engine].create({
    ...{ core: board.core, regions: boardRegions(board), countCycles: true, watchMemory: false },
  });
  loadFirmware(machine, readElf(firmware.elf), board);
  machine.reset(board.flash.origin);
  const stop = machine.runUntil(0xfffffff0, 100_000_000);
  const text = machine.output();
  machine.dispose();
  expect(stop).toEqual({ kind: 'exit', status: 0 });
  return text;
}

const verify = (board: Board, text: string, seed = SEED, network = plan) =>
  verifyPlan(host, network, board, {
    ...{ inputs: randomInputs(plan, seed).bytes, inputName: `seed ${seed}`, now },
    log: { name: 'board.txt', text },
  });

describe.each(['l4r5zi', 'f746', 'u575'])('the self-check for %s', (boardId) => {
  const board = findBoard(boardId)!;

  it('prints the CRC of every map of the simulation, and the cycles that the emulation counts', async () => {
    const text = await boardOutput(board, 'builtin');
    const { report } = await verify(board, text);
    expect(report.boardLog).toMatchObject({ ok: true, equalLayers: 13, outputsEqual: true, board: boardId });
    expect(report.ok).toBe(true);
    // Counted by the firmware through DWT, and from outside: they differ by the reads of the counter.
    const { cycles, layers } = report.boardLog!;
    expect(Math.abs(cycles!.ratio - 1)).toBeLessThan(0.001);
    for (const layer of layers) {
      expect(Math.abs(layer.cycles! - layer.estimatedCycles), layer.name).toBeLessThan(20);
    }
  });
});

describe('a map that is stored in planes', () => {
  it.each([8, 4, 2] as const)('has the CRC of its packed bytes, %i bits', async (mapBits) => {
    const random = createRandom(mapBits);
    const widths = { inputBits: 8, weightBits: 8, mapBits, depthwiseBits: 8, outputBits: 8 } as const;
    let network: DeployPlan;
    do network = linkedSample(random, 'tflm', widths).plan;
    while (linkedKernels(network, 'dsp').length === 0);
    const choice = (_: unknown, index: number): string => ['columnsplanes', 'planesready'][index]!;
    const selfCheck = { kind: 'seed', seed: SEED } as const;
    const text = await boardOutput(findBoard('l4r5zi')!, 'builtin', selfCheck, network, { choice });
    const crcs: number[] = [];
    const inputs = randomInputs(network, SEED).bytes;
    (referenceEngine.load(network) as LoadedNetwork).run(inputs, (_step, _, bytes) => {
      crcs.push(crc32(bytes));
    });
    expect(parseBoardLog(text, 'log').layers.map(({ crc }) => crc)).toEqual(crcs);
  });
});

describe('a log', () => {
  const board = findBoard('l4r5zi')!;
  let text: string;
  beforeAll(async () => {
    text = await boardOutput(board, 'builtin');
  });

  const absent = ENGINES.unicorn.unavailable() !== '';
  it.skipIf(absent)(
    `has the same CRCs from Unicorn, which counts nothing${absent ? ' (skipped: libunicorn absent)' : ''}`,
    async () => {
      const crcs = (log: string) => parseBoardLog(log, '').layers.map(({ crc }) => crc);
      const other = await boardOutput(board, 'unicorn');
      expect(crcs(other)).toEqual(crcs(text));
      expect(new Set(crcs(text)).size).toBeGreaterThan(10);
      const { report } = await verify(board, other);
      expect(report.boardLog).toMatchObject({ ok: true, cycles: null });
    },
  );

  it('with one wrong map fails, and names the layer', async () => {
    const [crc] = /(?<=layer 4 crc=)[0-9a-f]{8}/.exec(text)!;
    const { report } = await verify(board, text.replace(crc, '00000000'));
    expect(report).toMatchObject({ ok: false, firstDifference: null });
    expect(report.boardLog).toMatchObject({ equalLayers: 12, firstDifference: plan.steps[4]!.name });
  });

  it('that breaks off fails, and names the first layer missing', async () => {
    const { report } = await verify(board, text.slice(0, text.indexOf('quantmcu-check layer 7')));
    expect(report.ok).toBe(false);
    expect(report.boardLog).toMatchObject({ complete: false, firstDifference: plan.steps[7]!.name });
  });

  it('of another input, core or network is refused before anything runs', async () => {
    await expect(verify(board, text, SEED + 1)).rejects.toMatchObject({ code: 'log/input', kind: 'input' });
    await expect(verify(findBoard('f746')!, text)).rejects.toMatchObject({ code: 'log/other' });
    await expect(verify(board, text.replace('layers=13', 'layers=14'))).rejects.toMatchObject({
      code: 'log/other',
    });
  });

  it('comes from given bytes as well', async () => {
    const inputs = randomInputs(plan, SEED).bytes;
    const given = await boardOutput(board, 'builtin', { kind: 'bytes', inputs, source: 'bytes' });
    expect(parseBoardLog(given, '').inputs).toEqual(parseBoardLog(text, '').inputs);
  });
});

describe('the self-check of a patch stage', () => {
  it.each(['resident', 'streamed'] as const)(
    'reports every piece of it, with the input %s',
    async (input) => {
      const cut = stageCuts(plan)[1]!;
      const patched = expandPatches(plan, cut, gridBranches(plan, cut, 2, 2)!, input);
      const board = findBoard('l4r5zi')!;
      const text = await boardOutput(board, 'builtin', { kind: 'seed', seed: SEED }, patched);
      const { report } = await verify(board, text, SEED, patched);
      expect(report.boardLog).toMatchObject({ ok: true, equalLayers: patched.steps.length });
      expect(patched.steps.length).toBeGreaterThan(plan.steps.length + 3);
      const delivered = report.boardLog!.layers.filter(({ ratio }) => ratio === null);
      expect(delivered).toHaveLength(input === 'streamed' ? 4 : 0);
    },
  );
});

describe('codegen', () => {
  it('leaves the plain project without a trace of the check', () => {
    const { files } = generateProject(tinyPlan(), findBoard('l4r5zi')!);
    expect([...files].filter(([, text]) => /self.?check/i.test(text))).toEqual([]);
  });

  it('--self-check writes a project that says how it is used', async () => {
    const argv = ['codegen', 'kws.tflite', '--target', 'l4r5zi', '--self-check', '--seed', '9', '-o', 'out'];
    const { exitCode, host: after } = await runInMemory(argv, { 'kws.tflite': readBytes(KWS_MODEL) });
    expect(exitCode).toBe(0);
    const text = (path: string): string => new TextDecoder().decode(after.files.get(`out/${path}`));
    expect(text('quantmcu/network.c')).toContain('QUANTMCU_LAYER(0, quantmcu_step_000());');
    expect(text('main.c')).toContain('quantmcu_random_byte(9u, 0u + i)');
    expect(text('README.md')).toMatch(/quantmcu verify <model> --log board\.txt/);
    expect(text('Makefile')).toContain('quantmcu/self_check.c');
  });
});

describe('verify --engine qemu', () => {
  const machine = { l4r5zi: 'm4', f746: 'm7', u575: 'm33' };
  it.each(Object.keys(machine))(
    'has QEMU compute the same maps for %s, where it is installed',
    async (id) => {
      const options = {
        inputs: randomInputs(plan, SEED).bytes,
        inputName: 'seed',
        engine: 'qemu',
        now,
      } as const;
      const run = verifyPlan(host, plan, findBoard(id)!, options);
      if ((await host.findProgram('qemu-system-arm')) === undefined) {
        await expect(run).rejects.toMatchObject({ code: 'emulate/engine', kind: 'unsupported' });
        return;
      }
      const { report } = await run;
      expect(report).toMatchObject({
        ok: true,
        crossCheck: { state: 'equal', engines: ['builtin', 'qemu'], layers: 13, memoryBytes: 72152 },
      });
    },
  );
});
