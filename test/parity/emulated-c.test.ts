/**
 * Every C kernel, compiled for the core and run by an emulated one, byte for byte against the reference: many
 * networks in one firmware, built as shipping firmware is. Engines: Unicorn where libunicorn is, and the built-in core.
 *
 * PARITY_PER_KERNEL (default 2) and PARITY_SEED widen the run; PARITY_TOOLCHAIN=zig changes the compiler.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain, type Toolchain } from '../../src/compile/toolchain.js';
import { tensorDifference } from './c-difference.js';
import { parityCases, saturatedShare } from './c-programs.js';
import { buildCases, emulateCases, PARITY_ENGINES, roomyBoard } from './emulated-programs.js';

const PER_KERNEL = Number(process.env.PARITY_PER_KERNEL ?? 2);
const SEED = Number(process.env.PARITY_SEED ?? 30260);

const host = createNodeHost();
let toolchain: Toolchain;
beforeAll(async () => {
  toolchain = await findToolchain(host, process.env.PARITY_TOOLCHAIN);
});
afterAll(() => host.cleanUp());

const RUNS = [
  { boardId: 'l4r5zi', mode: 'tflm', feature: 'dsp', subByte: false, tiles: true },
  { boardId: 'l4r5zi', mode: 'mulhi', feature: 'dsp', subByte: true, tiles: false },
  { boardId: 'l4r5zi', mode: 'single', feature: 'scalar', subByte: false, tiles: false },
  { boardId: 'f746', mode: 'single', feature: 'dsp', subByte: false, tiles: false },
  { boardId: 'u575', mode: 'mulhi', feature: 'dsp', subByte: false, tiles: false },
] as const;

describe('C kernels on emulated cores equal the reference', () => {
  it.each(RUNS)(
    '$boardId, $mode, $feature, sub-byte widths: $subByte',
    async (run) => {
      const board = roomyBoard(run.boardId);
      const cases = parityCases({ ...run, core: board.core, seed: SEED, perKernel: PER_KERNEL });
      const elf = await buildCases(host, toolchain, cases, board);
      expect(saturatedShare(cases)).toBeLessThan(0.75);
      expect(PARITY_ENGINES.length).toBeGreaterThan(0);
      for (const engine of PARITY_ENGINES) {
        const runs = emulateCases(cases, elf, board, engine);
        const differences = cases.flatMap(({ sample, expected }, i) =>
          tensorDifference(sample, expected, runs[i]!.output).map((line) => `${engine}: ${line}`),
        );
        expect(differences.slice(0, 10)).toEqual([]);
      }
    },
    600_000,
  );
});
