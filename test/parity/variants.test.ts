/**
 * Every kernel variant at every pair of widths that it serves, on emulated cores, byte for byte against the reference:
 * random shapes (odd pixel counts, channels off the block), and a third of them at the bounds of weights and
 * activations, where a lane that overflows would show. A spoiled operand in each variant's assembly must show as well.
 *
 * A seeded sample (PARITY_SEED); `npm run parity:full` runs 1,000 shapes of each on every core with both toolchains.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { KERNEL_VARIANTS, LINKED_VARIANTS } from '../../src/bind/variants/index.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { ASSEMBLY } from '../../src/codegen/asm/index.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { type KernelInstance, kernelFile } from '../../src/ir/bound-plan.js';
import { FIRMWARE_MODES, type FirmwareMode } from '../../src/numeric/requantize.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import { tensorDifference } from './c-difference.js';
import { type ParityCase, parityCase, saturatedShare } from './c-programs.js';
import {
  buildCases,
  type EmulatedCase,
  emulateCases,
  PARITY_ENGINES,
  roomyBoard,
} from './emulated-programs.js';
import { type KernelRow, kernelTitle, VARIANT_PAIRS, VARIANT_ROWS, widthRequests } from './kernel-rows.js';
import { kernelSamples } from './kernel-samples.js';

const SEED = Number(process.env.PARITY_SEED ?? 50260);
const TIMEOUT_MS = 600_000;

const host = createNodeHost();
afterAll(() => host.cleanUp());

interface RowCase extends ParityCase {
  readonly row: KernelRow;
  readonly kernel: KernelInstance;
}

function casesOf(
  rows: readonly KernelRow[],
  mode: FirmwareMode,
  { core }: Board,
  { seed = SEED, perRow = 1 } = {},
): RowCase[] {
  const target = { core, feature: coreOf(core).feature };
  const samples = rows.flatMap((row, i) =>
    kernelSamples(row, mode, { seed: seed + 10_000 * i, count: perRow, familySize: perRow }).map(
      (sample) => [row, sample] as const,
    ),
  );
  return samples.map(([row, sample], i) => {
    const bound = bind(sample.plan, target, { choice: () => row.name });
    return { ...parityCase(sample, bound, i), row, kernel: bound.steps[0]!.calls.at(-1)!.kernel };
  });
}

/** Narrow outputs are at a bound half of the time anyway, and worst cases most of the time. */
const isLively = ({ sample }: ParityCase): boolean =>
  !sample.label.includes('at the bounds') && sample.plan.tensors[sample.plan.steps[0]!.output]!.bits === 8;

const differencesOf = (cases: readonly RowCase[], runs: readonly EmulatedCase[]): string[] =>
  cases.flatMap(({ sample, kernel, expected }, i) =>
    tensorDifference(sample, expected, runs[i]!.output).map((line) => `${kernel.name}: ${line}`),
  );

const RUNS = [
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'gcc' },
  { boardId: 'l4r5zi', mode: 'tflm', compiler: 'zig' },
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'zig' },
  { boardId: 'f746', mode: 'single', compiler: 'gcc' },
  { boardId: 'u575', mode: 'tflm', compiler: 'gcc' },
] as const;

