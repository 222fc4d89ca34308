/**
 * Patch stages whose branches have widths of their own, by position or chosen at run time, and streamed plans of mixed
 * widths, as C: on the host and on emulated cores, outputs byte for byte against the reference. Random networks, grids,
 * classes and widths.
 *
 * QUANTMCU_MIXED_PROGRAMS (default 10) and PARITY_SEED widen the run.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { inputSpec, storeReals } from '../../src/data/input-spec.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import { expandStreaming } from '../../src/patch/stream.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { coreOf } from '../../src/targets/index.js';
import type { CoreId, KernelFeature } from '../../src/targets/target.js';
import { choiceTrial, stagedTrial } from '../support/random-staged.js';
import type { ParityCase } from './c-programs.js';
import { buildCases, emulateCases, PARITY_ENGINES, roomyBoard } from './emulated-programs.js';
import { hostCompiler, hostOutputs } from './host-programs.js';

const PROGRAMS = Number(process.env.QUANTMCU_MIXED_PROGRAMS ?? 10);
const SEED = Number(process.env.PARITY_SEED ?? 60);

const host = createNodeHost();
afterAll(() => host.cleanUp());
const wasm = createWasmEngine();

/** By turns: two or more classes, the same, two alternatives chosen at run time, row by row. */
async function mixedCases(count: number, core: CoreId, feature: KernelFeature): Promise<ParityCase[]> {
  const cases: ParityCase[] = [];
  for (let seed = SEED; cases.length < count; seed++) {
    const turn = cases.length % 4;
    const trial = await (turn === 2 ? choiceTrial(seed) : stagedTrial(seed));
    if (trial === undefined) continue;
    const { result, layout, random, samples } = trial;
    const streamed = turn === 3;
    if (!streamed && result.plans.length < 2) continue;
    const [whole] = result.plans;
    const plan = streamed
      ? expandStreaming(whole!, layout.cut, random.integer(1, 3), layout.input)
      : result.plan;
    const inputs = [storeReals(samples[0]![0]!, inputSpec(plan))];
    const [expected] = (referenceEngine.load(streamed ? whole! : plan) as LoadedNetwork).run(inputs);
    expect((wasm.load(plan) as LoadedNetwork).run(inputs)).toEqual([expected]);
    const bound = bind(plan, { core, feature });
    verifyBoundPlan(bound);
    const prefix = `n${String(cases.length).padStart(3, '0')}`;
    const sample = { plan, inputs, label: `seed ${seed}, kind ${turn}` };
    cases.push({ sample, bound, prefix, expected: expected! });
  }
  return cases;
}

const differences = (cases: readonly ParityCase[], outputs: readonly Uint8Array[]): string[] =>
  cases.flatMap(({ sample, expected }, i) =>
    Buffer.compare(outputs[i]!, expected) === 0 ? [] : [sample.label],
  );

describe(`${PROGRAMS} mixed plans`, () => {
  it.each(['l4r5zi', 'f746'])(
    'give the same bytes as firmware of %s',
    async (boardId) => {
      const board = roomyBoard(boardId);
      const cases = await mixedCases(PROGRAMS, board.core, coreOf(board.core).feature);
      const elf = await buildCases(host, await findToolchain(host), cases, board);
      expect(PARITY_ENGINES.length).toBeGreaterThan(0);
      for (const engine of PARITY_ENGINES) {
        const outputs = emulateCases(cases, elf, board, engine).map(({ output }) => output);
        expect(differences(cases, outputs), engine).toEqual([]);
      }
      const widths = new Set(cases.flatMap(({ sample }) => sample.plan.tensors.map((tensor) => tensor.bits)));
      expect(widths.size).toBe(3);
    },
    600_000,
  );

  it.skipIf(hostCompiler === undefined)(
    'give the same bytes as C on the host (needs a C compiler)',
    async () => {
      // Kernels in assembly do not run here: the scalar ones do, slowly under sanitizers.
      const cases = await mixedCases(Math.ceil(PROGRAMS / 2), 'm4', 'scalar');
      expect(differences(cases, hostOutputs(cases))).toEqual([]);
    },
    600_000,
  );
});
