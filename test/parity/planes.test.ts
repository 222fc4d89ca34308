/**
 * A convolution that writes planes for the depthwise convolution behind it, on emulated cores: the map between them, mapped
 * back, and the output byte for byte against the reference. Random shapes (odd sizes, channels off the group of four, all
 * widths of the map, paddings on either side), a third of them at the bounds of weights and activations. A spoiled product and a
 * misplaced store must show.
 *
 * LINKED_CASES (default 8 per run) and PARITY_SEED widen the run; `npm run parity:planes` runs 1,000.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { kernelName } from '../../src/bind/variants/chosen-kernel.js';
import { type KernelLink, linkedAt, linkedKernels } from '../../src/bind/variants/links.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import { mapOfPlanes } from '../../src/ir/planes-layout.js';
import type { RequantMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { tensorOf } from '../../src/ops/plan-access.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createRandom } from '../../src/support/random.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import type { ParityCase } from './c-programs.js';
import { linkedSample } from './depthwise-samples.js';
import { buildCases, type EmulatedCase, emulateCases, roomyBoard } from './emulated-programs.js';
import { misplaced, spoiled } from './spoiled-assembly.js';
import { worstCase } from './worst-cases.js';

const CASES = Number(process.env.LINKED_CASES ?? 8);
const SEED = Number(process.env.PARITY_SEED ?? 70260);
const AT_ONCE = 200;
const TIMEOUT_MS = 600_000 * Math.max(1, CASES / 8);

const host = createNodeHost();
afterAll(() => host.cleanUp());

interface LinkedCase extends ParityCase {
  /** The map between both steps. */
  readonly map: Uint8Array;
}

/** A sample whose steps may be linked, with the link. */
function sampleFor(mode: RequantMode, board: Board, seed: number): [SampleCase, KernelLink] {
  const random = createRandom(seed);
  for (;;) {
    const widths = {
      inputBits: random.pick([8, 8, 4, 2] as const),
      weightBits: random.pick([8, 8, 4] as const),
    };
    const request = { mode, outputBits: random.pick(WIDTH_LIST), ...widths };
    const drawn = linkedSample(random, request, random.pick([8, 8, 4, 2] as const));
    const sample = random.integer(0, 2) === 0 ? worstCase(drawn, random) : drawn;
    const links = linkedKernels(sample.plan, coreOf(board.core).feature);
    if (links.length > 0) return [sample, random.pick(links)];
  }
}

function linkedCase(mode: RequantMode, board: Board, index: number): LinkedCase {
  const [sample, link] = sampleFor(mode, board, SEED + index);
  const target = { core: board.core, feature: coreOf(board.core).feature };
  const choice = (_: unknown, at: number): string => kernelName(linkedAt([link], at)[0]!);
  const bound = bind(sample.plan, target, { choice });
  verifyBoundPlan(bound);
  const maps: Uint8Array[] = [];
  (referenceEngine.load(sample.plan) as LoadedNetwork).run(sample.inputs, (step, _, bytes) => {
    maps[step] = bytes;
  });
  const prefix = `n${String(index).padStart(3, '0')}`;
  return { sample, bound, prefix, map: maps[0]!, expected: maps[1]! };
}

const casesOf = (mode: RequantMode, board: Board, count = CASES): LinkedCase[] =>
  Array.from({ length: count }, (_, index) => linkedCase(mode, board, index));

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function differencesOf(cases: readonly LinkedCase[], runs: readonly EmulatedCase[]): string[] {
  return cases.flatMap(({ sample, bound, map, expected }, i) => {
    const id = sample.plan.steps[0]!.output;
    const { shape, bits } = tensorOf(sample.plan, id);
    const { layout } = bound.tensors.find(({ tensor }) => tensor === id)!;
    const found = mapOfPlanes(runs[i]!.laidOut.get(id)!, layout!, shape, bits);
    return [
      ...(sameBytes(map, found) ? [] : [`${sample.label}: the map differs`]),
      ...(sameBytes(expected, runs[i]!.output) ? [] : [`${sample.label}: the output differs`]),
    ];
  });
}

const RUNS = [
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'gcc' },
  { boardId: 'l4r5zi', mode: 'tflm', compiler: 'zig' },
  { boardId: 'f746', mode: 'single', compiler: 'gcc' },
  { boardId: 'u575', mode: 'mulhi', compiler: 'zig' },
] as const;

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('a map in planes between two layers', () => {
  it.each(RUNS)(
    'equals the reference on $boardId, $mode, $compiler',
    async ({ boardId, mode, compiler }) => {
      const board = roomyBoard(boardId);
      const cases = casesOf(mode, board);
      const toolchain = await findToolchain(host, compiler);
      for (let first = 0; first < cases.length; first += AT_ONCE) {
        const part = cases.slice(first, first + AT_ONCE);
        const elf = await buildCases(host, toolchain, part, board);
        for (const engine of engines) {
          const differences = differencesOf(part, emulateCases(part, elf, board, engine));
          expect(differences.slice(0, 10), engine).toEqual([]);
        }
      }
    },
    TIMEOUT_MS,
  );

  it.each([
    ['a product of the layer before', 'columnsplanes', spoiled, 'map'],
    ['a store of the layer before', 'columnsplanes', misplaced, 'map'],
    ['a product over the planes', 'planesready', spoiled, 'output'],
  ] as const)(
    'shows an error in %s',
    async (_, file, change, where) => {
      const board = roomyBoard('l4r5zi');
      const cases = casesOf('mulhi', board, 4);
      const toolchain = await findToolchain(host, 'gcc');
      const elf = await buildCases(host, toolchain, cases, board, {
        change: (path, text) => (path.endsWith('.S') && path.includes(file) ? change(text) : text),
      });
      const differences = differencesOf(cases, emulateCases(cases, elf, board, 'builtin'));
      expect(differences.filter((line) => line.endsWith(`the ${where} differs`))).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});
