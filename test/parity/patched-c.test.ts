/**
 * Random networks patch by patch and row by row as firmware: many in one image, run by the emulated cores, outputs
 * byte for byte against the whole network in the reference. Inputs resident and streamed, odd sizes, borders.
 *
 * QUANTMCU_PATCHED_PROGRAMS (default 50) and PARITY_SEED widen the run.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { expandPatches } from '../../src/patch/expand.js';
import { expandStreaming } from '../../src/patch/stream.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createRandom, type Random } from '../../src/support/random.js';
import { type Board, coreOf } from '../../src/targets/index.js';
import { randomNetwork } from '../support/random-network.js';
import type { ParityCase } from './c-programs.js';
import { buildCases, emulateCases, PARITY_ENGINES, roomyBoard } from './emulated-programs.js';

const PROGRAMS = Number(process.env.QUANTMCU_PATCHED_PROGRAMS ?? 50);
const SEED = Number(process.env.PARITY_SEED ?? 40260);

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

describe('patched and streamed firmware gives the bytes of the whole network', () => {
  it.each([
    { boardId: 'l4r5zi', mode: 'tflm' },
    { boardId: 'f746', mode: 'single' },
  ] as const)(
    `$boardId, $mode: ${PROGRAMS / 2} random networks`,
    async ({ boardId, mode }) => {
      const board = roomyBoard(boardId);
      const cases = randomCases(board, mode);
      const kinds = new Set(
        cases.map(({ sample }) => `${sample.plan.patchStage!.kind} ${sample.plan.patchStage!.input}`),
      );
      expect(kinds.size).toBe(4);
      const elf = await buildCases(host, await findToolchain(host), cases, board);
      expect(PARITY_ENGINES.length).toBeGreaterThan(0);
      for (const engine of PARITY_ENGINES) {
        const outputs = emulateCases(cases, elf, board, engine);
        const different = cases.flatMap(({ sample, expected }, i) =>
          Buffer.compare(outputs[i]!.output, expected) === 0 ? [] : [`${engine}: ${sample.label}`],
        );
        expect(different).toEqual([]);
      }
    },
    600_000,
  );
});
