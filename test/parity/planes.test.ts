/**
 * A convolution that writes planes for the depthwise convolution behind it, on emulated cores: the map between them, mapped
 * back, and the output byte for byte against the reference. Random shapes (odd sizes, channels off the group of four, all
 * widths of the map, paddings on either side), a third of them at the bounds of weights and activations. A spoiled product and a
 * misplaced store must show.
 *
 * PARITY_SEED changes the sample; `npm run parity:full` runs 1,000 shapes of each pair of widths on every core with both
 * toolchains.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { type KernelLink, linkedKernels } from '../../src/bind/variants/links.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import type { RequantMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { createRandom } from '../../src/support/random.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import { linkedSample } from './depthwise-samples.js';
import { buildCases, emulateCases, PARITY_ENGINES, roomyBoard } from './emulated-programs.js';
import { WRITER_PAIRS } from './kernel-rows.js';
import { type LinkedCase, linkedCase, linkedDifferences } from './linked-cases.js';
import { misplaced, spoiled } from './spoiled-assembly.js';
import { worstCase } from './worst-cases.js';

const CASES = 8;
const SEED = Number(process.env.PARITY_SEED ?? 70260);
const TIMEOUT_MS = 600_000;

const host = createNodeHost();
afterAll(() => host.cleanUp());

/** A sample whose steps may be linked, with the link. */
function sampleFor(mode: RequantMode, board: Board, seed: number): [SampleCase, KernelLink] {
  const random = createRandom(seed);
  for (;;) {
    const [inputBits, weightBits] = random.pick(WRITER_PAIRS);
    const any = (): Width => random.pick(WIDTH_LIST);
    const widths = { inputBits, weightBits, mapBits: any(), depthwiseBits: any(), outputBits: any() };
    const drawn = linkedSample(random, mode, widths);
    const sample = random.integer(0, 2) === 0 ? worstCase(drawn, random) : drawn;
    const links = linkedKernels(sample.plan, coreOf(board.core).feature);
    if (links.length > 0) return [sample, random.pick(links)];
  }
}

const casesOf = (mode: RequantMode, board: Board, count = CASES): LinkedCase[] =>
  Array.from({ length: count }, (_, index) =>
    linkedCase(...sampleFor(mode, board, SEED + index), board.core, index),
  );

const RUNS = [
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'gcc' },
  { boardId: 'l4r5zi', mode: 'tflm', compiler: 'zig' },
  { boardId: 'f746', mode: 'single', compiler: 'gcc' },
  { boardId: 'u575', mode: 'mulhi', compiler: 'zig' },
] as const;

describe('a map in planes between two layers', () => {
  it.each(RUNS)(
    'equals the reference on $boardId, $mode, $compiler',
    async ({ boardId, mode, compiler }) => {
      const board = roomyBoard(boardId);
      const cases = casesOf(mode, board);
      const toolchain = await findToolchain(host, compiler);
      const elf = await buildCases(host, toolchain, cases, board);
      for (const engine of PARITY_ENGINES) {
        const differences = linkedDifferences(cases, emulateCases(cases, elf, board, engine));
        expect(differences.slice(0, 10), engine).toEqual([]);
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
      const differences = linkedDifferences(cases, emulateCases(cases, elf, board, 'builtin'));
      expect(differences.filter((line) => line.endsWith(`the ${where} differs`))).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});
