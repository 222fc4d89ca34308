/** Holds every tile of a patch stage's output against that tile of its class's own plan run whole. */
import { expect } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { inputSpec, storeReals } from '../../src/data/input-spec.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import { verifyPlan } from '../../src/invariants/plan.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../../src/ir/float-network.js';
import { unpackActivation } from '../../src/ops/plan-access.js';
import type { StageLayout } from '../../src/patch/layout.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';

const wasm = createWasmEngine();

/** Stored values of a tensor after a run in the reference, and the outputs. */
function runReference(plan: DeployPlan, input: Uint8Array, name: string) {
  const wanted = plan.tensors.find((tensor) => tensor.name === name)!;
  const values = new Int32Array(wanted.shape[0] * wanted.shape[1] * wanted.shape[2]);
  const channels = wanted.shape[2];
  const network = referenceEngine.load(plan) as LoadedNetwork;
  const outputs = network.run([input], (_step, id, bytes) => {
    const tensor = plan.tensors[id]!;
    if (id === wanted.id) values.set(unpackActivation(tensor, bytes));
    if (tensor.view?.of !== wanted.id) return;
    const [rows, columns] = tensor.shape;
    const own = unpackActivation(tensor, bytes);
    for (let y = 0; y < rows; y++)
      values.set(
        own.subarray(y * columns * channels, (y + 1) * columns * channels),
        ((y + tensor.view.y) * wanted.shape[1] + tensor.view.x) * channels,
      );
  });
  return { values, outputs };
}

export interface StagedPlans {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly layout: StageLayout;
  /** In patches. */
  readonly plan: DeployPlan;
  /** By class, whole. */
  readonly plans: readonly DeployPlan[];
}

/** `classOf` by branch: the class whose tile is expected. */
export function checkTiles(
  { network, samples, layout, plan, plans }: StagedPlans,
  classOf: readonly number[],
  what: string,
): void {
  expect(verifyPlan(plan), what).toEqual([]);
  verifyBoundPlan(bind(plan, { core: 'm4', feature: 'dsp' }));
  const output = network.tensors[layout.cut.output]!;
  const bytes = storeReals(samples[0]![0]!, inputSpec(plan));
  const mixed = runReference(plan, bytes, output.name);
  const whole = plans.map((own) => runReference(own, bytes, output.name).values);
  const [, width, channels] = output.shape;
  layout.branches.forEach(({ tile }, at) => {
    for (let y = tile.y0; y < tile.y1; y++) {
      const [from, to] = [tile.x0, tile.x1].map((x) => (y * width + x) * channels) as [number, number];
      expect(mixed.values.slice(from, to), what).toEqual(whole[classOf[at]!]!.slice(from, to));
    }
  });
  expect((wasm.load(plan) as LoadedNetwork).run([bytes]), what).toEqual(mixed.outputs);
}
