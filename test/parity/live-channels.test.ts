/**
 * Kernels without the channels that always give the same: what the others' kernel leaves densely in scratch, set among
 * constants, equals the reference on emulated cores. Of every variant that can leave channels out and every pair of widths;
 * in whole maps, and in patches, where an output is a view. A wrong constant or move must show.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { chooseKernels, type KernelChoice } from '../../src/bind/variants/choose.js';
import { kernelName } from '../../src/bind/variants/chosen-kernel.js';
import { liveNamed } from '../../src/bind/variants/live-kernels.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { BoundPlan, KernelCall } from '../../src/ir/bound-plan.js';
import type { DeployPlan, Step } from '../../src/ir/deploy-plan.js';
import type { FirmwareMode } from '../../src/numeric/requantize.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { expandPatches } from '../../src/patch/expand.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createRandom } from '../../src/support/random.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import { randomNetwork } from '../support/random-network.js';
import type { ParityCase } from './c-programs.js';
import { emulatedDifferences, isDifference } from './emulated-differences.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';
import { kernelSamples } from './kernel-samples.js';
import { liveCase, PRUNABLE_ROWS, pruned } from './live-cases.js';

const SEED = Number(process.env.PARITY_SEED ?? 90261);
const PER_ROW = 4;
const host = createNodeHost();
afterAll(() => host.cleanUp());

const spreads = ({ steps }: BoundPlan): KernelCall[] =>
  steps.flatMap(({ calls }) => calls.filter(({ kernel }) => kernel.variant === 'spread'));

const constantOf = ({ constantTable, constants }: BoundPlan, use: unknown): Uint16Array => {
  if (typeof use === 'number') return new Uint16Array();
  const { offset, length } = constantTable[(use as { constant: number }).constant]!.ref;
  return new Uint16Array(constants.slice(offset, offset + length).buffer);
};

/** Every case whose sample has constant channels, by the row's kernel without them. */
function casesOf(mode: FirmwareMode, { core }: Board, perRow = PER_ROW): ParityCase[] {
  const target = { core, feature: coreOf(core).feature };
  const cases: ParityCase[] = [];
  PRUNABLE_ROWS.filter(({ modes }) => modes.includes(mode)).forEach((row, i) => {
    const seed = SEED + 10_000 * i;
    for (const sample of kernelSamples(row, mode, { seed, count: perRow })) {
      const live = liveCase(row, sample, { target, seed: seed + cases.length, index: cases.length });
      if (live !== undefined) cases.push(live);
    }
  });
  return cases;
}

const outputBits = ({ sample: { plan } }: ParityCase): number => plan.tensors[plan.steps[0]!.output]!.bits;

/** What goes wrong, and replacements in the spreading kernel. */
const SPOILED: [what: string, edits: [right: string, wrong: string][]][] = [
  [
    'constant',
    [
      [' = *(const qmcu_word', ' = ~*(const qmcu_word'],
      ['= *constants;', '= (uint8_t)~*constants;'],
    ],
  ],
  [
    'move',
    [
      ['= *from++,', '= *from++ ^ 0xffu,'],
      ['= *other++;', '= *other++ ^ 0xffu;'],
    ],
  ],
];

