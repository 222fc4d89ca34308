/**
 * Layers whose multipliers are ½ and more, as narrow weights in front of a wide map make them: accumulators are shifted left
 * before they are scaled, each channel's by its own amount. Equal to the reference on emulated cores; a shift left out must
 * show.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import type { Conv2dStep, FullyConnectedStep } from '../../src/ir/deploy-plan.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { createRandom } from '../../src/support/random.js';
import { coreOf } from '../../src/targets/index.js';
import { type ParityCase, parityCase } from './c-programs.js';
import { emulatedDifferences, isDifference } from './emulated-differences.js';
import { roomyBoard } from './emulated-programs.js';
import { kernelTitle, VARIANT_ROWS } from './kernel-rows.js';
import { kernelSamples } from './kernel-samples.js';

const SEED = Number(process.env.PARITY_SEED ?? 80260);
const PER_ROW = 8;
const TITLES = ['conv2d columns', 'conv2d rows', 'conv2d strips', 'fully_connected columns'];
const host = createNodeHost();
afterAll(() => host.cleanUp());

const rows = VARIANT_ROWS.filter((row) => TITLES.includes(kernelTitle(row)));

/** Some channels' multipliers times 2 to 32, which in part leaves int16 and the short form. */
function withShifts(sample: SampleCase, seed: number): SampleCase {
  const random = createRandom(seed);
  const step = sample.plan.steps[0] as Conv2dStep | FullyConnectedStep;
  const weights = sample.plan.weights.slice();
  const { offset, length } = step.shift;
  const most = random.pick([1, 3, 5]);
  for (let i = 0; i < length; i++) weights[offset + i] = random.integer(0, most);
  return { ...sample, plan: { ...sample.plan, weights } };
}

function casesOf(boardId: string): ParityCase[] {
  const { core } = roomyBoard(boardId);
  return rows
    .flatMap((row, i) =>
      kernelSamples(row, 'mulhi', { seed: SEED + 10_000 * i, count: PER_ROW }).map(
        (sample) => [row, sample] as const,
      ),
    )
    .map(([row, sample], i) => {
      const shifted = withShifts(sample, SEED + i);
      const target = { core, feature: coreOf(core).feature };
      return parityCase(shifted, bind(shifted.plan, target, { choice: () => row.name }), i);
    });
}

const kernelOf = ({ bound }: ParityCase) => bound.steps[0]!.calls.at(-1)!.kernel;
const variantsOf = (cases: readonly ParityCase[]): string[] => [
  ...new Set(cases.map((item) => `${kernelOf(item).op} ${kernelOf(item).variant}`)),
];

describe('accumulators shifted left', () => {
  it.each([
    ['l4r5zi', 'gcc'],
    ['f746', 'zig'],
  ] as const)(
    'equal the reference on %s, %s',
    async (boardId, compiler) => {
      const cases = casesOf(boardId);
      const shifted = cases.filter((item) => kernelOf(item).parameters?.l === 1);
      expect(variantsOf(shifted)).toEqual(['conv2d rows', 'conv2d columns', 'fully_connected columns']);
      const found = await emulatedDifferences(host, cases, { boardId, compiler });
      expect(found.filter(isDifference)).toEqual([]);
    },
    600_000,
  );

  it('show where a shift is left out', async () => {
    const cases = casesOf('l4r5zi');
    const without = (path: string, text: string): string =>
      path.endsWith('.S') ? text.replaceAll(/^\s*lsl (\w+), \1, r0$/gm, '') : text;
    const on = { boardId: 'l4r5zi', compiler: 'gcc', change: without };
    const found = await emulatedDifferences(host, cases, on);
    const differing = cases.filter((_, i) => isDifference(found[i]!));
    expect(differing.every((item) => kernelOf(item).parameters?.l === 1)).toBe(true);
    expect(variantsOf(differing)).toEqual(['conv2d rows', 'conv2d columns', 'fully_connected columns']);
  }, 600_000);
});