describe('kernel variants on emulated cores equal the reference', () => {
  it.each(RUNS.map((run, i) => ({ ...run, seed: SEED + 1_000_000 * i })))(
    '$boardId, $mode, $compiler, seed $seed',
    async ({ boardId, mode, compiler, seed }) => {
      const board = roomyBoard(boardId);
      const cases = casesOf(
        VARIANT_ROWS.filter(({ modes }) => modes.includes(mode)),
        mode,
        board,
        { seed },
      );
      const elf = await buildCases(host, await findToolchain(host, compiler), cases, board);
      expect(saturatedShare(cases.filter(isLively))).toBeLessThan(0.8);
      for (const engine of PARITY_ENGINES) {
        const differences = differencesOf(cases, emulateCases(cases, elf, board, engine));
        expect(differences.slice(0, 10), engine).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  it('are listed, and every pair of the list is met', () => {
    const titles = KERNEL_VARIANTS.map(({ op, name }) => `${op} ${name}`);
    expect(Object.keys(VARIANT_PAIRS)).toEqual(titles);
    const unmet = VARIANT_ROWS.filter((row) =>
      row.modes.every((mode) => kernelSamples(row, mode, { seed: SEED, count: 1 }).length === 0),
    );
    expect(unmet.map((row) => `${kernelTitle(row)} ${row.pair}`)).toEqual([]);
  });

  it('take no other pair of widths', () => {
    const tried = { seed: SEED, count: 1, tries: 24 };
    const taken = KERNEL_VARIANTS.flatMap((variant) => {
      const { op, name } = variant;
      const listed = VARIANT_ROWS.filter((row) => row.variant === variant);
      return widthRequests(op)
        .filter(({ inputBits, weightBits }) =>
          listed.every((row) => row.inputBits !== inputBits || row.weightBits !== weightBits),
        )
        .map((widths): KernelRow => ({ op, name, variant, ...widths, pair: '', modes: FIRMWARE_MODES }))
        .filter((row) => FIRMWARE_MODES.some((mode) => kernelSamples(row, mode, tried).length > 0))
        .map((row) => `${kernelTitle(row)} a${row.inputBits}w${row.weightBits}`);
    });
    expect(taken).toEqual([]);
  });
});

interface Part {
  /** Of the functions. */
  readonly suffix: RegExp;
  /** Instructions that decide values: their last two operands are registers, and not the same. */
  readonly instruction: RegExp;
  readonly generators: readonly string[];
}

const PRODUCT = /^(sml\w+ \w+, (\w+), )(?!\2\b)\w+/;
/** Generators of linked kernels: test/parity/planes.test.ts. */
const LINKED = LINKED_VARIANTS.flatMap(({ writer, reader }) => [writer, reader]).map(
  ({ op, name }) => `${op}_${name}`,
);
const ALONE = Object.keys(ASSEMBLY).filter((file) => !LINKED.includes(file));
const DEPTHWISE = ['depthwise_conv2d_planes', 'depthwise_conv2d_rowpairs'];

const PARTS = {
  'expanded or gathered inputs': {
    suffix: /_(expand|gather)$/,
    instruction: /^((?:(?:and|orr|eor|pkh[bt]{2}|ssub16) \w+,|[su]xtb16) (\w+), )(?!\2\b)(?:r\d+|lr)/,
    generators: ['conv2d_lanes', 'conv2d_pairs', ...DEPTHWISE],
  },
  products: { suffix: /_(multiply|run|rows)$/, instruction: PRODUCT, generators: ALONE },
  'products of outputs within a byte': { suffix: /_merge$/, instruction: PRODUCT, generators: DEPTHWISE },
} as const satisfies Record<string, Part>;

/** The middle one of these instructions with its last operand replaced by the one before; undefined without the part. */
function spoiled(text: string, { suffix, instruction }: Part): string | undefined {
  const lines = text.split('\n');
  let isInside = false;
  const found = lines.flatMap((line, i) => {
    if (line.startsWith('  .global ')) isInside = suffix.test(line);
    return isInside && instruction.test(line.trim()) ? [i] : [];
  });
  const at = found[found.length >> 1];
  if (at === undefined) return undefined;
  lines[at] = lines[at]!.trim().replace(instruction, '$1$2');
  return lines.join('\n');
}

describe('a wrong operand in generated assembly shows', () => {
  it.each(Object.entries<Part>(PARTS))(
    'in %s, of every generator and variant',
    async (_, part) => {
      const board = roomyBoard('l4r5zi');
      const rows = VARIANT_ROWS.filter(({ op }) => part.generators.some((file) => file.startsWith(op)));
      const cases = casesOf(rows, 'mulhi', board, { perRow: 6 });
      const changedFiles = new Set<string>();
      const functions: string[] = [];
      const elf = await buildCases(host, await findToolchain(host, 'gcc'), cases, board, {
        change: (path, text) => {
          functions.push(...[...text.matchAll(/^ {2}\.global (\w+)$/gm)].map(([, name]) => name!));
          const changed = path.endsWith('.S') ? spoiled(text, part) : undefined;
          if (changed !== undefined) changedFiles.add(path.replace(/^.*\/|\.S$/g, ''));
          return changed ?? text;
        },
      });
      const suffixes = Object.values<Part>(PARTS).map(({ suffix }) => suffix);
      expect(functions.filter((name) => !suffixes.some((suffix) => suffix.test(name)))).toEqual([]);
      const runs = emulateCases(cases, elf, board, 'builtin');
      const changed = cases.filter(({ kernel }) => changedFiles.has(kernel.name));
      const differing = cases.filter(({ expected }, i) => Buffer.compare(runs[i]!.output, expected) !== 0);
      const titles = (of: readonly RowCase[]): string[] => [
        ...new Set(of.map(({ row }) => kernelTitle(row))),
      ];
      expect(titles(differing)).toEqual(titles(changed));
      expect(differing.filter((item) => !changed.includes(item))).toEqual([]);
      expect(new Set(changed.map(({ kernel }) => kernelFile(kernel)))).toEqual(new Set(part.generators));
    },
    TIMEOUT_MS,
  );
});
