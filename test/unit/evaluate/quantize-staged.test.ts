/**
 * Branches of several classes: every tile of the stage's output equals that tile of its class's own plan run whole,
 * and weights stand once.
 *
 * QUANTMCU_STAGED_NETWORKS (default 24) widens the run.
 */
import { describe, expect, it } from 'vitest';
import { inputSpec, storeReals } from '../../../src/data/input-spec.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { decodePlan, encodePlan } from '../../../src/ir/plan-file.js';
import type { LoadedNetwork } from '../../../src/simulate/engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { choiceTrial, type StagedTrial, stagedTrial } from '../../support/random-staged.js';
import { checkTiles } from '../../support/staged-tiles.js';

const NETWORKS = Number(process.env.QUANTMCU_STAGED_NETWORKS ?? 24);
const wasm = createWasmEngine();

const check = (trial: StagedTrial, classOf: readonly number[], what: string): void =>
  checkTiles({ ...trial, ...trial.result }, classOf, what);

const encoded = (plan: DeployPlan): readonly [string, Uint8Array] => {
  const { json, weights } = encodePlan(plan);
  return [json, weights];
};

const weightBlobs = (plan: DeployPlan): Set<string> =>
  new Set(
    plan.steps.flatMap((step) =>
      'weights' in step ? [`${step.weights.offset}+${step.weights.length}`] : [],
    ),
  );

/** The widths inside the stage, class by class, as texts. */
const innerWidths = ({ result, layout }: StagedTrial): Set<string> =>
  new Set(
    result.plans.map((plan) =>
      plan.steps
        .slice(0, layout.cut.steps)
        .map((step) => plan.tensors[step.output]!.bits)
        .join(),
    ),
  );

/** 0 where the branch's patch of the stored input has more than τ of its values beyond z standard deviations. */
function expectedChoice(trial: NonNullable<Awaited<ReturnType<typeof choiceTrial>>>): number[] {
  const { result, layout, samples, ranges, outliers } = trial;
  const { plan } = result;
  const input = plan.tensors[plan.inputs[0]!.tensor]!;
  const [, width, channels] = input.shape;
  const { mean, standardDeviation } = ranges.tensors[layout.cut.input]!;
  const stored = new Int8Array(storeReals(samples[0]![0]!, inputSpec(plan)).buffer);
  return layout.branches.map(({ regions }) => {
    const { y0, y1, x0, x1 } = regions.get(layout.cut.input)!;
    let [beyond, all] = [0, 0];
    for (let y = y0; y < y1; y++)
      for (let i = x0 * channels; i < x1 * channels; i++) {
        const real = input.scale * (stored[y * width * channels + i]! - input.zeroPoint);
        if (Math.abs(real - mean) > outliers.z * standardDeviation) beyond++;
        all++;
      }
    return beyond > outliers.tau * all ? 0 : 1;
  });
}

describe(`${NETWORKS} random networks with random classes of branches`, () => {
  it('compute in every tile what the plan of its class computes there', async () => {
    let mixed = 0;
    for (let seed = 1, done = 0; done < NETWORKS; seed++) {
      const trial = await stagedTrial(seed);
      if (trial === undefined) continue;
      check(trial, trial.classOf, `seed ${seed}`);
      const weighted = trial.network.layers.filter((layer) => 'weights' in layer);
      expect(weightBlobs(trial.result.plan).size).toBe(weighted.length);
      if (innerWidths(trial).size > 1) mixed++;
      done++;
    }
    expect(mixed).toBeGreaterThan(NETWORKS / 3);
  });

  it('run in each branch the alternative that the input asks for, and no step of the other', async () => {
    const chosen = [0, 0];
    for (let seed = 1001, done = 0; done < NETWORKS / 2; seed++) {
      const trial = await choiceTrial(seed);
      if (trial === undefined) continue;
      const expected = expectedChoice(trial);
      check(trial, expected, `seed ${seed}`);
      const { plan } = trial.result;
      const ran: string[] = [];
      const bytes = storeReals(trial.samples[0]![0]!, inputSpec(plan));
      (wasm.load(plan) as LoadedNetwork).run([bytes], (step) => ran.push(plan.steps[step]!.name));
      const first = trial.network.layers[0]!.name;
      const names = trial.layout.branches.map(
        ({ row, column }, i) => `${first}${expected[i] === 1 ? '/plain' : ''}[${row},${column}]`,
      );
      expect(ran.filter((name) => name.startsWith(first))).toEqual(names);
      for (const index of expected) chosen[index]!++;
      expect(decodePlan(...encoded(plan), 'plan')).toEqual(plan);
      done++;
    }
    expect(Math.min(...chosen)).toBeGreaterThan(NETWORKS / 8);
  });
});