describe('kernels without constant channels', () => {
  it.each([
    ['l4r5zi', 'mulhi', 'gcc'],
    ['f746', 'single', 'gcc'],
    ['u575', 'tflm', 'zig'],
  ] as const)(
    'equal the reference on %s, %s, %s',
    async (boardId, mode, compiler) => {
      const cases = casesOf(mode, roomyBoard(boardId));
      const calls = cases.map(({ bound }) => spreads(bound)[0]!);
      expect(calls.length).toBeGreaterThan(mode === 'mulhi' ? 80 : 30);
      // All widths, all shifts between lanes; some cases without a live channel.
      expect(new Set(cases.map(outputBits))).toEqual(new Set([8, 4, 2]));
      const groups = cases.flatMap(({ bound }, i) => [...constantOf(bound, calls[i]!.args.groups)]);
      const rotations = groups.filter((_, i) => i % 4 === 2);
      if (mode === 'mulhi') expect(new Set(rotations)).toEqual(new Set([0, 2, 4, 6, 26, 28, 30]));
      expect(calls.filter(({ args }) => args.group_count === 0).length).toBeGreaterThan(1);
      const found = await emulatedDifferences(host, cases, { boardId, compiler });
      expect(found.filter(isDifference).slice(0, 10)).toEqual([]);
    },
    600_000,
  );

  it.each(SPOILED)(
    'show a wrong %s',
    async (what, edits) => {
      const cases = casesOf('mulhi', roomyBoard('l4r5zi'), 1);
      const change = (path: string, text: string): string =>
        path.endsWith('conv2d_spread.c')
          ? edits.reduce((changed, [right, wrong]) => changed.replace(right, wrong), text)
          : text;
      const found = await emulatedDifferences(host, cases, { boardId: 'l4r5zi', compiler: 'gcc', change });
      const moving = cases.filter(({ bound }) => spreads(bound)[0]!.args.group_count !== 0);
      expect(found.filter(isDifference)).toHaveLength((what === 'move' ? moving : cases).length);
    },
    600_000,
  );
});

/** The rule's kernels, without constant channels wherever there are any. */
function liveChoice(plan: DeployPlan): KernelChoice {
  const chosen = chooseKernels(plan, 'dsp', { choice: () => undefined });
  return (step: Step, index: number) => {
    const name = `${kernelName(chosen[index]!)}live`;
    return liveNamed(name, step, plan, [chosen[index]!]) === undefined ? undefined : name;
  };
}

/** Networks in patches, so many that have constant channels in the stage. */
function patchedCases(board: Board, mode: FirmwareMode, count: number): ParityCase[] {
  const target = { core: board.core, feature: coreOf(board.core).feature };
  const cases: ParityCase[] = [];
  for (let seed = SEED; cases.length < count; seed++) {
    const random = createRandom(seed);
    const network = randomNetwork(random);
    if (network.plan.requantization !== mode) continue;
    const whole: SampleCase = { ...network, plan: pruned(network.plan, random) };
    const cuts = stageCuts(whole.plan);
    if (cuts.length === 0) continue;
    const cut = random.pick(cuts);
    const branches = gridBranches(whole.plan, cut, 2, 2);
    if (branches === null) continue;
    const plan = expandPatches(whole.plan, cut, branches, 'resident');
    const bound = bind(plan, target, { choice: liveChoice(plan) });
    verifyBoundPlan(bound);
    if (spreads(bound).length < 4) continue;
    const [expected] = (referenceEngine.load(whole.plan) as LoadedNetwork).run(whole.inputs);
    const prefix = `n${String(cases.length).padStart(3, '0')}`;
    cases.push({ sample: { ...whole, plan, label: `seed ${seed}` }, bound, prefix, expected: expected! });
  }
  return cases;
}

describe('patches without constant channels', () => {
  it('give the bytes of the whole network, outputs that are views too', async () => {
    const board = roomyBoard('l4r5zi');
    const cases = patchedCases(board, 'tflm', 12);
    const toViews = cases.flatMap(({ bound }) =>
      bound.steps.filter(({ index, calls }) => {
        const output = bound.plan.tensors[bound.plan.steps[index]!.output]!;
        return output.view !== undefined && calls.some(({ kernel }) => kernel.variant === 'spread');
      }),
    );
    expect(toViews.length).toBeGreaterThan(3);
    const elf = await buildCases(host, await findToolchain(host), cases, board);
    const runs = emulateCases(cases, elf, board, 'builtin');
    const different = cases.flatMap(({ sample, expected }, i) =>
      Buffer.compare(runs[i]!.output, expected) === 0 ? [] : [sample.label],
    );
    expect(different).toEqual([]);
  }, 600_000);
});
