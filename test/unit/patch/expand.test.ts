/** Patch by patch equals whole, byte for byte: random networks, cuts and grids in reference and WASM. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { verifyBoundPlan } from '../../../src/invariants/bound.js';
import { verifyPlan } from '../../../src/invariants/plan.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { gridBranches, stageCuts } from '../../../src/patch/branches.js';
import { expandPatches } from '../../../src/patch/expand.js';
import type { LoadedNetwork } from '../../../src/simulate/engine.js';
import { referenceEngine } from '../../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { createRandom } from '../../../src/support/random.js';
import { randomNetwork } from '../../support/random-network.js';

const NETWORKS = Number(process.env.QUANTMCU_PATCH_NETWORKS ?? 60);

const loadReference = (plan: DeployPlan): LoadedNetwork => referenceEngine.load(plan) as LoadedNetwork;

const wasm = createWasmEngine();
const loadWasm = (plan: DeployPlan): LoadedNetwork => wasm.load(plan) as LoadedNetwork;

describe('patched networks', () => {
  it(`give the bytes of the whole network (${NETWORKS} random ones)`, () => {
    let patched = 0;
    for (let seed = 1; seed <= NETWORKS; seed++) {
      const random = createRandom(seed);
      const { plan, inputs, label } = randomNetwork(random);
      const whole = loadReference(plan).run(inputs);
      for (const cut of stageCuts(plan)) {
        const [rows, columns] = [random.integer(1, 4), random.integer(1, 4)];
        const branches = gridBranches(plan, cut, rows, columns);
        if (branches === null) continue;
        for (const input of ['resident', 'streamed'] as const) {
          const expanded = expandPatches(plan, cut, branches, input);
          const what = `seed ${seed}, ${label}, ${cut.steps} steps, ${rows}×${columns}, ${input}`;
          expect(verifyPlan(expanded), what).toEqual([]);
          expect(loadReference(expanded).run(inputs), what).toEqual(whole);
          expect(loadWasm(expanded).run(inputs), what).toEqual(whole);
          verifyBoundPlan(bind(expanded, { core: 'm4', feature: 'dsp' }));
        }
        patched++;
      }
    }
    expect(patched).toBeGreaterThan(NETWORKS);
  });
});
