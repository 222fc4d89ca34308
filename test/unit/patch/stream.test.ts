/** Row by row equals whole, byte for byte, and computes nothing twice: random networks in reference and WASM. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { verifyBoundPlan } from '../../../src/invariants/bound.js';
import { verifyPlan } from '../../../src/invariants/plan.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { stepMacs } from '../../../src/ops/index.js';
import { stageCuts } from '../../../src/patch/branches.js';
import { expandStreaming } from '../../../src/patch/stream.js';
import type { LoadedNetwork } from '../../../src/simulate/engine.js';
import { referenceEngine } from '../../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { createRandom } from '../../../src/support/random.js';
import { randomNetwork } from '../../support/random-network.js';

const NETWORKS = Number(process.env.QUANTMCU_PATCH_NETWORKS ?? 60);

const loadReference = (plan: DeployPlan): LoadedNetwork => referenceEngine.load(plan) as LoadedNetwork;

const wasm = createWasmEngine();
const loadWasm = (plan: DeployPlan): LoadedNetwork => wasm.load(plan) as LoadedNetwork;

const macs = (plan: DeployPlan): number => plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0);

describe('streamed networks', () => {
  it(`give the bytes of the whole network without a MAC more (${NETWORKS} random ones)`, () => {
    let streamed = 0;
    for (let seed = 1; seed <= NETWORKS; seed++) {
      const random = createRandom(seed);
      const { plan, inputs, label } = randomNetwork(random);
      const whole = loadReference(plan).run(inputs);
      for (const cut of stageCuts(plan)) {
        const rows = random.integer(1, 4);
        for (const input of ['resident', 'streamed'] as const) {
          const expanded = expandStreaming(plan, cut, rows, input);
          const what = `seed ${seed}, ${label}, ${cut.steps} steps, ${rows} rows, ${input}`;
          expect(verifyPlan(expanded), what).toEqual([]);
          // Rows that nobody reads are not computed at all.
          expect(macs(expanded), what).toBeLessThanOrEqual(macs(plan));
          expect(loadReference(expanded).run(inputs), what).toEqual(whole);
          expect(loadWasm(expanded).run(inputs), what).toEqual(whole);
          verifyBoundPlan(bind(expanded, { core: 'm4', feature: 'dsp' }));
        }
        streamed++;
      }
    }
    expect(streamed).toBeGreaterThan(NETWORKS);
  });
});
