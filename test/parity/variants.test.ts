/**
 * Every kernel variant on emulated cores, byte for byte against the reference: random shapes (odd pixel counts,
 * channels off the block, all widths that the variant takes), and a third of them at the bounds of weights and
 * activations, where a lane that overflows would show. A spoiled operand in each variant's assembly must show as well.
 *
 * VARIANT_CASES (default 5 per variant and run) and PARITY_SEED widen the run; `npm run parity:variants` runs 1,000.
 * VARIANT=<start of a name> runs those variants alone.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { kernelsFor } from '../../src/bind/variants/choose.js';
import { KERNEL_VARIANTS } from '../../src/bind/variants/index.js';
import type { AnyKernelVariant } from '../../src/bind/variants/variant.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import type { RequantMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../src/numeric/widths.js';
import { STEP_OPS } from '../../src/ops/index.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { createRandom } from '../../src/support/random.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import { tensorDifference } from './c-difference.js';
import { type ParityCase, parityCase, saturatedShare, widthRequests } from './c-programs.js';
import { depthwiseSample } from './depthwise-samples.js';
import { buildCases, type EmulatedCase, emulateCases, roomyBoard } from './emulated-programs.js';
import { worstCase } from './worst-cases.js';

const CASES = Number(process.env.VARIANT_CASES ?? 5);
const SEED = Number(process.env.PARITY_SEED ?? 50260);
/** `VARIANT=words` runs the variants of that name only. */
const VARIANTS = KERNEL_VARIANTS.filter(({ name }) => name.startsWith(process.env.VARIANT ?? ''));
/** Cases of one ELF. */
const AT_ONCE = 300;
const TIMEOUT_MS = 600_000 * Math.max(1, CASES / 5);
const SPOILED_CASES = 6;
/** Samples that are tried for one that the variant takes. */
const TRIES = 200;

const host = createNodeHost();
afterAll(() => host.cleanUp());

const takes = (variant: AnyKernelVariant, { plan }: SampleCase): boolean =>
  kernelsFor(plan.steps[0]!, plan, variant.feature).some((kernel) => kernel.variant === variant);

/** A sample that the variant computes, or undefined after many tries. */
function sampleFor(variant: AnyKernelVariant, mode: RequantMode, seed: number): SampleCase | undefined {
  const random = createRandom(seed);
  const widths = widthRequests(variant.op);
  for (let tries = 0; tries < TRIES; tries++) {
    const request = { mode, outputBits: random.pick(WIDTH_LIST), ...random.pick(widths) };
    const isDepthwise = variant.op === 'depthwise_conv2d';
    const sample = isDepthwise
      ? depthwiseSample(random, request)
      : STEP_OPS[variant.op].sample(random, request);
    if (!takes(variant, sample)) continue;
    const worst = random.integer(0, 2) === 0 ? worstCase(sample, random) : sample;
    // Larger sums may be more than a variant's lanes hold.
    return takes(variant, worst) ? worst : sample;
  }
  return undefined;
}

function variantCases(
  variants: readonly AnyKernelVariant[],
  mode: RequantMode,
  { core }: Board,
  count = CASES,
): ParityCase[] {
  const cases: ParityCase[] = [];
  for (const variant of variants) {
    for (let i = 0; i < count; i++) {
      const sample = sampleFor(variant, mode, SEED + 1000 * cases.length + i);
      if (sample === undefined) continue;
      const target = { core, feature: coreOf(core).feature };
      const bound = bind(sample.plan, target, { choice: () => variant.name });
      cases.push(parityCase(sample, bound, cases.length));
    }
  }
  return cases;
}

/** Narrow outputs are at a bound half of the time anyway. */
const hasByteOutput = ({ sample }: ParityCase): boolean =>
  sample.plan.tensors[sample.plan.steps[0]!.output]!.bits === 8;

const differencesOf = (cases: readonly ParityCase[], runs: readonly EmulatedCase[]): string[] =>
  cases.flatMap(({ sample, bound, expected }, i) =>
    tensorDifference(sample, expected, runs[i]!.output).map(
      (line) => `${bound.steps[0]!.calls.at(-1)!.kernel.name}: ${line}`,
    ),
  );

const RUNS = [
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'gcc' },
  { boardId: 'l4r5zi', mode: 'tflm', compiler: 'zig' },
  { boardId: 'l4r5zi', mode: 'mulhi', compiler: 'zig' },
  { boardId: 'f746', mode: 'single', compiler: 'gcc' },
  { boardId: 'u575', mode: 'tflm', compiler: 'gcc' },
] as const;

const engines = (Object.keys(ENGINES) as EngineId[]).filter((id) => ENGINES[id].unavailable() === '');

describe('kernel variants on emulated cores equal the reference', () => {
  it.each(RUNS)(
    '$boardId, $mode, $compiler',
    async ({ boardId, mode, compiler }) => {
      const board = roomyBoard(boardId);
      const cases = variantCases(VARIANTS, mode, board);
      const toolchain = await findToolchain(host, compiler);
      expect(saturatedShare(cases.filter(hasByteOutput))).toBeLessThan(0.8);
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

  it('meet every variant in some run', () => {
    const met = new Set(
      VARIANTS.filter((variant) => RUNS.some(({ mode }) => sampleFor(variant, mode, SEED) !== undefined)),
    );
    expect(VARIANTS.filter((variant) => !met.has(variant)).map(({ name }) => name)).toEqual([]);
  });
});

/** The middle multiply-accumulate of an assembly file with its third operand replaced by its second. */
function spoiled(text: string): string {
  const lines = text.split('\n');
  const products = lines.flatMap((line, i) => (/^\s*sml\w+ (\w+), (\w+), (?!\2)\w+,/.test(line) ? [i] : []));
  const at = products[products.length >> 1]!;
  lines[at] = lines[at]!.replace(/^(\s*sml\w+ \w+, (\w+), )\w+,/, '$1$2,');
  return lines.join('\n');
}

describe('a wrong operand in generated assembly', () => {
  it.each(VARIANTS.map((variant) => [`${variant.op} ${variant.name}`, variant] as const))(
    'of %s changes outputs',
    async (_, variant) => {
      const board = roomyBoard('l4r5zi');
      const mode = sampleFor(variant, 'mulhi', SEED) === undefined ? 'tflm' : 'mulhi';
      const cases = variantCases([variant], mode, board, SPOILED_CASES);
      const toolchain = await findToolchain(host, 'gcc');
      let files = 0;
      const elf = await buildCases(host, toolchain, cases, board, (path, text) => {
        if (!path.endsWith('.S')) return text;
        files++;
        return spoiled(text);
      });
      const differences = differencesOf(cases, emulateCases(cases, elf, board, 'builtin'));
      // A variant in C alone has nothing to spoil: its operands are the compiler's.
      if (files > 0) expect(differences).not.toEqual([]);
      else expect(differences).toEqual([]);
    },
    600_000,
  );
});
