/**
 * Random networks patch by patch and row by row as firmware: many in one image, run by the emulated cores, outputs
 * byte for byte against the whole network in the reference. Inputs resident and streamed, odd sizes, borders.
 *
 * QUANTMCU_PATCHED_PROGRAMS (default 50) and PARITY_SEED widen the run.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { emitPlatform } from '../../src/codegen/emit-project.js';
import { loadFirmwareTemplates } from '../../src/codegen/templates.js';
import { buildFirmware } from '../../src/compile/build.js';
import { readElf } from '../../src/compile/read-elf.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { boardRegions, loadFirmware, requireSymbol } from '../../src/emulate/board-memory.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { expandPatches } from '../../src/patch/expand.js';
import { expandStreaming } from '../../src/patch/stream.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createRandom, type Random } from '../../src/support/random.js';
import { type Board, coreOf, findBoard, virtualBoard } from '../../src/targets/index.js';
import { randomNetwork } from '../support/random-network.js';
import { type ParityCase, programFiles } from './c-programs.js';

const PROGRAMS = Number(process.env.QUANTMCU_PATCHED_PROGRAMS ?? 50);
const SEED = Number(process.env.PARITY_SEED ?? 40260);
const MIB = 1 << 20;
const INSTRUCTION_BUDGET = 2e9;
const GARBAGE = 0xa5;

const host = createNodeHost();
afterAll(() => host.cleanUp());

/** A random way to run a random part of the network, or undefined where this network has none. */
function staged(plan: DeployPlan, random: Random): DeployPlan | undefined {
  const cuts = stageCuts(plan);
  if (cuts.length === 0) return undefined;
  const cut = random.pick(cuts);
  const input = random.pick(['resident', 'streamed'] as const);
  if (random.integer(0, 1) === 0) return expandStreaming(plan, cut, random.integer(1, 3), input);
  const branches = gridBranches(plan, cut, random.integer(1, 3), random.integer(1, 3));
  return branches === null ? undefined : expandPatches(plan, cut, branches, input);
}

/** Networks of one requantisation mode, as one image has: seeds count up until there are enough. */
function randomCases(board: Board, mode: 'tflm' | 'single'): ParityCase[] {
  const cases: ParityCase[] = [];
  const { feature } = coreOf(board.core);
  for (let seed = SEED; cases.length < PROGRAMS / 2; seed++) {
    const random = createRandom(seed);
    const sample = randomNetwork(random);
    if (sample.plan.requantization !== mode) continue;
    const plan = staged(sample.plan, random);
    if (plan === undefined) continue;
    const bound = bind(plan, { core: board.core, feature });
    verifyBoundPlan(bound);
    const [expected] = (referenceEngine.load(sample.plan) as LoadedNetwork).run(sample.inputs);
    const prefix = `n${String(cases.length).padStart(3, '0')}`;
    cases.push({ sample: { ...sample, plan, label: `seed ${seed}` }, bound, prefix, expected: expected! });
  }
  return cases;
}

const isStreamed = ({ sample }: ParityCase): boolean => sample.plan.patchStage?.input === 'streamed';

/** The callback of a streamed network: its image stands in flash. */
function readInput({ prefix, sample }: ParityCase): string {
  const [height, width, channels] = sample.plan.tensors[sample.plan.inputs[0]!.tensor]!.shape;
  const bytes = [...new Int8Array(sample.inputs[0]!)].join(',');
  return `static const int8_t ${prefix}_image[${height * width * channels}] = {${bytes}};
void ${prefix}_read_input(uint32_t y, uint32_t x, uint32_t height, uint32_t width, void *to) {
  int8_t *out = (int8_t *)to;
  for (uint32_t row = y; row < y + height; row++)
    for (uint32_t i = 0; i < width * ${channels}u; i++) *out++ = ${prefix}_image[(row * ${width}u + x) * ${channels}u + i];
}`;
}

async function build(cases: readonly ParityCase[], board: Board): Promise<ElfImage> {
  const files = programFiles(cases);
  const main = [
    ...cases.map(({ prefix }) => `#include "quantmcu/${prefix}.h"`),
    ...cases.filter(isStreamed).map(readInput),
    '__attribute__((noinline, used)) void quantmcu_done(void) { __asm__ volatile("nop"); }',
    `int main(void) {\n${cases.map(({ prefix }) => `  ${prefix}_invoke();`).join('\n')}\n  for (;;) quantmcu_done();\n}`,
  ];
  files.set('main.c', `${main.join('\n')}\n`);
  for (const [path, text] of emitPlatform(board, 4096, loadFirmwareTemplates())) files.set(path, text);
  const toolchain = await findToolchain(host);
  const { elf, diagnostics } = await buildFirmware(host, files, { core: coreOf(board.core), toolchain });
  expect(diagnostics).toBe('');
  return readElf(elf);
}

/** Outputs of all networks; every one has an arena of its own. */
function emulate(cases: readonly ParityCase[], elf: ElfImage, board: Board, engine: EngineId): Uint8Array[] {
  const regions = boardRegions(board);
  const machine = ENGINES[engine].create({
    core: board.core,
    regions,
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
    const placeOf = ({ prefix, bound }: ParityCase, id: number): number =>
      requireSymbol(elf, `${prefix}_arena`).address + bound.tensors.find((t) => t.tensor === id)!.offset;
    reach('main');
    for (const item of cases) {
      const arena = requireSymbol(elf, `${item.prefix}_arena`).address;
      machine.write(arena, new Uint8Array(item.bound.arenaBytes).fill(GARBAGE));
      if (isStreamed(item)) continue;
      machine.write(placeOf(item, item.sample.plan.inputs[0]!.tensor), item.sample.inputs[0]!);
    }
    reach('quantmcu_done');
    return cases.map((item) =>
      machine.read(placeOf(item, item.sample.plan.outputs[0]!.tensor), item.expected.length),
    );
  } finally {
    machine.dispose();
  }
}

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('patched and streamed firmware gives the bytes of the whole network', () => {
  it.each([
    { boardId: 'l4r5zi', mode: 'tflm' },
    { boardId: 'f746', mode: 'single' },
  ] as const)(
    `$boardId, $mode: ${PROGRAMS / 2} random networks`,
    async ({ boardId, mode }) => {
      const board = virtualBoard(findBoard(boardId)!, { flashBytes: 16 * MIB, sramBytes: 16 * MIB });
      const cases = randomCases(board, mode);
      const kinds = new Set(
        cases.map(({ sample }) => `${sample.plan.patchStage!.kind} ${sample.plan.patchStage!.input}`),
      );
      expect(kinds.size).toBe(4);
      const elf = await build(cases, board);
      expect(engines.length).toBeGreaterThan(0);
      for (const engine of engines) {
        const outputs = emulate(cases, elf, board, engine);
        const different = cases.flatMap(({ sample, expected }, i) =>
          Buffer.compare(outputs[i]!, expected) === 0 ? [] : [`${engine}: ${sample.label}`],
        );
        expect(different).toEqual([]);
      }
    },
    600_000,
  );
});
