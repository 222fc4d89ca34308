/**
 * Kernels for sub-byte widths whose inner loops are generated assembly, on an emulated core, byte for byte against the
 * reference: random and worst-case convolutions, many in one firmware.
 *
 * SUB_BYTE_SAMPLES (default 4) per kernel on the M4, a third of them on the M7 and M33, SUB_BYTE_SEED, PARITY_TOOLCHAIN=zig; 1000 and both
 * toolchains: npm run parity:sub-byte.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { kernelsFor } from '../../src/bind/variants/choose.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain, type Toolchain } from '../../src/compile/toolchain.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { BoundPlan } from '../../src/ir/bound-plan.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import type { Board } from '../../src/targets/target.js';
import { tensorDifference } from './c-difference.js';
import { expectedOutput, type ParityCase, saturatedShare } from './c-programs.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';
import { matrixSample } from './matrix-samples.js';

const SAMPLES = Number(process.env.SUB_BYTE_SAMPLES ?? 4);
const SEED = Number(process.env.SUB_BYTE_SEED ?? 7100);
/** Ten minutes per firmware of PER_ELF samples of every kernel, on a busy machine. */
const TIMEOUT_MS = 600_000 * Math.max(1, SAMPLES / 100);
/** Of every kernel, in one firmware. */
const PER_ELF = 100;

interface Kernel {
  readonly variant: string;
  readonly inputBits: Width;
  readonly weightBits: Width;
}
const kernel = (variant: string, inputBits: Width, weightBits: Width): Kernel => ({
  variant,
  inputBits,
  weightBits,
});
const KERNELS: readonly Kernel[] = [
  kernel('lanes', 4, 4),
  kernel('lanes', 2, 8),
  kernel('lanes', 4, 2),
  kernel('lanes', 2, 4),
  kernel('lanes', 2, 2),
  kernel('pairs', 8, 2),
  kernel('pairs', 2, 2),
  kernel('lanes1', 4, 4),
  kernel('lanes1', 2, 8),
  kernel('lanes1', 4, 2),
  kernel('pairs1', 8, 2),
  kernel('pairs1', 2, 2),
];

const host = createNodeHost();
let toolchain: Toolchain;
beforeAll(async () => {
  toolchain = await findToolchain(host, process.env.PARITY_TOOLCHAIN);
});
afterAll(() => host.cleanUp());

const applies = ({ plan }: SampleCase, name: string): boolean =>
  kernelsFor(plan.steps[0]!, plan, 'dsp').some(({ variant }) => variant?.name === name);

const bindTo = (variant: string, { plan }: SampleCase): BoundPlan =>
  bind(plan, { core: 'm4', feature: 'dsp' }, { choice: () => variant });

/** `count` samples that the kernel computes, from `seed` on, bound to it; `first` is the number of the first. */
function casesOf({ variant, ...widths }: Kernel, seed: number, count: number, first: number): ParityCase[] {
  const cases: ParityCase[] = [];
  for (let at = seed; cases.length < count; at++) {
    const sample = matrixSample({ ...widths, outputBits: WIDTH_LIST[at % WIDTH_LIST.length]!, seed: at });
    if (!applies(sample, variant)) continue;
    const bound = bindTo(variant, sample);
    verifyBoundPlan(bound);
    const prefix = `n${String(first + cases.length).padStart(3, '0')}`;
    cases.push({ sample, bound, prefix, expected: expectedOutput(sample) });
  }
  return cases;
}

/** The same number of samples of every kernel; `round` gives others. */
const allKernels = (perKernel: number, round: number): ParityCase[] =>
  KERNELS.flatMap((kernel, i) =>
    casesOf(kernel, SEED + 100_000 * i + 3 * round * perKernel, perKernel, i * perKernel),
  );

function differences(cases: readonly ParityCase[], elf: ElfImage, board: Board, engine: EngineId): string[] {
  const runs = emulateCases(cases, elf, board, engine);
  return cases.flatMap(({ sample, expected }, i) =>
    tensorDifference(sample, expected, runs[i]!.output).map((line) => `${engine}: ${line}`),
  );
}

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('kernels of shared lanes', () => {
  it.each([
    ['l4r5zi', SAMPLES],
    ['f746', Math.ceil(SAMPLES / 3)],
    ['u575', Math.ceil(SAMPLES / 3)],
  ])(
    'equal the reference on %s',
    async (boardId, samples) => {
      const board = roomyBoard(boardId);
      for (let done = 0; done < samples; done += PER_ELF) {
        const cases = allKernels(Math.min(PER_ELF, samples - done), done / PER_ELF);
        const elf = await buildCases(host, toolchain, cases, board);
        expect(saturatedShare(cases)).toBeLessThan(0.8);
        for (const engine of engines) expect(differences(cases, elf, board, engine).slice(0, 10)).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  it.each([
    [kernel('lanes', 4, 4), 'and r6, r12, r4, ror #4', 'and r6, r12, r5, ror #4'],
    [kernel('pairs', 8, 2), 'sxtb16 r8, r5', 'sxtb16 r8, r6'],
    [kernel('pairs', 2, 2), 'and r7, lr, r5, ror #31', 'and r7, lr, r4, ror #31'],
  ])(
    'would be found out by a wrong operand in the expansion: %o, %s',
    async (kernel, right, wrong) => {
      const board = roomyBoard('l4r5zi');
      const cases = casesOf(kernel, SEED, 8, 0);
      let changed = 0;
      const elf = await buildCases(host, toolchain, cases, board, (path, text) => {
        if (!path.endsWith('.S') || !text.includes(right)) return text;
        changed++;
        return text.replaceAll(right, wrong);
      });
      expect(changed).toBeGreaterThan(0);
      expect(differences(cases, elf, board, 'builtin')).not.toEqual([]);
    },
    60_000,
  );

  it.each([KERNELS[0]!, KERNELS[6]!])(
    'are sampled with every finish, with several segments, and refused where sums do not fit: $variant',
    ({ variant, inputBits, weightBits }) => {
      const finishes = new Set<number>();
      let [refused, severalSegments] = [0, 0];
      for (let seed = 0; seed < 150; seed++) {
        const sample = matrixSample({ inputBits, weightBits, outputBits: WIDTH_LIST[seed % 3]!, seed });
        if (!applies(sample, variant)) {
          refused++;
          continue;
        }
        const bound = bindTo(variant, sample);
        finishes.add(bound.steps[0]!.calls[0]!.kernel.parameters!.finish!);
        // A stream begins with the bytes of its first segment's weights, k · channels of a block · bits / 8.
        const [, , channels] = bound.plan.tensors[0]!.shape;
        const bytes = (channels * (variant === 'pairs' ? 8 : 4) * weightBits) / 8;
        const { buffer, byteOffset } = bound.constants;
        if (new DataView(buffer, byteOffset).getUint32(0, true) < Math.floor(bytes)) severalSegments++;
      }
      expect([...finishes].sort()).toEqual([0, 1, 2]);
      expect(refused).toBeGreaterThan(0);
      expect(severalSegments).toBeGreaterThan(0);
    },
  );
});
