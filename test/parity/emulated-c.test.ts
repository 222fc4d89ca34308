/**
 * Every C kernel, compiled for the core and run by an emulated one, byte for byte against the reference: many
 * networks in one firmware, built as shipping firmware is. Engines: Unicorn where libunicorn is, and the built-in core.
 *
 * PARITY_PER_KERNEL (default 2) and PARITY_SEED widen the run; PARITY_TOOLCHAIN=zig changes the compiler.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { emitPlatform } from '../../src/codegen/emit-project.js';
import { loadFirmwareTemplates } from '../../src/codegen/templates.js';
import { buildFirmware } from '../../src/compile/build.js';
import { readElf } from '../../src/compile/read-elf.js';
import { findToolchain, type Toolchain } from '../../src/compile/toolchain.js';
import { boardRegions, loadFirmware, requireSymbol } from '../../src/emulate/board-memory.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import { type Board, coreOf, findBoard, virtualBoard } from '../../src/targets/index.js';
import { tensorDifference } from './c-difference.js';
import { type ParityCase, parityCases, programFiles, saturatedShare } from './c-programs.js';

const PER_KERNEL = Number(process.env.PARITY_PER_KERNEL ?? 2);
const SEED = Number(process.env.PARITY_SEED ?? 30260);
const MIB = 1 << 20;
const INSTRUCTION_BUDGET = 2e9;
const GARBAGE = 0xa5;

const host = createNodeHost();
let toolchain: Toolchain;
beforeAll(async () => {
  toolchain = await findToolchain(host, process.env.PARITY_TOOLCHAIN);
});
afterAll(() => host.cleanUp());

function mainProgram(cases: readonly ParityCase[]): string {
  const includes = cases.map(({ prefix }) => `#include "quantmcu/${prefix}.h"`);
  const calls = cases.map(({ prefix }) => `  ${prefix}_invoke();`);
  return `${includes.join('\n')}
__attribute__((noinline, used)) void quantmcu_done(void) { __asm__ volatile("nop"); }
int main(void) {
${calls.join('\n')}
  for (;;) quantmcu_done();
}
`;
}

async function build(cases: readonly ParityCase[], board: Board): Promise<ElfImage> {
  const files = programFiles(cases);
  files.set('main.c', mainProgram(cases));
  for (const [path, text] of emitPlatform(board, 4096, loadFirmwareTemplates())) files.set(path, text);
  const { elf, diagnostics } = await buildFirmware(host, files, { core: coreOf(board.core), toolchain });
  expect(diagnostics).toBe('');
  return readElf(elf);
}

/** Inputs go in when main is reached; every network has an arena of its own, so all outputs are read at the end. */
function emulate(cases: readonly ParityCase[], elf: ElfImage, board: Board, engine: EngineId): Uint8Array[] {
  const machine = ENGINES[engine].create({
    core: board.core,
    regions: boardRegions(board),
    countCycles: false,
    watchMemory: false,
  });
  try {
    loadFirmware(machine, elf, board);
    machine.reset(board.flash.origin);
    const reach = (symbol: string): void => {
      const { address } = requireSymbol(elf, symbol);
      expect(machine.runUntil(address, INSTRUCTION_BUDGET)).toEqual({ kind: 'reached', address });
    };
    reach('main');
    const arena = ({ prefix }: ParityCase): number => requireSymbol(elf, `${prefix}_arena`).address;
    const offset = ({ bound }: ParityCase, id: number): number =>
      bound.tensors.find((t) => t.tensor === id)!.offset;
    for (const item of cases) {
      machine.write(arena(item), new Uint8Array(item.bound.arenaBytes).fill(GARBAGE));
      item.sample.inputs.forEach((bytes, i) => {
        machine.write(arena(item) + offset(item, item.sample.plan.inputs[i]!.tensor), bytes);
      });
    }
    reach('quantmcu_done');
    return cases.map((item) =>
      machine.read(arena(item) + offset(item, item.sample.plan.steps[0]!.output), item.expected.length),
    );
  } finally {
    machine.dispose();
  }
}

const RUNS = [
  { boardId: 'l4r5zi', mode: 'tflm', feature: 'dsp', subByte: false, tiles: true },
  { boardId: 'l4r5zi', mode: 'mulhi', feature: 'dsp', subByte: true, tiles: false },
  { boardId: 'l4r5zi', mode: 'single', feature: 'scalar', subByte: false, tiles: false },
  { boardId: 'f746', mode: 'single', feature: 'dsp', subByte: false, tiles: false },
  { boardId: 'u575', mode: 'mulhi', feature: 'dsp', subByte: false, tiles: false },
] as const;

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('C kernels on emulated cores equal the reference', () => {
  it.each(RUNS)(
    '$boardId, $mode, $feature, sub-byte widths: $subByte',
    async (run) => {
      const board = virtualBoard(findBoard(run.boardId)!, { flashBytes: 16 * MIB, sramBytes: 16 * MIB });
      const cases = parityCases({ ...run, core: board.core, seed: SEED, perKernel: PER_KERNEL });
      const elf = await build(cases, board);
      expect(saturatedShare(cases)).toBeLessThan(0.75);
      expect(engines.length).toBeGreaterThan(0);
      for (const engine of engines) {
        const outputs = emulate(cases, elf, board, engine);
        const differences = cases.flatMap(({ sample, expected }, i) =>
          tensorDifference(sample, expected, outputs[i]!).map((line) => `${engine}: ${line}`),
        );
        expect(differences.slice(0, 10)).toEqual([]);
      }
    },
    600_000,
  );
});
