/**
 * Kernels for sub-byte widths whose inner loops are generated assembly, on an emulated core, byte for byte against the
 * reference: random and worst-case convolutions, many in one firmware.
 *
 * SUB_BYTE_SAMPLES (default 8) per pair of widths and board, SUB_BYTE_SEED, PARITY_TOOLCHAIN=zig; 1000 and both
 * toolchains: npm run parity:sub-byte.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { kernelsFor } from '../../src/bind/variants/choose.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain, type Toolchain } from '../../src/compile/toolchain.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import type { Board } from '../../src/targets/target.js';
import { tensorDifference } from './c-difference.js';
import { expectedOutput, type ParityCase, saturatedShare } from './c-programs.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';
import { matrixSample } from './matrix-samples.js';

const SAMPLES = Number(process.env.SUB_BYTE_SAMPLES ?? 8);
const SEED = Number(process.env.SUB_BYTE_SEED ?? 7100);
/** Of every pair, in one firmware. */
const PER_ELF = 60;

const VARIANT = 'lanes';
type WidthPair = readonly [inputBits: Width, weightBits: Width];
const WIDTH_PAIRS: readonly WidthPair[] = [
  [4, 4],
  [2, 8],
  [4, 2],
  [2, 4],
  [2, 2],
];

const host = createNodeHost();
let toolchain: Toolchain;
beforeAll(async () => {
  toolchain = await findToolchain(host, process.env.PARITY_TOOLCHAIN);
});
afterAll(() => host.cleanUp());

const applies = ({ plan }: SampleCase): boolean =>
  kernelsFor(plan.steps[0]!, plan, 'dsp').some(({ variant }) => variant?.name === VARIANT);

/** `count` samples that the variant computes, from `seed` on, bound to it; `first` is the number of the first. */
function casesOf(
  [inputBits, weightBits]: WidthPair,
  seed: number,
  count: number,
  first: number,
): ParityCase[] {
  const cases: ParityCase[] = [];
  for (let at = seed; cases.length < count; at++) {
    const outputBits = WIDTH_LIST[at % WIDTH_LIST.length]!;
    const sample = matrixSample({ inputBits, weightBits, outputBits, seed: at });
    if (!applies(sample)) continue;
    const bound = bind(sample.plan, { core: 'm4', feature: 'dsp' }, { choice: () => VARIANT });
    verifyBoundPlan(bound);
    const prefix = `n${String(first + cases.length).padStart(3, '0')}`;
    cases.push({ sample, bound, prefix, expected: expectedOutput(sample) });
  }
  return cases;
}

/** The same number of samples of every pair of widths; `round` gives others. */
const allPairs = (perPair: number, round: number): ParityCase[] =>
  WIDTH_PAIRS.flatMap((pair, i) =>
    casesOf(pair, SEED + 100_000 * i + 3 * round * perPair, perPair, i * perPair),
  );

function differences(cases: readonly ParityCase[], elf: ElfImage, board: Board, engine: EngineId): string[] {
  const runs = emulateCases(cases, elf, board, engine);
  return cases.flatMap(({ sample, expected }, i) =>
    tensorDifference(sample, expected, runs[i]!.output).map((line) => `${engine}: ${line}`),
  );
}

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('kernels of shared lanes', () => {
  it.each(['l4r5zi', 'f746', 'u575'])(
    'equal the reference on %s',
    async (boardId) => {
      const board = roomyBoard(boardId);
      for (let done = 0; done < SAMPLES; done += PER_ELF) {
        const cases = allPairs(Math.min(PER_ELF, SAMPLES - done), done / PER_ELF);
        const elf = await buildCases(host, toolchain, cases, board);
        expect(saturatedShare(cases)).toBeLessThan(0.8);
        for (const engine of engines) expect(differences(cases, elf, board, engine).slice(0, 10)).toEqual([]);
      }
    },
    600_000,
  );

  it.each([
    ['multiply', 'smlad r11, lr, r3, r11', 'smlad r11, lr, r2, r11'],
    ['expand', 'and r6, r12, r4, ror #4', 'and r6, r12, r5, ror #4'],
  ])(
    'would be found out by a wrong operand in %s',
    async (_, right, wrong) => {
      const board = roomyBoard('l4r5zi');
      const cases = casesOf([2, 2], SEED, 3, 0);
      const elf = await buildCases(host, toolchain, cases, board, (path, text) =>
        path.endsWith('.S') ? text.replace(right, wrong) : text,
      );
      expect(differences(cases, elf, board, 'builtin')).not.toEqual([]);
    },
    60_000,
  );

  it('are sampled with every finish, with several segments, and refused where sums do not fit', () => {
    const finishes = new Set<number>();
    let [refused, severalSegments] = [0, 0];
    for (let seed = 0; seed < 60; seed++) {
      const sample = matrixSample({ inputBits: 4, weightBits: 4, outputBits: 4, seed });
      if (!applies(sample)) {
        refused++;
        continue;
      }
      const bound = bind(sample.plan, { core: 'm4', feature: 'dsp' }, { choice: () => VARIANT });
      finishes.add(bound.steps[0]!.calls[0]!.kernel.parameters!.finish!);
      const words = new DataView(bound.constants.buffer, bound.constants.byteOffset);
      // The first word of a stream is the bytes of its first segment; a byte of weights is a column of one k.
      const length = bound.plan.tensors[0]!.shape[2];
      if (words.getUint32(0, true) < Math.floor(length / 8) * 16) severalSegments++;
    }
    expect([...finishes].sort()).toEqual([0, 1, 2]);
    expect(refused).toBeGreaterThan(0);
    expect(severalSegments).toBeGreaterThan(0);
  });
});
