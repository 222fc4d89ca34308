/**
 * Patch by patch and row by row equal whole, byte for byte: random networks, cuts, grids and rows in WASM against
 * the whole network in the reference; the arenas of all of them are sound.
 *
 * QUANTMCU_PATCH_NETWORKS (default 500) widens the run.
 */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { measuredCosts } from '../../../src/bind/measure.js';
import { verifyBoundPlan } from '../../../src/invariants/bound.js';
import { verifyPlan } from '../../../src/invariants/plan.js';
import type { DeployPlan, InputMode } from '../../../src/ir/deploy-plan.js';
import { stepMacs } from '../../../src/ops/index.js';
import type { SampleCase } from '../../../src/ops/op-def.js';
import { gridBranches, type StageCut, stageCuts, stageMacs } from '../../../src/patch/branches.js';
import { expandPatches } from '../../../src/patch/expand.js';
import { expandStreaming } from '../../../src/patch/stream.js';
import type { LoadedNetwork } from '../../../src/simulate/engine.js';
import { referenceEngine } from '../../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { createRandom, type Random } from '../../../src/support/random.js';
import { randomNetwork } from '../../support/random-network.js';

const NETWORKS = Number(process.env.QUANTMCU_PATCH_NETWORKS ?? 500);
/** The slow reference runs the expanded plan of so many networks as well. */
const REFERENCE_NETWORKS = 40;

const run = (network: unknown, inputs: readonly Uint8Array[]): readonly Uint8Array[] =>
  (network as LoadedNetwork).run(inputs);

const wasm = createWasmEngine();
const macs = (plan: DeployPlan): number => plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0);

interface Trial extends SampleCase {
  readonly random: Random;
  readonly whole: readonly Uint8Array[];
  readonly cut: StageCut;
  readonly input: InputMode;
}

/** A random cut of a random network, or undefined where it has none. */
function trialOf(seed: number): Trial | undefined {
  const random = createRandom(seed);
  const sample = randomNetwork(random);
  const cuts = stageCuts(sample.plan);
  if (cuts.length === 0) return undefined;
  const [cut, input] = [random.pick(cuts), random.pick(['resident', 'streamed'] as const)];
  return { ...sample, random, cut, input, whole: run(referenceEngine.load(sample.plan), sample.inputs) };
}

function check(expanded: DeployPlan, trial: Trial, seed: number): void {
  const what = `seed ${seed}, ${trial.label}, ${JSON.stringify(expanded.patchStage)}`;
  expect(verifyPlan(expanded), what).toEqual([]);
  expect(run(wasm.load(expanded), trial.inputs), what).toEqual(trial.whole);
  if (seed <= REFERENCE_NETWORKS)
    expect(run(referenceEngine.load(expanded), trial.inputs), what).toEqual(trial.whole);
  const bound = bind(expanded, { core: 'm4', feature: 'dsp' });
  verifyBoundPlan(bound);
  const { arenaBytes, scratchBytes, tensorBytes } = bound;
  expect(measuredCosts.memory(expanded), what).toMatchObject({ arenaBytes, scratchBytes, tensorBytes });
}

describe(`${NETWORKS} random networks each`, () => {
  it('give the same bytes patch by patch', () => {
    let patched = 0;
    for (let seed = 1; patched < NETWORKS; seed++) {
      const trial = trialOf(seed);
      if (trial === undefined) continue;
      const { plan, cut, random, input } = trial;
      const branches = gridBranches(plan, cut, random.integer(1, 4), random.integer(1, 4));
      if (branches === null) continue;
      const expanded = expandPatches(plan, cut, branches, input);
      check(expanded, trial, seed);
      const { clipped, whole } = stageMacs(plan, cut, branches);
      expect(macs(expanded) - macs(plan)).toBeCloseTo(clipped - whole);
      patched++;
    }
  });

  it('give the same bytes row by row, without a MAC more', () => {
    let streamed = 0;
    for (let seed = 1; streamed < NETWORKS; seed++) {
      const trial = trialOf(seed);
      if (trial === undefined) continue;
      const { plan, cut, random, input } = trial;
      const expanded = expandStreaming(plan, cut, random.integer(1, 4), input);
      check(expanded, trial, seed);
      // Rows that nobody reads are not computed at all.
      expect(macs(expanded)).toBeLessThanOrEqual(macs(plan));
      streamed++;
    }
  });
});
